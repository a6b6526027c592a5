// What the extents of a disk are: each answers for a part of the guest's disk.
#pragma once

#include <functional>
#include <memory>

#include "image/image.h"
#include "image/repair.h"

namespace truce::image::vmdk {

/// What an extent has at a place; `file` and `offset` for State::stored.
struct Piece {
  enum class State {
    stored,
    compressed,
    zero,
    absent,  ///< the parent's bytes, zeros when there is none
  } state = State::absent;
  std::uint64_t length = 0;
  File* file = nullptr;
  std::uint64_t offset = 0;
};

/// Reads what the parent has at an offset of the extent; empty when there is no parent.
using Below = std::function<Result<void>(std::uint64_t offset, Span into)>;

/// Offsets are in the extent's own part of the disk; callers stay inside it. Reads may go on from
/// several threads while nobody writes.
class Store {
 public:
  virtual ~Store() = default;
  /// What is at `offset`, for at most `length` bytes, at least one.
  virtual Result<Piece> find(std::uint64_t offset, std::uint64_t length) = 0;
  /// Bytes of a piece that is compressed.
  virtual Result<void> decode(std::uint64_t offset, Span into);
  enum class Depth { tables, content };  ///< whether grains are decoded
  virtual Result<void> check(Depth depth, CheckReport& report);

  /// The file that is written; null when this extent cannot be.
  virtual File* writable() { return nullptr; }
  /// Before the first write: marks the extent as being written.
  virtual Result<void> begin() { return {}; }
  virtual Result<void> write(std::uint64_t offset, View from, const Below& below);
  virtual Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length, const Below& below);
  /// Lets the tables point to what was written; flushes the data before, not the tables after.
  virtual Result<void> commit() { return {}; }
  /// After the last flush: takes the mark away.
  virtual Result<void> end() { return {}; }
  /// After begin(), with nothing to commit: nothing is stored any more, the parent is seen.
  virtual Result<void> forget();

  /// The extent gets another size; when it ends well that is on the disk.
  virtual Result<void> resize(std::uint64_t size);

  /// Mends what can be without a loss.
  virtual Result<void> mend(Repaired&) { return {}; }
};

/// Bytes as they are, from `start` of a file.
class FlatStore final : public Store {
 public:
  FlatStore(std::shared_ptr<File> file, std::uint64_t start)
      : file_(std::move(file)), start_(start) {}
  Result<Piece> find(std::uint64_t offset, std::uint64_t length) override {
    return Piece{Piece::State::stored, length, file_.get(), start_ + offset};
  }
  File* writable() override { return file_.get(); }
  Result<void> write(std::uint64_t offset, View from, const Below&) override {
    return file_->write(start_ + offset, from);
  }
  Result<void> write_zeroes(std::uint64_t offset, std::uint64_t length, const Below&) override {
    return file_->write_zeroes(start_ + offset, length);
  }
  Result<void> resize(std::uint64_t size) override {
    TRY_VOID(file_->resize(start_ + size));
    return file_->flush();
  }

 private:
  std::shared_ptr<File> file_;
  std::uint64_t start_;
};

/// Zeros.
class ZeroStore final : public Store {
 public:
  Result<Piece> find(std::uint64_t, std::uint64_t length) override {
    return Piece{Piece::State::zero, length};
  }
};

}  // namespace truce::image::vmdk
