#include "hypervisor/fake.h"

#include "base/file.h"

namespace truce::hypervisor {
namespace {

// PNG, 1 by 1 pixel, black (RFC 2083).
constexpr unsigned char black_pixel[] = {
    0x89, 'P',  'N',  'G',  0x0d, 0x0a, 0x1a, 0x0a, 0,    0,    0,    0x0d, 'I',  'H',
    'D',  'R',  0,    0,    0,    1,    0,    0,    0,    1,    8,    0,    0,    0,
    0,    0x3a, 0x7e, 0x9b, 0x55, 0,    0,    0,    0x0a, 'I',  'D',  'A',  'T',  0x78,
    0x9c, 0x63, 0x60, 0,    0,    0,    2,    0,    1,    0x48, 0xaf, 0xa4, 0x71, 0,
    0,    0,    0,    'I',  'E',  'N',  'D',  0xae, 0x42, 0x60, 0x82};

std::filesystem::path state_path(const Machine& machine) {
  return machine.folder.empty() ? machine.folder : machine.folder / suspend_file;
}

// Whose machine it is that goes to another host is not decided by verbs that know nothing of that.
Result<void> stays(const FakeWorld::Guest& guest) {
  if (guest.flying == FakeWorld::Guest::Flying::no) return {};
  return fail(Code::precondition, "{} is on its way from host to host", guest.machine.name);
}

}  // namespace

const FakeWorld::Guest* FakeWorld::find(const std::string& uuid) const {
  auto found = guests_.find(uuid);
  return found == guests_.end() ? nullptr : &found->second;
}

void FakeWorld::fail(const std::string& verb, Error error, int times) {
  failures_[verb] = {std::move(error), times};
}

void FakeWorld::set_addresses(const std::string& uuid, std::vector<std::string> addresses) {
  addresses_[uuid] = std::move(addresses);
}

void FakeWorld::end(const std::string& uuid, EndReason reason, std::string detail) {
  if (guests_.erase(uuid) == 0) return;
  tell({uuid, Notice::Kind::ended, reason, std::move(detail)});
}

void FakeWorld::reset(const std::string& uuid) {
  auto found = guests_.find(uuid);
  if (found == guests_.end()) return;
  ++found->second.resets;
  if (sink_) sink_({uuid, Notice::Kind::guest_reset, {}, "the guest reset itself"});
}

void FakeWorld::pause(const std::string& uuid) {
  stop(uuid, Cause::other, "QEMU stopped it");
}

void FakeWorld::fill(const std::string& uuid) {
  stop(uuid, Cause::no_space, "disk0: No space left on device");
}

void FakeWorld::stop(const std::string& uuid, Cause cause, std::string detail) {
  auto found = guests_.find(uuid);
  if (found == guests_.end() || found->second.state == model::Observed::paused) return;
  found->second.state = model::Observed::paused;
  found->second.panicked = cause == Cause::panic;
  Notice notice{uuid, Notice::Kind::paused, {}, std::move(detail)};
  notice.cause = cause;
  if (sink_) sink_(std::move(notice));
}

void FakeWorld::hang(const std::string& uuid) {
  auto found = guests_.find(uuid);
  if (found != guests_.end()) found->second.hung = std::chrono::steady_clock::now();
}

Result<void> FakeWorld::take_failure(const std::string& verb) {
  auto found = failures_.find(verb);
  if (found == failures_.end()) return {};
  auto error = found->second.first;
  if (--found->second.second <= 0) failures_.erase(found);
  return std::unexpected(std::move(error));
}

void FakeWorld::tell(Notice notice) {
  if (sink_) {
    sink_(std::move(notice));
  } else {
    missed_.push_back(std::move(notice));
  }
}

FakeHypervisor::FakeHypervisor(std::shared_ptr<FakeWorld> world) : world_(std::move(world)) {
  capabilities_.name = "fake";
  capabilities_.version = TRUCE_VERSION;
  capabilities_.accelerator = "fake";
  capabilities_.machine_types = {"q35", "microvm", "legacy"};
}

FakeHypervisor::~FakeHypervisor() {
  detach();
}

void FakeHypervisor::detach() {
  if (world_->listener_ != this) return;
  world_->listener_ = nullptr;
  world_->sink_ = nullptr;
}

void FakeHypervisor::on_notice(std::function<void(Notice)> sink) {
  world_->sink_ = std::move(sink);
  world_->listener_ = this;
}

Async<void> FakeHypervisor::close() {
  detach();
  co_return;
}

Result<FakeWorld::Guest*> FakeHypervisor::enter(const std::string& verb, const std::string& uuid) {
  TRY_VOID(world_->take_failure(verb));
  auto found = world_->guests_.find(uuid);
  if (found == world_->guests_.end()) {
    return fail(Code::precondition, "the machine {} is not running", uuid);
  }
  return &found->second;
}

Async<Result<std::vector<std::pair<std::string, model::Observed>>>> FakeHypervisor::adopt() {
  CO_TRY_VOID(world_->take_failure("adopt"));
  std::vector<std::pair<std::string, model::Observed>> found;
  for (const auto& [uuid, guest] : world_->guests_) found.emplace_back(uuid, guest.state);
  for (auto& notice : std::exchange(world_->missed_, {})) world_->tell(std::move(notice));
  co_return found;
}

Async<Result<void>> FakeHypervisor::start(Machine machine) {
  CO_TRY_VOID(world_->take_failure("start"));
  if (machine.gate && !machine.gate->open())
    co_return fail(Code::precondition, "start {}: the gate is shut: this host must not run it now",
                   machine.name);
  if (auto running = world_->guests_.find(machine.uuid); running != world_->guests_.end()) {
    CO_TRY_VOID(stays(running->second));
    running->second.state = model::Observed::running;
    co_return Result<void>{};
  }
  FakeWorld::Guest guest;
  std::error_code none;
  guest.continued = world_->suspended_.erase(machine.uuid) > 0 ||
                    std::filesystem::remove(state_path(machine), none);
  for (auto& port : machine.ports) port.tap = -1;  // the caller closes it after this call
  guest.machine = std::move(machine);
  if (guest.machine.first_memory.count == 0) guest.machine.first_memory = guest.machine.memory;
  auto uuid = guest.machine.uuid;
  world_->guests_.insert_or_assign(uuid, std::move(guest));
  ++world_->starts_;
  co_return Result<void>{};
}

Async<Result<void>> FakeHypervisor::request_stop(std::string uuid) {
  CO_TRY(auto* guest, enter("request_stop", uuid));
  guest->stop_asked = true;
  bool obeys = !world_->stubborn_.contains(uuid) && guest->state == model::Observed::running;
  if (obeys) world_->end(uuid, EndReason::requested, "the guest powered off as it was asked to");
  co_return Result<void>{};
}

Async<Result<void>> FakeHypervisor::kill(std::string uuid) {
  CO_TRY_VOID(world_->take_failure("kill"));
  const auto* guest = world_->find(uuid);
  if (guest != nullptr && guest->panicked) {
    world_->end(uuid, EndReason::guest_panic, "the guest's kernel panicked");
  } else {
    world_->end(uuid, EndReason::requested, "killed");
  }
  co_return Result<void>{};
}

Async<Result<void>> FakeHypervisor::pause(std::string uuid) {
  CO_TRY(auto* guest, enter("pause", uuid));
  guest->state = model::Observed::paused;
  co_return Result<void>{};
}

Async<Result<void>> FakeHypervisor::resume(std::string uuid) {
  CO_TRY(auto* guest, enter("resume", uuid));
  CO_TRY_VOID(stays(*guest));
  guest->state = model::Observed::running;
  co_return Result<void>{};
}

Async<Result<void>> FakeHypervisor::reset(std::string uuid) {
  CO_TRY(auto* guest, enter("reset", uuid));
  CO_TRY_VOID(stays(*guest));
  ++guest->resets;
  guest->panicked = false;
  guest->hung.reset();
  co_return Result<void>{};
}

Async<Result<void>> FakeHypervisor::suspend(std::string uuid) {
  CO_TRY(auto* guest, enter("suspend", uuid));
  CO_TRY_VOID(stays(*guest));
  if (auto path = state_path(guest->machine); path.empty()) {
    world_->suspended_.insert(uuid);
  } else {
    CO_TRY_VOID(write_file_durably(path, "the memory of a fake machine\n"));
  }
  world_->end(uuid, EndReason::requested, "suspended");
  co_return Result<void>{};
}

Async<Result<void>> FakeHypervisor::set_limits(std::string uuid, Limits limits) {
  CO_TRY(auto* guest, enter("set_limits", uuid));
  guest->machine.limits = std::move(limits);
  co_return Result<void>{};
}

Async<Result<std::string>> FakeHypervisor::screenshot(std::string uuid) {
  CO_TRY_VOID(enter("screenshot", uuid));
  co_return std::string(std::begin(black_pixel), std::end(black_pixel));
}

Async<Result<std::string>> FakeHypervisor::screen_text(std::string uuid) {
  CO_TRY_VOID(enter("screen_text", uuid));
  auto shown = world_->screens_.find(uuid);
  co_return shown == world_->screens_.end() ? std::string() : shown->second;
}

std::filesystem::path FakeHypervisor::socket(const std::string& /*uuid*/,
                                             const std::string& /*which*/) const {
  return {};
}

Async<Result<void>> FakeHypervisor::ping(std::string uuid) {
  CO_TRY(auto* guest, enter("ping", uuid));
  if (guest->hung || world_->silent_.contains(uuid))
    co_return fail(Code::unavailable, "no guest agent answers");
  ++guest->pings;
  co_return Result<void>{};
}

Async<Result<std::vector<std::string>>> FakeHypervisor::addresses(std::string uuid) {
  CO_TRY_VOID(enter("addresses", uuid));
  auto known = world_->addresses_.find(uuid);
  if (known != world_->addresses_.end()) co_return known->second;
  co_return std::vector<std::string>{};
}

Async<Result<GuestIdentity>> FakeHypervisor::identity(std::string uuid) {
  CO_TRY_VOID(co_await ping(uuid));
  co_return GuestIdentity{world_->find(uuid)->machine.name, "Fake OS 1"};
}

// Plays `echo`: enough to see that words and outputs arrive.
Async<Result<ExecResult>> FakeHypervisor::exec(std::string uuid, std::vector<std::string> argv,
                                               Duration /*limit*/) {
  CO_TRY_VOID(enter("exec", uuid));
  ExecResult result;
  for (const auto& word : argv) result.out += (result.out.empty() ? "" : " ") + word;
  co_return result;
}

Async<Result<int>> FakeHypervisor::freeze(std::string uuid) {
  CO_TRY(auto* guest, enter("freeze", uuid));
  ++guest->freezes;
  co_return guest->frozen = 2;
}

Async<Result<void>> FakeHypervisor::thaw(std::string uuid) {
  CO_TRY(auto* guest, enter("thaw", uuid));
  guest->frozen = 0;
  co_return Result<void>{};
}

Async<Result<void>> FakeHypervisor::take(std::string uuid, Moment moment) {
  CO_TRY(auto* guest, enter("take", uuid));
  if (moment.quiesce) ++guest->freezes;
  if (!moment.memory.empty())
    CO_TRY_VOID(write_file_durably(moment.memory, "the memory of a fake machine\n"));
  for (const auto& overlay : moment.overlays) {
    for (auto& disk : guest->machine.disks) {
      if (disk.id != overlay.disk) continue;
      disk.backing.insert(disk.backing.begin(), disk.path);
      disk.path = overlay.path;
    }
  }
  co_return Result<void>{};
}

Async<Result<std::map<std::string, std::filesystem::path>>> FakeHypervisor::written(
    std::string uuid) {
  CO_TRY(auto* guest, enter("written", uuid));
  std::map<std::string, std::filesystem::path> files;
  for (const auto& disk : guest->machine.disks) {
    if (!disk.read_only && !disk.cdrom) files[disk.id] = disk.path;
  }
  co_return files;
}

// A fake machine writes nothing, so there is nothing to merge but names.
Async<Result<void>> FakeHypervisor::merge(std::string uuid, Merge merge,
                                          std::function<Async<Result<void>>()> settled,
                                          std::function<void(double)> progress) {
  CO_TRY(auto* guest, enter("merge", uuid));
  for (auto& disk : guest->machine.disks) {
    if (disk.id == merge.disk && disk.path == merge.upper) disk.path = merge.lower;
  }
  if (progress) progress(1);
  co_return co_await settled();
}

void FakeHypervisor::stop_merge(const std::string& /*uuid*/) {}

}  // namespace truce::hypervisor
