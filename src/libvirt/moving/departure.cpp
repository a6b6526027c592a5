// Machines that leave: their disks are volumes, read as the files that they are.
#include "moving/chain.h"
#include "moving/transfers.h"
#include "volumes.h"

namespace truce::libvirt {

using namespace platform;

namespace {

class VolumeDeparture final : public Departure {
 public:
  VolumeDeparture(std::shared_ptr<Lines> lines, std::string machine, std::vector<Disk> disks)
      : lines_(std::move(lines)), machine_(std::move(machine)), disks_(std::move(disks)) {}

  Result<OpenDisk> open(const std::string& disk, const std::atomic<bool>& cancelled) override {
    auto found = std::ranges::find(disks_, disk, &Disk::id);
    if (found == disks_.end()) return fail(Code::not_found, "the machine has no disk {}", disk);
    auto lane = new_lane(lines_, &cancelled);
    // Versions tell what was written; of devices, only that it runs again.
    auto still_off = [machine = machine_](Connection& on,
                                          const std::atomic<bool>&) -> Result<void> {
      TRY(auto there, rest(on, machine));
      return {};
    };
    TRY_VOID(lane.ask<void>(still_off, longest_question));
    TRY(auto opened, open_image(lane, found->file, found->format));
    return OpenDisk{std::move(opened.image), std::move(opened.version), {}};
  }

 private:
  std::shared_ptr<Lines> lines_;
  std::string machine_;
  std::vector<Disk> disks_;
};

Result<std::unique_ptr<Departure>> leave(Connection& on, const std::string& machine,
                                         std::shared_ptr<Lines> lines) {
  TRY(auto there, rest(on, machine));
  auto& disks = there.document.machine.disks;
  for (const auto& disk : disks) {
    auto volume = volume_or_refresh(on, disk.file);
    if (!volume) return std::unexpected(std::move(volume).error().within("disk " + disk.id));
  }
  return std::make_unique<VolumeDeparture>(std::move(lines), machine, std::move(disks));
}

}  // namespace

Async<Result<std::unique_ptr<Departure>>> Movers::depart(std::string machine) {
  co_return co_await link_.call<std::unique_ptr<Departure>>(
      [machine, lines = link_.new_lines(most_ranges)](Connection& on) {
        return leave(on, machine, lines);
      },
      longest_question);
}

}  // namespace truce::libvirt
