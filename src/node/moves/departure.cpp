#include "moves/departure.h"

#include "base/log.h"
#include "moves/predict.h"
#include "storage/places.h"

namespace truce::node {

namespace fs = std::filesystem;
using Kind = Word::Kind;

namespace {

constexpr Duration dial_limit = 20s;
constexpr Duration landing_limit = 5min;  // fetching a template may be part of it
constexpr Duration landed_limit = 60s;
constexpr std::uint64_t serial_limit = 1 << 20;

std::vector<std::string> home_files(const fs::path& home) {
  std::vector<std::string> names;
  std::error_code ec;
  for (const auto& entry : fs::recursive_directory_iterator(home, ec)) {
    auto name = entry.path().lexically_relative(home).string();
    if (is_home_file(name) && entry.symlink_status().type() == fs::file_type::regular)
      names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  return names;
}

Duration downtime_of(const model::Job& job) {
  return Duration(job.migrate ? job.migrate->downtime_ms : 300);
}

}  // namespace

Error called_off() {
  return {Code::cancelled, "called off", {}};
}

Departure::Departure(Hands& hands, Cargo cargo, Moment moment, Tell tell)
    : hands_(hands),
      cargo_(std::move(cargo)),
      moment_(std::move(moment)),
      tell_(std::move(tell)),
      streams_(hands.carriers),
      stop_(hands.loop) {
  facts_.from = cargo_.job.from;
  facts_.to = cargo_.job.host;
}

void Departure::call_off() {
  called_off_ = true;
  if (sending_) hands_.hypervisor.migration()->stop_sending(cargo_.vm.uuid);
  if (!sending_ && wire_) wire_->close();
  stop_.wake();
}

Async<Result<UnixSocket>> Departure::dial(std::string purpose) {
  if (!hands_.settings.dial_peer) co_return fail(Code::unsupported, "this host has no others");
  const auto& ready = *cargo_.job.ready;
  CO_TRY(auto socket,
         co_await within(dial_limit, hands_.settings.dial_peer(ready.address, cargo_.job.host),
                         "connect to " + cargo_.job.host));
  CO_TRY_VOID(co_await write_frame(socket, ready.key + " " + purpose));
  co_return std::move(socket);
}

// Disks that the other host reaches by itself stay where they are.
Async<Result<void>> Departure::find_copied() {
  for (const auto& disk : cargo_.vm.disks) {
    CO_TRY(auto name, storage::pool_of_disk(cargo_.home, disk.id));
    if (hands_.pools.shared(name)) continue;
    CO_TRY(auto pool, co_await hands_.pools.find(name));
    CO_TRY(auto path, co_await pool->disk(cargo_.vm.uuid + "/" + disk.id));
    if (path.path.filename() != disk.id + ".qcow2")
      co_return fail(Code::precondition, "{} has layers that are not merged yet: try again later",
                     disk.id);
    if (path.encrypted > 0)
      co_return fail(Code::unsupported, "{} is encrypted, and is not copied to other hosts",
                     disk.id);
    plan_.copied.push_back({disk.id, path.backing.empty()});
    files_[disk.id] = path.path;
  }
  co_return Result<void>{};
}

Async<Result<void>> Departure::look_ahead(Wire& wire) {
  tell_("measuring", 0);
  CO_TRY(auto bandwidth, co_await wire.probe());
  Outlook outlook{
      .memory = cargo_.vm.memory, .disks = {}, .dirty_rate = {}, .bandwidth = bandwidth};
  const auto& wish = *cargo_.job.migrate;
  if (wish.bandwidth.count > 0) outlook.bandwidth = std::min(outlook.bandwidth, wish.bandwidth);
  outlook.downtime = downtime_of(cargo_.job);
  outlook.auto_converge = wish.auto_converge;
  std::error_code ec;
  for (const auto& [id, file] : files_) {
    auto size = fs::file_size(file, ec);
    if (!ec) outlook.disks.count += size;
  }
  if (cargo_.live) {
    auto rate = co_await hands_.hypervisor.migration()->dirty_rate(cargo_.vm.uuid);
    if (!rate && rate.error().code != Code::unsupported) co_return std::unexpected(rate.error());
    outlook.dirty_rate = rate.value_or(Bytes());
  } else {
    outlook.memory = {};
  }
  auto forecast = predict(outlook);
  facts_.dirty_rate = outlook.dirty_rate;
  facts_.predicted_total_ms = forecast.total.count();
  facts_.predicted_downtime_ms = forecast.downtime.count();
  tell_(
      fmt::format("about {:.1f} s are expected, at {} a second{}",
                  static_cast<double>(forecast.total.count()) / 1000, to_string(outlook.bandwidth),
                  forecast.converges ? "" : "; its guest changes more than that"),
      0.02);
  co_return Result<void>{};
}

// A home in a pool that both hosts share goes along by itself.
Async<Result<void>> Departure::send_home(Wire& wire) {
  if (hands_.pools.home_elsewhere(cargo_.vm.uuid)) co_return Result<void>{};
  for (const auto& name : home_files(cargo_.home)) {
    auto count = [&](Bytes sent) {
      if (name == hypervisor::suspend_file) facts_.transferred.count += sent.count;
      if (name == "serial.log") log_sent_ += sent.count;
    };
    CO_TRY_VOID(co_await wire.send_file(cargo_.home / name, {.name = name}, count,
                                        cargo_.job.migrate->bandwidth));
  }
  co_return Result<void>{};
}

Async<Result<void>> Departure::send_disks(Wire& wire) {
  std::error_code ec;
  std::uint64_t all = 1;
  for (const auto& [id, file] : files_) all += fs::file_size(file, ec);
  auto told = now();
  for (const auto& [id, file] : files_) {
    auto count = [&](Bytes sent) {
      facts_.disks_transferred.count += sent.count;
      if (now() - told < 500ms) return;
      told = now();
      tell_("copying " + id, 0.05 + 0.9 * static_cast<double>(facts_.disks_transferred.count) /
                                        static_cast<double>(all));
    };
    CO_TRY_VOID(co_await wire.send_file(file, {.name = id, .disk = true}, count,
                                        cargo_.job.migrate->bandwidth));
  }
  co_return Result<void>{};
}

void Departure::follow(const hypervisor::Flight& flight) {
  facts_.transferred = flight.sent;
  facts_.disks_transferred = flight.disks_sent;
  facts_.rounds = flight.rounds;
  facts_.post_copy = flight.post_copy;
  facts_.downtime_ms = flight.downtime.count();
}

Async<void> Departure::pass_on(std::shared_ptr<Departure> self, UnixSocket from,
                               std::string purpose) {
  TRUCE_ASSERT(self.get() == this, "a departure holds itself");
  // A further one for memory is never seen to break (hypervisor::Departure::memory).
  bool further = purpose == "memory" && std::exchange(memory_goes_, true);
  auto to = co_await dial(std::move(purpose));
  // Which connection is the first matters to the other side: the next one waits for this one.
  auto through = to ? co_await within(dial_limit, read_frame(*to, kib(1)), "the other host")
                    : Result<std::string>(std::unexpected(to.error()));
  if (!through) spdlog::warn("machine {}: {}", cargo_.vm.name, through.error().message);
  if (over_) co_return;
  auto loss = further ? Streams::Loss::swallowed : Streams::Loss::is_told;
  if (through) streams_.carry(std::move(from), *std::move(to), loss);
  if (!through && further) streams_.swallow(std::move(from));
}

Async<Result<void>> Departure::send_running(Wire& wire) {
  auto runtime = hands_.settings.run_dir / "vms" / cargo_.vm.uuid;
  hypervisor::Departure how;
  how.copied = plan_.copied;
  how.downtime = downtime_of(cargo_.job);
  const auto& wish = *cargo_.job.migrate;
  how.bandwidth = wish.bandwidth;
  how.channels = plan_.channels;
  how.compress = wish.compress;
  how.auto_converge = wish.auto_converge;
  how.post_copy = wish.post_copy;
  how.memory = runtime / "leaves.memory";
  Doorway memory(hands_.loop, how.memory);
  Doorway disks(hands_.loop, runtime / "leaves.disks");
  auto take = [this](const char* purpose) {
    return [self = shared_from_this(), purpose](UnixSocket from) {
      return self->pass_on(self, std::move(from), purpose);
    };
  };
  CO_TRY_VOID(make_folder(runtime, 0711));
  CO_TRY_VOID(memory.open(hands_.scope, take("memory")));
  if (!how.copied.empty()) {
    how.disks = disks.path();
    CO_TRY_VOID(disks.open(hands_.scope, take("disks")));
  }
  auto told = now();
  auto progress = [&](const hypervisor::Flight& flight) {
    follow(flight);
    if (now() - told < 500ms) return;
    told = now();
    tell_(fmt::format("{}: {} sent, {} left, round {}, {} changed a second", flight.step,
                      to_string(flight.sent), to_string(flight.left), flight.rounds,
                      to_string(flight.dirty_rate)),
          0.05 + 0.9 * flight.fraction);
  };
  sending_ = true;
  auto flight =
      co_await hands_.hypervisor.migration()->send(cargo_.vm.uuid, how, moment_, progress);
  sending_ = false;
  if (!flight) co_return std::unexpected(flight.error());
  follow(*flight);
  if (flight->post_copy) co_return Result<void>{};
  CO_TRY_VOID(co_await send_last_lines(wire));
  CO_TRY_VOID(co_await wire.say({.kind = Kind::sent}));
  CO_TRY_VOID(co_await within(landed_limit, wire.hear(Kind::landed), "the other host"));
  co_return Result<void>{};
}

// What its guest has written to its console meanwhile.
Async<Result<void>> Departure::send_last_lines(Wire& wire) {
  std::error_code ec;
  auto path = cargo_.home / "serial.log";
  if (hands_.pools.home_elsewhere(cargo_.vm.uuid)) co_return Result<void>{};
  auto size = fs::file_size(path, ec);
  if (ec || size == log_sent_ || size > serial_limit) co_return Result<void>{};
  auto from = size > log_sent_ ? log_sent_ : 0;
  co_return co_await wire.send_file(path, {.name = "serial.log"}, [](Bytes) {}, {}, from);
}

Async<Result<void>> Departure::send_all(Wire& wire) {
  if (cargo_.live) {
    CO_TRY(plan_.outline, co_await hands_.hypervisor.migration()->outline(cargo_.vm.uuid));
  }
  CO_TRY_VOID(co_await wire.say({.kind = Kind::plan, .plan = plan_}));
  CO_TRY_VOID(co_await look_ahead(wire));
  CO_TRY_VOID(co_await send_home(wire));
  if (!cargo_.live) CO_TRY_VOID(co_await send_disks(wire));
  CO_TRY_VOID(co_await wire.say({.kind = Kind::packed}));
  tell_("the other host makes room for it", cargo_.live ? 0.04 : 0.96);
  CO_TRY_VOID(co_await within(landing_limit, wire.hear(Kind::landing), "the other host"));
  if (called_off_) co_return std::unexpected(called_off());
  if (cargo_.live) co_return co_await send_running(wire);
  CO_TRY_VOID(co_await wire.say({.kind = Kind::sent}));
  CO_TRY_VOID(co_await within(landed_limit, wire.hear(Kind::landed), "the other host"));
  if (cargo_.stands_since) {
    auto stood = std::chrono::steady_clock::now() - *cargo_.stands_since;
    facts_.downtime_ms = std::chrono::duration_cast<Duration>(stood).count();
  }
  co_return Result<void>{};
}

Async<Result<void>> Departure::send() {
  const auto& wish = *cargo_.job.migrate;
  plan_.live = cargo_.live;
  plan_.channels = static_cast<int>(wish.channels);
  plan_.compress = wish.compress;
  plan_.post_copy = wish.post_copy && cargo_.live;
  plan_.addresses = cargo_.addresses;
  CO_TRY_VOID(co_await find_copied());
  tell_("connecting to " + cargo_.job.host, 0.01);
  auto first = co_await (dial("words") || stop_.wait());
  if (called_off_ || first.index() == 1) co_return std::unexpected(truce::node::called_off());
  CO_TRY(auto socket, std::get<0>(std::move(first)));
  wire_ = std::make_shared<Wire>(std::move(socket), hands_.files);
  auto done = co_await send_all(*wire_);
  // What still waits on a stream is an attempt that nobody needs any more. With post-copy all of it
  // has come once send() has ended.
  over_ = true;
  wire_->close();
  if (!done) streams_.end();
  if (!done && called_off_) co_return std::unexpected(called_off());
  co_return done;
}

}  // namespace truce::node
