// Fake machines that go to another FakeWorld, through real sockets.
#include <boost/json.hpp>

#include "base/file.h"
#include "base/frames.h"
#include "base/revert.h"
#include "fake_landing.h"
#include "hypervisor/fake.h"

namespace truce::hypervisor {

using Guest = FakeWorld::Guest;
using Flying = FakeWorld::Guest::Flying;

namespace {

constexpr std::string_view words = "fake 1";  // what outline() says
constexpr int blocks = 16;
constexpr std::size_t block_size = 16 << 10;

// Waits for the other side to have kept what it was sent.
Async<Result<void>> finish(UnixSocket& stream, std::string what) {
  CO_TRY_VOID(co_await write_frame(stream, {}));
  auto answer = co_await read_frame(stream, kib(1));
  if (!answer) co_return std::unexpected(answer.error().within(what));
  co_return Result<void>{};
}

Async<Result<Bytes>> send_disks(std::string path, std::vector<CopiedDisk> copied,
                                std::vector<DiskFile> disks) {
  CO_TRY(auto stream, co_await connect_unix(path));
  Bytes sent;
  for (const auto& copy : copied) {
    auto disk = std::ranges::find(disks, copy.id, &DiskFile::id);
    if (disk == disks.end()) co_return fail(Code::not_found, "there is no disk {}", copy.id);
    auto content = read_file(disk->path, mib(1));  // a fake machine may have disks without files
    auto bytes = content ? *std::move(content) : std::string();
    sent = sent + Bytes{bytes.size()};
    CO_TRY_VOID(co_await write_frame(stream, copy.id));
    CO_TRY_VOID(co_await write_frame(stream, std::move(bytes)));
  }
  CO_TRY_VOID(co_await finish(stream, "its disks"));
  co_return sent;
}

}  // namespace

Async<Result<std::string>> FakeHypervisor::outline(std::string uuid) {
  CO_TRY_VOID(enter("outline", uuid));
  co_return std::string(words);
}

Async<Result<Landing>> FakeHypervisor::receive(Machine machine, std::string outline,
                                               Departure departure) {
  CO_TRY_VOID(world_->take_failure("receive"));
  auto present = world_->guests_.find(machine.uuid);
  if (present != world_->guests_.end()) {
    if (present->second.flying == Flying::arriving) co_return present->second.landing->sockets();
    co_return fail(Code::precondition, "{} runs here already", machine.name);
  }
  if (outline != words)
    co_return fail(Code::unsupported, "{}: what comes is not of a fake host", machine.name);
  std::map<std::string, std::filesystem::path> files;
  for (const auto& copy : departure.copied) {
    auto disk = std::ranges::find(machine.disks, copy.id, &DiskFile::id);
    if (disk == machine.disks.end())
      co_return fail(Code::invalid, "{} has no disk {}", machine.name, copy.id);
    files[copy.id] = disk->path;
  }
  const auto& folder = machine.runtime.empty() ? machine.folder : machine.runtime;
  if (folder.empty()) co_return fail(Code::invalid, "{} has no folder", machine.name);
  Guest guest;
  bool breaks = !world_->take_failure("landing");
  CO_TRY(guest.landing, FakeLanding::make(folder, std::move(files), breaks));
  auto sockets = guest.landing->sockets();
  guest.flying = Flying::arriving;
  guest.state = model::Observed::paused;
  for (auto& port : machine.ports) port.tap = -1;  // the caller closes it after this call
  guest.machine = std::move(machine);
  if (guest.machine.first_memory.count == 0) guest.machine.first_memory = guest.machine.memory;
  auto uuid = guest.machine.uuid;
  world_->guests_.insert_or_assign(uuid, std::move(guest));
  co_return sockets;
}

Result<Guest*> FakeHypervisor::enter_arriving(const std::string& verb, const std::string& uuid) {
  TRY(auto* guest, enter(verb, uuid));
  if (guest->flying == Flying::arriving && guest->landing->state() == FakeLanding::State::broken) {
    world_->end(uuid, EndReason::crashed, "what came to it broke off");
    return fail(Code::precondition, "the machine {} is not running", uuid);
  }
  return guest;
}

Async<Result<bool>> FakeHypervisor::has_landed(std::string uuid) {
  CO_TRY(auto* guest, enter_arriving("has_landed", uuid));
  if (guest->flying == Flying::arriving)
    co_return guest->landing->state() != FakeLanding::State::waiting;
  if (guest->landing != nullptr) co_return true;
  co_return fail(Code::precondition, "{} has not come from elsewhere", uuid);
}

Async<Result<void>> FakeHypervisor::land(std::string uuid) {
  CO_TRY(auto* guest, enter_arriving("land", uuid));
  if (guest->flying != Flying::arriving) {
    if (guest->landing != nullptr) co_return Result<void>{};
    co_return fail(Code::precondition, "{} has not come from elsewhere", uuid);
  }
  if (guest->landing->state() == FakeLanding::State::waiting)
    co_return fail(Code::precondition, "{} has not come whole yet", guest->machine.name);
  guest->resets = guest->landing->resets();
  guest->flying = Flying::no;
  guest->state = model::Observed::running;
  co_return Result<void>{};
}

Async<Result<void>> FakeHypervisor::discard(std::string uuid) {
  CO_TRY_VOID(world_->take_failure("discard"));
  const auto* guest = world_->find(uuid);
  if (guest == nullptr) co_return Result<void>{};
  if (guest->flying != Flying::arriving)
    co_return fail(Code::precondition, "{} runs here", guest->machine.name);
  world_->end(uuid, EndReason::requested, "discarded");
  co_return Result<void>{};
}

Result<Guest*> FakeHypervisor::enter_flight(const std::string& uuid) {
  TRY(auto* guest, enter("sending", uuid));
  if (guest->flight_stopped && guest->flying != Flying::away)
    return fail(Code::cancelled, "the migration was called off");
  return guest;
}

// Sends its state, half of its memory, and then the other half.
Async<Result<Flight>> FakeHypervisor::fly(std::string uuid, Departure departure,
                                          std::function<Async<Result<void>>()> moment,
                                          std::function<void(const Flight&)> progress) {
  CO_TRY(auto* guest, enter("flight", uuid));
  Flight flight;
  flight.rounds = 1;
  if (!departure.copied.empty()) {
    flight.step = "copying disks";
    auto disks = guest->machine.disks;
    CO_TRY(flight.disks_sent,
           co_await send_disks(departure.disks, departure.copied, std::move(disks)));
    if (progress) progress(flight);
  }
  CO_TRY(auto stream, co_await connect_unix(departure.memory));
  CO_TRY(guest, enter("flight", uuid));
  CO_TRY_VOID(co_await write_frame(
      stream, boost::json::serialize(boost::json::object{{"resets", guest->resets}})));
  flight.step = "copying memory";
  for (int block = 0; block < blocks; ++block) {
    if (block == blocks / 2) {
      do {
        CO_TRY(guest, enter_flight(uuid));
        if (world_->flights_held_) co_await sleep_for(5ms);
      } while (world_->flights_held_);
      guest->state = model::Observed::paused;
      if (departure.post_copy) {
        if (moment) CO_TRY_VOID(co_await moment());
        CO_TRY(guest, enter("flight", uuid));
        guest->flying = Flying::away;
        CO_TRY_VOID(co_await write_frame(stream, "go"));
        flight.post_copy = true;
      }
    }
    CO_TRY_VOID(co_await write_frame(stream, std::string(block_size, 'm')));
    flight.fraction = (block + 1.0) / blocks;
    flight.sent = flight.sent + Bytes{block_size};
    flight.left = Bytes{(blocks - 1 - static_cast<std::uint64_t>(block)) * block_size};
    if (progress) progress(flight);
  }
  CO_TRY_VOID(co_await finish(stream, "its memory"));
  flight.downtime = 1ms;
  co_return flight;
}

Async<Result<Flight>> FakeHypervisor::send(std::string uuid, Departure departure,
                                           std::function<Async<Result<void>>()> moment,
                                           std::function<void(const Flight&)> progress) {
  CO_TRY(auto* guest, enter("send", uuid));
  if (guest->flying != Flying::no)
    co_return fail(Code::conflict, "{} is being sent already", guest->machine.name);
  if (guest->state != model::Observed::running)
    co_return fail(Code::precondition, "{} does not run", guest->machine.name);
  guest->flying = Flying::sending;
  guest->flight_stopped = false;
  auto flown = co_await fly(uuid, std::move(departure), std::move(moment), std::move(progress));
  auto found = world_->guests_.find(uuid);
  if (found == world_->guests_.end()) {
    if (flown) co_return fail(Code::unavailable, "{} ended meanwhile", uuid);
    co_return flown;
  }
  auto& after = found->second;
  if (flown && after.flying == Flying::no)  // taken back meanwhile
    co_return fail(Code::cancelled, "the migration was called off");
  if (flown && after.flying != Flying::away) after.flying = Flying::sent;
  if (!flown && after.flying != Flying::away) {
    after.flying = Flying::no;
    after.state = model::Observed::running;
  }
  co_return flown;
}

void FakeHypervisor::stop_sending(const std::string& uuid) {
  auto found = world_->guests_.find(uuid);
  if (found != world_->guests_.end()) found->second.flight_stopped = true;
}

Async<Result<void>> FakeHypervisor::take_back(std::string uuid) {
  CO_TRY(auto* guest, enter("take_back", uuid));
  if (guest->flying == Flying::away)
    co_return fail(Code::precondition, "{} runs on the other side", guest->machine.name);
  if (guest->flying == Flying::no) co_return Result<void>{};
  if (guest->flying == Flying::arriving)
    co_return fail(Code::precondition, "{} comes, and does not go", guest->machine.name);
  guest->flight_stopped = true;  // whoever sends it
  guest->flying = Flying::no;
  guest->state = model::Observed::running;
  co_return Result<void>{};
}

// A sixty-fourth of its memory a second.
Async<Result<Bytes>> FakeHypervisor::dirty_rate(std::string uuid) {
  CO_TRY(auto* guest, enter("dirty_rate", uuid));
  co_return Bytes{guest->machine.memory.count / 64};
}

}  // namespace truce::hypervisor
