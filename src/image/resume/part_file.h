// The unfinished target as its builder sees it.
#pragma once

#include <algorithm>

#include "image/file.h"

namespace truce::image::resume {

/// Passes all on to the file, except while a builder is brought to where an earlier one was.
class PartFile final : public File {
 public:
  enum class Phase {
    live,
    trial,   ///< the builder writes nothing
    replay,  ///< the builder writes its tables, but does not make the file shorter
  };
  PartFile(std::shared_ptr<File> file, std::string name)
      : file_(std::move(file)), name_(std::move(name)) {}
  void replay(Phase phase) { phase_ = phase; }

  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return file_->size(); }
  Result<void> read(std::uint64_t offset, Span into) const override {
    return file_->read(offset, into);
  }
  Result<void> write(std::uint64_t offset, View from) override {
    return phase_ == Phase::trial ? Result<void>{} : file_->write(offset, from);
  }
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length) override {
    return phase_ == Phase::trial ? Result<void>{} : file_->write_zeroes(offset, length);
  }
  Result<void> resize(std::uint64_t size) override {
    if (phase_ == Phase::trial || (phase_ == Phase::replay && size <= file_->size())) return {};
    return file_->resize(size);
  }
  Result<void> flush() override { return file_->flush(); }
  [[nodiscard]] Result<Run> run(std::uint64_t offset, std::uint64_t length) const override {
    return file_->run(offset, length);
  }
  [[nodiscard]] int descriptor() const override { return file_->descriptor(); }

  // Whatever the phase:
  Result<void> clear(std::uint64_t offset, std::uint64_t length) {
    return file_->write_zeroes(offset, length);
  }
  Result<void> cut(std::uint64_t size) { return file_->resize(size); }

 private:
  std::shared_ptr<File> file_;
  std::string name_;
  Phase phase_ = Phase::live;
};

}  // namespace truce::image::resume
