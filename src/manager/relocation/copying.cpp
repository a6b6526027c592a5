#include "relocation/copying.h"

#include <algorithm>

#include "image/formats.h"

namespace truce::manager {
namespace {

constexpr unsigned threads = 8;  // most wait for a server
constexpr std::uint64_t largest_change = std::uint64_t{4} << 20;
constexpr auto flush_again = std::chrono::seconds(5);

Result<void> check_size(std::uint64_t now, std::uint64_t before) {
  if (now == before) return {};
  return fail(Code::conflict, "the disk has {} bytes now, and had {} when the move began", now,
              before);
}

Result<std::shared_ptr<image::NbdFile>> open_ours(Fd ours) {
  return image::NbdFile::adopt(std::move(ours), "",
                               {.access = image::NbdFileOptions::Access::read_write});
}

}  // namespace

DiskCopy::Safe DiskCopy::safe() const {
  std::lock_guard lock(mutex_);
  return safe_;
}

image::Checkpoints::Start DiskCopy::start() const {
  return {.at = safe_.end, .done = 0};
}

void DiskCopy::reached(const Reached& reached) {
  std::lock_guard lock(mutex_);
  reached_ = {.at = reached.end, .done = reached.stored};
}

// What was reached before the flush is on the disk after it.
Result<void> DiskCopy::settle() {
  auto now = std::chrono::steady_clock::now();
  std::uint64_t end = 0;
  {
    std::lock_guard lock(mutex_);
    if (now - flushed_ < flush_again) return {};
    flushed_ = now;
    end = reached_.at;
  }
  TRY_VOID(target_->flush());
  std::lock_guard lock(mutex_);
  safe_.end = end;
  return {};
}

image::ConvertOptions DiskCopy::options() {
  image::ConvertOptions how;
  how.threads = threads;
  how.cancelled = &cancelled;
  how.progress = [this](const image::Progress& progress) {
    auto total = static_cast<double>(progress.total);
    fraction_ = total > 0 ? static_cast<double>(progress.done) / total : 1;
  };
  return how;
}

Result<void> DiskCopy::bring(platform::Departure& from, const std::string& theirs, Fd ours) {
  TRY(auto file, open_ours(std::move(ours)));
  TRY(auto source, from.open(theirs, cancelled));
  TRY_VOID(take_all(source, file));
  TRY_VOID(check_unwritten(from, theirs, source.version));
  std::lock_guard lock(mutex_);
  safe_.end = file->size();
  return {};
}

Result<void> DiskCopy::follow(platform::WarmDeparture& from, const std::string& theirs, int since,
                              Fd ours) {
  TRY(auto file, open_ours(std::move(ours)));
  TRY(auto source, from.open(theirs, since, cancelled));
  return source.changed ? take_changes(source, *file) : take_all(source, file);
}

Result<void> DiskCopy::take_all(platform::OpenDisk& source, const Ours& ours) {
  auto size = source.image->size();
  TRY_VOID(check_size(size, ours->size()));
  if (source.version != safe_.version) {
    // What was copied of another version is no good, and what was not is zero.
    TRY_VOID(ours->write_zeroes(0, size));
    std::lock_guard lock(mutex_);
    safe_ = {source.version, 0};
  }
  target_ = ours.get();
  TRY(auto builder, image::build(*image::find_format("raw"), ours, {.size = size}));
  auto how = options();
  how.checkpoints = this;
  TRY_VOID(image::convert(*source.image, *builder, how));
  return ours->flush();
}

Result<void> DiskCopy::take_changes(platform::OpenDisk& source, image::NbdFile& ours) {
  TRY_VOID(check_size(source.image->size(), ours.size()));
  std::uint64_t all = 0, done = 0;
  for (const auto& range : *source.changed) all += range.length;
  std::vector<std::byte> bytes;
  for (const auto& range : *source.changed) {
    for (std::uint64_t at = 0; at < range.length; at += bytes.size()) {
      if (cancelled) return fail(Code::cancelled, "cancelled");
      bytes.resize(std::min(range.length - at, largest_change));
      TRY_VOID(source.image->read(range.start + at, bytes));
      bool zero = std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{}; });
      TRY_VOID(zero ? ours.write_zeroes(range.start + at, bytes.size())
                    : ours.write(range.start + at, bytes));
      done += bytes.size();
      fraction_ = static_cast<double>(done) / static_cast<double>(all);
    }
  }
  return ours.flush();
}

// Somebody may have started the machine meanwhile: then the next try begins anew, or is refused.
Result<void> DiskCopy::check_unwritten(platform::Departure& from, const std::string& theirs,
                                       const std::string& version) {
  TRY(auto now, from.open(theirs, cancelled));
  if (now.version == version) return {};
  return fail(Code::unavailable, "the disk was written while it was copied");
}

Result<void> DiskCopy::pass(platform::Departure& from, const std::string& theirs, Bytes size,
                            platform::Arrival& to, std::size_t number) {
  TRY(auto source, from.open(theirs, cancelled));
  TRY_VOID(check_size(source.image->size(), size.count));
  TRY_VOID(to.fill(number, *source.image, options()));
  return check_unwritten(from, theirs, source.version);
}

Result<void> DiskCopy::send(Fd ours, platform::Arrival& to, std::size_t number) {
  TRY(auto file, image::NbdFile::adopt(std::move(ours), ""));
  TRY(auto disk, image::open(file, {}, "raw"));
  return to.fill(number, *disk, options());
}

}  // namespace truce::manager
