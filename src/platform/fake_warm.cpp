#include <algorithm>

#include "image/formats.h"
#include "platform/fake.h"

namespace truce::platform {

namespace {

constexpr std::uint64_t block = 1 << 16;
using File = std::shared_ptr<image::MemoryFile>;

Result<std::vector<std::byte>> bytes_of(const image::MemoryFile& file) {
  std::vector<std::byte> bytes(file.size());
  TRY_VOID(file.read(0, bytes));
  return bytes;
}

Result<File> copy_of(const image::MemoryFile& file) {
  auto copy = std::make_shared<image::MemoryFile>(file.name());
  TRY(auto bytes, bytes_of(file));
  TRY_VOID(copy->resize(file.size()));
  TRY_VOID(copy->write(0, bytes));
  return copy;
}

Result<std::vector<Range>> differing(const image::MemoryFile& before,
                                     const image::MemoryFile& after) {
  TRY(auto old, bytes_of(before));
  TRY(auto now, bytes_of(after));
  std::vector<Range> ranges;
  for (std::uint64_t at = 0; at < now.size(); at += block) {
    auto length = std::min<std::uint64_t>(block, now.size() - at);
    auto part = [&](const auto& bytes) { return std::span(bytes).subspan(at, length); };
    if (!std::ranges::equal(part(old), part(now))) ranges.push_back({at, length});
  }
  return ranges;
}

}  // namespace

/// Disks that are copied whole at each moment.
class FakeWarm final : public WarmDeparture {
 public:
  using Files = FakeEstate::Files;
  FakeWarm(std::shared_ptr<FakeEstate> estate, const Machine& machine)
      : estate_(std::move(estate)), machine_(machine), moments_(estate_->moments_[machine.id]) {
    for (const auto& disk : machine.disks) now_[disk.id] = estate_->content(machine.id, disk.id);
  }

  [[nodiscard]] bool once() const override { return estate_->once; }
  Async<Result<void>> hold(int moment) override {
    CO_TRY_VOID(estate_->take_failure("hold"));
    if (once() && moment > 1) co_return fail(Code::unsupported, "it is read once only");
    if (static_cast<std::size_t>(moment) <= moments_.size()) co_return Result<void>();
    if (machine_.state != model::Observed::running)
      co_return fail(Code::precondition, "{} does not run", machine_.name);
    Files files;
    for (const auto& [disk, file] : now_) {
      CO_TRY(files[disk], copy_of(*file));
    }
    moments_.push_back(std::move(files));
    estate_->moments_[machine_.id] = moments_;
    co_return Result<void>();
  }
  // On a thread: of the estate nothing is looked at.
  Result<OpenDisk> open(const std::string& disk, int since,
                        const std::atomic<bool>& cancelled) override {
    if (cancelled) return fail(Code::cancelled, "cancelled");
    auto before = static_cast<std::size_t>(since);
    bool as_it_is = moments_.size() == before;
    if (as_it_is && machine_.state != model::Observed::off)
      return fail(Code::unavailable, "{} is not off", machine_.name);
    auto file = as_it_is ? now_.at(disk) : moments_.at(before).at(disk);
    OpenDisk opened{.image = {}, .version = fmt::format("moment {}", before + 1), .changed = {}};
    if (since > 0) {
      TRY(opened.changed, differing(*moments_.at(before - 1).at(disk), *file));
    }
    TRY(opened.image, image::open(file, {}, "raw"));
    return opened;
  }
  Async<void> end_pass() override {
    ++estate_->passes_ended;
    co_return;
  }
  Async<Result<void>> let_go() override {
    CO_TRY_VOID(estate_->take_failure("let_go"));
    estate_->moments_.erase(machine_.id);
    co_return Result<void>();
  }

 private:
  std::shared_ptr<FakeEstate> estate_;
  Machine machine_;  ///< as it was when this was made
  Files now_;
  std::vector<Files> moments_;
};

std::size_t FakeEstate::moments(const std::string& machine) const {
  auto found = moments_.find(machine);
  return found == moments_.end() ? 0 : found->second.size();
}

Async<Result<std::unique_ptr<WarmDeparture>>> FakePlatform::depart_warm(std::string machine,
                                                                        std::string) {
  CO_TRY(auto there, co_await enter("depart_warm", machine));
  co_return std::make_unique<FakeWarm>(estate_, there);
}

}  // namespace truce::platform
