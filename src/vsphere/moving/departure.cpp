// Machines that leave while they are off.
#include <map>

#include "moving/datastore.h"
#include "moving/transfers.h"
#include "properties.h"

namespace truce::vsphere {

using namespace platform;

namespace {

class FolderDeparture final : public Departure {
 public:
  FolderDeparture(Access access, std::map<std::string, DatastorePath> disks)
      : access_(std::move(access)), disks_(std::move(disks)) {}

  Result<OpenDisk> open(const std::string& disk, const std::atomic<bool>& cancelled) override {
    auto found = disks_.find(disk);
    if (found == disks_.end()) return fail(Code::not_found, "the machine has no disk {}", disk);
    return open_disk(access_, found->second, cancelled);
  }

 private:
  Access access_;
  std::map<std::string, DatastorePath> disks_;
};

}  // namespace

Async<Result<std::unique_ptr<Departure>>> Movers::depart(std::string machine) {
  CO_TRY(auto seen,
         co_await session_.read({"VirtualMachine", machine}, {"runtime", "config.hardware"}));
  auto there = machine_of(seen);
  if (there.state != model::Observed::off)
    co_return fail(Code::precondition, "{} is {}: it has to be off", machine,
                   model::to_string(there.state));
  std::map<std::string, DatastorePath> disks;
  for (const auto& disk : there.disks) {
    CO_TRY(auto path, read_datastore_path(disk.file));
    disks.emplace(disk.id, std::move(path));
  }
  CO_TRY(auto access, co_await access_of(session_, there.host));
  co_return std::make_unique<FolderDeparture>(std::move(access), std::move(disks));
}

}  // namespace truce::vsphere
