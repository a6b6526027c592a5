#include "movers.h"

#include <algorithm>

#include "base/random.h"
#include "image/formats.h"
#include "scripts.h"

namespace truce::server {

using namespace platform;

namespace {

constexpr auto let_go_limit = 2min;

Result<Block> block_named(const std::vector<Block>& blocks, const std::string& name) {
  auto found = std::ranges::find(blocks, name, &Block::name);
  if (found == blocks.end()) return fail(Code::not_found, "the server has no disk {}", name);
  return *found;
}

Result<OpenDisk> opened(std::shared_ptr<ServerDisk> file, std::string version) {
  TRY(auto image, image::open(std::move(file), {}, "raw"));
  return OpenDisk{std::move(image), std::move(version), {}};
}

std::string version_of(const Report& report, const Block& block) {
  return fmt::format("{} {}", report.boot, block.written);
}

/// A report that a thread asks for.
Result<Report> look_blocking(const Way& way, const std::atomic<bool>& cancelled) {
  TRY(auto channel, Channel::open(way, std::string(look_script), cancelled));
  std::string text;
  constexpr std::size_t most_lines = 10'000;
  for (std::size_t count = 0; count < most_lines && !text.ends_with("\nend\n"); ++count) {
    TRY(auto line, channel->read_line());
    text += line + "\n";
  }
  return read_report(text);
}

}  // namespace

class Movers::Leaving final : public Departure {
 public:
  explicit Leaving(Way way) : way_(std::move(way)) {}
  Result<OpenDisk> open(const std::string& disk, const std::atomic<bool>& cancelled) override {
    TRY(auto report, look_blocking(way_, cancelled));
    if (report.machine.state != model::Observed::off)
      return fail(Code::precondition, "a file system of its disks is mounted for writing");
    TRY(auto block, block_named(report.blocks, disk));
    TRY(auto file, ServerDisk::open(way_, block, nullptr, cancelled));
    return opened(std::move(file), version_of(report, block));
  }

 private:
  Way way_;
};

// There are no moments there: a pass brings what each block is when it is read, and the last one
// what is another than that.
class Movers::LeavingWarm final : public WarmDeparture {
 public:
  LeavingWarm(Way way, std::vector<Block> blocks, bool running, std::shared_ptr<Trails> trails)
      : way_(std::move(way)),
        blocks_(std::move(blocks)),
        running_(running),
        kept_(std::move(trails)),
        trails_(kept_->disks) {}

  Async<Result<void>> hold(int) override {
    if (!running_)
      co_return fail(Code::precondition, "no file system of its disks is mounted for writing");
    held_ = true;
    co_return Result<void>();
  }

  Result<OpenDisk> open(const std::string& disk, int since,
                        const std::atomic<bool>& cancelled) override {
    TRY(auto block, block_named(blocks_, disk));
    if (!held_ && running_)
      return fail(Code::unavailable, "a file system of its disks is mounted for writing again");
    if (!held_) {
      TRY(auto channel, Channel::open(way_, std::string(leave_script), cancelled));
      TRY_VOID(channel->read_line());
    }
    auto trail = trails_.at(disk);
    std::optional<std::vector<Range>> changed;
    if (trail->begin(since)) {
      TRY(changed, changes_of(way_, block, *trail, cancelled));
    }
    TRY(auto file, ServerDisk::open(way_, block, trail, cancelled));
    // Of a disk that is written meanwhile no part counts as brought until all of it was.
    TRY(auto opened_disk, opened(std::move(file), random_hex(16)));
    opened_disk.changed = std::move(changed);
    return opened_disk;
  }

  Async<Result<void>> let_go() override {
    kept_->disks.clear();
    CO_TRY_VOID(co_await way_.run(std::string(let_go_script), let_go_limit));
    co_return Result<void>();
  }

 private:
  Way way_;
  std::vector<Block> blocks_;
  bool running_, held_ = false;
  std::shared_ptr<Trails> kept_;
  std::map<std::string, std::shared_ptr<Trail>> trails_;  ///< for threads
};

Async<Result<Report>> Movers::look_at(std::string machine) const {
  CO_TRY(auto report, co_await look_());
  if (report.machine.id != machine) co_return fail(Code::not_found, "it is another server now");
  co_return report;
}

Async<Result<std::unique_ptr<Departure>>> Movers::depart(std::string machine) {
  CO_TRY(auto report, co_await look_at(std::move(machine)));
  if (report.machine.state != model::Observed::off)
    co_return fail(Code::precondition,
                   "a file system of its disks is mounted for writing: move it with --warm, or "
                   "start the server from a rescue system");
  co_return std::make_unique<Leaving>(way_);
}

Async<Result<std::unique_ptr<WarmDeparture>>> Movers::depart_warm(std::string machine,
                                                                  std::string move) {
  CO_TRY(auto report, co_await look_at(std::move(machine)));
  if (trails_->move != move) trails_ = std::make_shared<Trails>(Trails{std::move(move), {}});
  for (const auto& block : report.blocks) {
    auto& trail = trails_->disks[block.name];
    constexpr std::uint64_t sectors_each = block_size / 512;
    if (!trail) trail = std::make_shared<Trail>((block.sectors + sectors_each - 1) / sectors_each);
  }
  bool running = report.machine.state == model::Observed::running;
  co_return std::make_unique<LeavingWarm>(way_, std::move(report.blocks), running, trails_);
}

Async<Result<std::unique_ptr<Arrival>>> Movers::arrive(NewMachine) {
  co_return fail(Code::unsupported, "a server without a hypervisor takes no machines");
}

}  // namespace truce::server
