#include "image/measure.h"

#include <algorithm>
#include <map>
#include <random>

#include "byte_order.h"

namespace truce::image {
namespace {

constexpr std::uint64_t unit = 4096, piece = std::uint64_t{1} << 20;

/// Remembers which blocks of it were written to, and nothing else.
class CountingFile final : public File {
 public:
  explicit CountingFile(std::string name) : name_(std::move(name)) {}
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  Result<void> read(std::uint64_t, Span into) const override {
    std::ranges::fill(into, std::byte{});
    return {};
  }
  Result<void> write(std::uint64_t offset, View from) override {
    note(offset, from.size());
    return {};
  }
  Result<void> write_zeroes(std::uint64_t, std::uint64_t) override { return {}; }
  Result<void> resize(std::uint64_t size) override {
    size_ = size;
    return {};
  }
  Result<void> flush() override { return {}; }
  [[nodiscard]] Result<Run> run(std::uint64_t, std::uint64_t length) const override {
    return Run{length, true};
  }

  void note(std::uint64_t offset, std::uint64_t length) {
    if (length == 0) return;
    size_ = std::max(size_, offset + length);
    auto start = offset / unit * unit, end = round_up(offset + length, unit);
    auto next = runs_.upper_bound(start);
    if (next != runs_.begin() && std::prev(next)->second >= start) {
      --next;
      if (next->second >= end) return;
      start = next->first;
    }
    while (next != runs_.end() && next->first <= end) {
      end = std::max(end, next->second);
      next = runs_.erase(next);
    }
    runs_[start] = end;
  }
  [[nodiscard]] std::uint64_t allocated() const {
    std::uint64_t sum = 0;
    for (const auto& [start, end] : runs_) sum += end - start;
    return sum;
  }

 private:
  std::string name_;
  std::uint64_t size_ = 0;
  std::map<std::uint64_t, std::uint64_t> runs_;  // end, by start; apart
};

/// All files of one image.
class CountingFiles final : public Neighbours {
 public:
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    return fail(Code::forbidden, "{}: a new image reads no other file", name);
  }
  Result<std::shared_ptr<File>> create(const std::string& name) override { return add(name); }
  std::shared_ptr<CountingFile> add(const std::string& name) {
    files_.push_back(std::make_shared<CountingFile>(name));
    return files_.back();
  }
  [[nodiscard]] std::uint64_t allocated() const {
    std::uint64_t sum = 0;
    for (const auto& file : files_) sum += file->allocated();
    return sum;
  }
  [[nodiscard]] std::uint64_t length() const {
    std::uint64_t sum = 0;
    for (const auto& file : files_) sum += file->size();
    return sum;
  }

 private:
  std::vector<std::shared_ptr<CountingFile>> files_;
};

/// A builder, and what convert() would have it do.
class Rehearsal {
 public:
  Rehearsal(Builder& builder, std::uint64_t size)
      : builder_(builder), block_size_(builder.block_size()), size_(size) {
    if (builder.packing() == nullptr) return;
    // What cannot get smaller is the worst that can come.
    noise_.resize(block_size_);
    std::mt19937_64 random(1);
    for (std::size_t at = 0; at + 8 <= noise_.size(); at += 8)
      put_le<std::uint64_t>(noise_, at, random());
  }

  /// A range of the disk that will be stored, in ascending order.
  Result<void> store(std::uint64_t start, std::uint64_t length) {
    while (length != 0) {
      auto block = start / block_size_, within = start % block_size_;
      auto part = std::min(length, block_size_ - within);
      TRY_VOID(builder_.packing() != nullptr ? pack(block) : place(block, within, part));
      start += part;
      length -= part;
    }
    return {};
  }

  /// What convert() would find in the image.
  Result<void> store(Image& image) {
    for (std::uint64_t at = 0; at < size_;) {
      TRY(auto extent, image.extent(at, size_ - at));
      at += extent.length;
      bool known =
          extent.kind == Kind::data && (builder_.packing() != nullptr ||
                                        (extent.file != nullptr && extent.file->descriptor() >= 0));
      if (known) {
        TRY_VOID(store(extent.start, extent.length));
      } else if (extent.kind == Kind::data || extent.kind == Kind::compressed) {
        TRY_VOID(look(image, extent.start, extent.length));
      }
    }
    return {};
  }

 private:
  Result<void> place(std::uint64_t block, std::uint64_t within, std::uint64_t length) {
    if (block != last_) {
      TRY(place_, builder_.placing()->place(block));
      last_ = block;
    }
    // Every file of the image is one that counts.
    static_cast<CountingFile*>(place_.file)->note(place_.offset + within, length);
    return {};
  }
  Result<void> pack(std::uint64_t block) {
    if (block == last_) return {};
    last_ = block;
    if (encoded_.empty()) {
      TRY(encoded_, builder_.packing()->encode(block, noise_));
    }
    return builder_.packing()->append(block, encoded_);
  }
  /// Reads, and leaves out zeros as convert() does.
  Result<void> look(Image& image, std::uint64_t start, std::uint64_t length) {
    while (length != 0) {
      auto part = std::min(length, piece - start % piece);
      bytes_.resize(part);
      TRY_VOID(image.read(start, bytes_));
      for (std::uint64_t at = 0; at < part; at += unit) {
        auto bytes = View(bytes_).subspan(at, std::min(unit, part - at));
        if (!all_zero(bytes)) TRY_VOID(store(start + at, bytes.size()));
      }
      start += part;
      length -= part;
    }
    return {};
  }

  Builder& builder_;
  std::uint64_t block_size_, size_, last_ = ~std::uint64_t{0};
  Place place_;
  std::vector<std::byte> noise_, encoded_, bytes_;
};

}  // namespace

Result<Needed> measure(const Format& format, BuildOptions options, Image* source) {
  Needed needed;
  for (bool full : {false, true}) {
    CountingFiles files;
    options.neighbours = &files;
    TRY(auto builder, build(format, files.add("disk." + std::string(format.name)), options));
    needed.at_most = builder->packing() != nullptr;
    Rehearsal rehearsal(*builder, options.size);
    if (full) {
      TRY_VOID(rehearsal.store(0, options.size));
    } else if (source != nullptr) {
      TRY_VOID(rehearsal.store(*source));
    }
    TRY_VOID(builder->finish(Builder::Durability::none));
    (full ? needed.fully_allocated : needed.required) = files.allocated();
    if (!full) needed.length = files.length();
  }
  return needed;
}

}  // namespace truce::image
