#include "moves/arrival.h"

#include <set>

#include "base/log.h"
#include "base/random.h"
#include "moves/departure.h"

namespace truce::node {

namespace fs = std::filesystem;
using Kind = Word::Kind;
using model::MigrationPhase;

namespace {

constexpr Duration landed_limit = 60s;
constexpr Duration look_again = 5ms;
constexpr std::size_t words_limit = 1'000'000;

bool stands_on_template(const model::VmDisk& disk) {
  return !disk.template_.empty() && disk.clone == model::CloneKind::linked;
}

std::string id_of(const model::Vm& vm, const std::string& disk) {
  return vm.uuid + "/" + disk;
}

}  // namespace

Arrival::Arrival(Hands& hands, const Notes& notes, model::Job job, model::VmAssignment assignment)
    : hands_(hands),
      notes_(notes),
      job_(std::move(job)),
      assignment_(std::move(assignment)),
      key_(random_hex(32)),
      streams_(hands.carriers),
      connected_(hands.loop),
      over_(hands.loop) {}

void Arrival::report(model::JobReport report) {
  report.task = job_.task;
  last_ = report;
  hands_.news.add(std::move(report));
}

void Arrival::report_again() {
  if (!last_.task.empty()) hands_.news.add(last_);
}

void Arrival::call_off() {
  called_off_ = true;
  if (keeper_) keeper_->close();  // it builds nothing any more
  streams_.end();
  if (wire_) wire_->close();
  connected_.wake();
}

void Arrival::died(const std::string& detail) {
  if (!landed_ || called_off_) return;  // run() sees it by itself before
  report({.done = true, .error = fmt::format("{}: {}", job_.host, detail)});
}

Async<void> Arrival::ended() {
  while (!ended_) co_await over_.wait();
}

void Arrival::welcome(std::string purpose, UnixSocket socket) {
  if (purpose == "words") {
    if (wire_ || called_off_) return;
    wire_ = std::make_shared<Wire>(std::move(socket), hands_.files);
    connected_.wake();
  } else if (!landing_.memory.empty() && !called_off_) {
    hands_.scope.spawn(pass_on(shared_from_this(), std::move(socket), std::move(purpose)));
  }
}

Async<void> Arrival::pass_on(std::shared_ptr<Arrival> self, UnixSocket from, std::string purpose) {
  TRUCE_ASSERT(self.get() == this, "an arrival holds itself");
  auto path = purpose == "disks" ? landing_.disks : landing_.memory;
  auto to = co_await connect_unix(path.string());
  if (to && co_await write_frame(from, "through")) streams_.carry(std::move(from), *std::move(to));
  if (!to) spdlog::warn("machine {}: {}", vm().name, to.error().message);
}

Async<void> Arrival::run(std::shared_ptr<Arrival> self) {
  TRUCE_ASSERT(self.get() == this, "an arrival holds itself");
  auto done = co_await take_in();
  if (done) {
    landed_ = true;
  } else if (!called_off_) {
    spdlog::warn("machine {} does not come from {}: {}", vm().name, job_.from,
                 done.error().message);
    if (wire_) {
      auto code = std::string(to_string(done.error().code));
      (void)co_await wire_->say(
          {.kind = Kind::refused, .code = std::move(code), .error = done.error().message});
    }
    streams_.end();
    report({.done = true, .error = fmt::format("{}: {}", job_.host, done.error().message)});
  }
  ended_ = true;
  over_.wake();
}

Async<bool> Arrival::clear() {
  cleared_ = co_await remove_rest(hands_, vm());
  co_return cleared_.has_value();
}

Async<Result<void>> Arrival::take_in() {
  if (called_off_) co_return std::unexpected(truce::node::called_off());
  if (!cleared_) co_return cleared_;
  CO_TRY_VOID(notes_.write({Way::comes, job_.task, vm()}));
  CO_TRY(home_, co_await hands_.pools.settle_home(vm()));
  model::JobReport ready;
  ready.phase = MigrationPhase::prepare;
  ready.ready = model::MigrationPlace{.address = {}, .key = key_};
  ready.step = "waiting for " + job_.from;
  report(std::move(ready));
  while (!wire_ && !called_off_) co_await connected_.wait();
  if (called_off_) co_return std::unexpected(truce::node::called_off());
  CO_TRY_VOID(co_await take_words(*wire_));
  // With post-copy it is let run before all has come: that is a later question.
  if (plan_.live && plan_.post_copy) co_return Result<void>{};
  CO_TRY_VOID(co_await wait_landed());
  co_return co_await wire_->say({.kind = Kind::landed});
}

Async<Result<void>> Arrival::take_words(Wire& wire) {
  CO_TRY(auto first, co_await wire.hear(Kind::plan));
  plan_ = std::move(first.plan);
  for (std::size_t words = 0; words < words_limit; ++words) {
    CO_TRY(auto word, co_await wire.hear());
    switch (word.kind) {
      case Kind::probe:
        CO_TRY_VOID(co_await wire.bytes());
        break;
      case Kind::count:
        CO_TRY_VOID(co_await wire.say({.kind = Kind::counted}));
        break;
      case Kind::file:
        CO_TRY_VOID(co_await take_file(wire, std::move(word)));
        break;
      case Kind::packed:
        CO_TRY_VOID(co_await get_ready(wire));
        if (plan_.live && plan_.post_copy) co_return Result<void>{};
        break;
      case Kind::sent:
        if (keeper_) co_return Result<void>{};
        co_return fail(Code::invalid, "the other node has sent nothing");
      default:
        co_return fail(Code::invalid, "the other node says what it should not say now");
    }
  }
  co_return fail(Code::limit, "the other node says too much");
}

Async<Result<void>> Arrival::take_file(Wire& wire, Word header) {
  if (!header.disk) {
    auto path = home_ / header.name;
    co_return co_await wire.take_file(std::move(header), std::move(path));
  }
  auto disk = std::ranges::find(vm().disks, header.name, &model::VmDisk::id);
  if (disk == vm().disks.end() || plan_.live)
    co_return fail(Code::invalid, "the other node sends {}, which is not to come", header.name);
  auto wanted = *disk;
  CO_TRY_VOID(co_await have_templates());
  CO_TRY(auto pool, co_await hands_.pools.place(home_, wanted));
  CO_TRY(auto folder, pool->vm_folder(vm().uuid));
  auto path = folder / (".new-in-" + wanted.id);
  CO_TRY_VOID(co_await wire.take_file(std::move(header), path));
  auto on = stands_on_template(wanted) ? wanted.template_ : std::string();
  CO_TRY_VOID(co_await pool->take_in(id_of(vm(), wanted.id), path, on));
  co_return Result<void>{};
}

// The disk itself is on both hosts, or has come, or is made to be filled.
Async<Result<void>> Arrival::make_disk(model::VmDisk disk) {
  auto id = id_of(vm(), disk.id);
  CO_TRY(auto pool, co_await hands_.pools.place(home_, disk));
  auto copied = std::ranges::find(plan_.copied, disk.id, &hypervisor::CopiedDisk::id);
  if (copied == plan_.copied.end() || !plan_.live) {
    auto found = co_await pool->disk(id);
    if (found) co_return Result<void>{};
    if (found.error().code != Code::not_found) co_return std::unexpected(found.error());
    co_return fail(Code::precondition, "{} is not in the pool '{}' here: it is another one",
                   disk.id, disk.pool);
  }
  if (copied->whole) {
    CO_TRY_VOID(co_await pool->create_disk(id, disk.size));
    co_return Result<void>{};
  }
  CO_TRY_VOID(co_await pool->clone_disk(id, disk.template_, disk.size, storage::CloneKind::linked,
                                        [](double, const std::string&) {}));
  co_return Result<void>{};
}

// What it stands on, or boots from, comes from the host that has it.
Async<Result<void>> Arrival::have_templates() {
  std::set<std::string> names{vm().template_, vm().iso};
  for (const auto& disk : vm().disks) names.insert(disk.template_);
  names.erase("");
  for (const auto& name : names) {
    auto there = co_await hands_.templates->ensure(name, {});
    // Only what its disks stand on is needed.
    bool needed = std::ranges::any_of(vm().disks, [&](const auto& disk) {
      return disk.template_ == name && stands_on_template(disk);
    });
    if (!there && (needed || name == vm().iso)) co_return std::unexpected(there.error());
  }
  co_return Result<void>{};
}

Async<Result<void>> Arrival::make_room() {
  CO_TRY_VOID(co_await have_templates());
  for (const auto& copied : plan_.copied) {
    bool known = std::ranges::count(vm().disks, copied.id, &model::VmDisk::id) > 0;
    if (!known) co_return fail(Code::invalid, "the machine has no disk '{}'", copied.id);
  }
  auto disks = vm().disks;
  for (const auto& disk : disks) CO_TRY_VOID(co_await make_disk(disk));
  // Its network cards keep the addresses that they have, where the network here can give them.
  auto nics = vm().nics;
  for (const auto& nic : nics) {
    for (const auto& known : plan_.addresses) {
      if (known.mac != nic.mac || hands_.mode_of(nic.network) == model::NetworkMode::user) continue;
      CO_TRY_VOID(co_await hands_.network_ready(nic.network));
      network::Nic wished{.vm_name = vm().name, .mac = nic.mac};
      (known.address.contains(':') ? wished.address6 : wished.address) = known.address;
      auto kept = co_await hands_.network.reserve(nic.network, wished);
      if (!kept) spdlog::warn("machine {}: {}", vm().name, kept.error().message);
    }
  }
  co_return Result<void>{};
}

Async<Result<void>> Arrival::get_ready(Wire& wire) {
  if (keeper_) co_return fail(Code::invalid, "the other node has said so before");
  CO_TRY_VOID(co_await make_room());
  if (called_off_) co_return std::unexpected(truce::node::called_off());
  keeper_ = std::make_shared<Keeper>(hands_, assignment_, std::nullopt);
  if (plan_.live) {
    hypervisor::Departure how;
    how.copied = plan_.copied;
    how.channels = plan_.channels;
    how.compress = plan_.compress;
    how.post_copy = plan_.post_copy;
    CO_TRY(landing_, co_await keeper_->receive(plan_.outline, std::move(how)));
  }
  co_return co_await wire.say({.kind = Kind::landing});
}

Async<Result<void>> Arrival::wait_landed() {
  if (!plan_.live) co_return Result<void>{};
  auto deadline = std::chrono::steady_clock::now() + landed_limit;
  while (std::chrono::steady_clock::now() < deadline && !called_off_) {
    CO_TRY(auto landed, co_await hands_.hypervisor.migration()->has_landed(vm().uuid));
    if (landed) co_return Result<void>{};
    co_await sleep_for(look_again);
  }
  co_return fail(Code::timeout, "not all of its memory has come");
}

Async<Result<void>> remove_rest(Hands& hands, model::Vm vm) {
  CO_TRY_VOID(co_await hands.hypervisor.kill(vm.uuid));
  CO_TRY_VOID(co_await hands.pools.forget_vm(vm.uuid));
  for (const auto& nic : vm.nics) {
    if (hands.mode_of(nic.network) == model::NetworkMode::user) continue;
    auto released = co_await hands.network.release(nic.network, nic.mac);
    if (!released && released.error().code != Code::not_found)
      co_return std::unexpected(released.error());
  }
  CO_TRY_VOID(remove_tree(hands.settings.run_dir / "vms" / vm.uuid));
  co_return Result<void>{};
}

}  // namespace truce::node
