#include "platform/fake.h"

#include <algorithm>

#include "base/random.h"

namespace truce::platform {

using model::Observed;

namespace {

template <class T>
void fill(Changed<T>& changed, const Things<T>& things) {
  for (const auto& [id, one] : things) changed.seen.push_back(one);
}

template <class T>
void append(Changed<T>& all, const Changed<T>& more) {
  for (const auto& one : more.seen) {
    std::erase(all.gone, one.id);
    std::erase_if(all.seen, [&](const T& known) { return known.id == one.id; });
    all.seen.push_back(one);
  }
  for (const auto& id : more.gone) {
    std::erase_if(all.seen, [&](const T& known) { return known.id == id; });
    all.gone.push_back(id);
  }
}

}  // namespace

FakeEstate::FakeEstate() {
  Update first;
  first.folders.seen = {{"root", "root", "Folder", ""}, {"folder-1", "web", "Folder", "root"}};
  first.hosts.seen = {{.id = "host-1", .name = "one.example.com", .folder = "root", .cpus = 8}};
  first.pools.seen = {{.id = "pool-1", .name = "store", .size = gib(100), .free = gib(50)}};
  first.networks.seen = {{.id = "network-1", .name = "LAN"}};
  change(std::move(first));
  add_machine("web01");
}

void FakeEstate::change(Update update) {
  auto changed = all_.apply(std::move(update));
  for (auto* listener : listeners_) {
    if (!listener->following_) continue;
    listener->waiting_.push_back(changed);
    listener->news_.wake();
  }
}

std::string FakeEstate::add_machine(const std::string& name) {
  Machine made;
  made.id = new_id("vm");
  made.uuid = random_uuid();
  made.name = name;
  made.folder = "folder-1";
  made.host = "host-1";
  made.state = Observed::off;
  made.cpus = 1;
  made.memory = mib(512);
  made.disks = {{.id = "2000",
                 .label = "Hard disk 1",
                 .size = gib(10),
                 .file = fmt::format("[store] {0}/{0}.vmdk", made.id),
                 .format = "vmdk",
                 .pool = "pool-1",
                 .bus = model::DiskBus::scsi}};
  made.nics = {{.id = "4000", .mac = "00:50:56:00:00:01", .network = "network-1"}};
  Update update;
  update.machines.seen = {made};
  change(std::move(update));
  return made.id;
}

void FakeEstate::cut() {
  for (auto* listener : listeners_) {
    listener->connected_ = listener->following_ = false;
    listener->waiting_.clear();
    listener->news_.wake();
  }
}

void FakeEstate::fail(const std::string& verb, Error error, int times) {
  failures_[verb] = {std::move(error), times};
}

Result<void> FakeEstate::take_failure(const std::string& verb) {
  auto found = failures_.find(verb);
  if (found == failures_.end()) return {};
  auto error = found->second.first;
  if (--found->second.second == 0) failures_.erase(found);
  return std::unexpected(std::move(error));
}

FakePlatform::FakePlatform(asio::any_io_executor loop, std::shared_ptr<FakeEstate> estate)
    : estate_(std::move(estate)), news_(std::move(loop)) {
  estate_->listeners_.insert(this);
}

FakePlatform::~FakePlatform() {
  estate_->listeners_.erase(this);
}

Async<Result<void>> FakePlatform::connect() {
  if (connected_) co_return Result<void>();
  CO_TRY_VOID(estate_->take_failure("connect"));
  connected_ = true;
  ++estate_->connections_;
  capabilities_ = {.name = "fake",
                   .version = "1",
                   .instance = "fake",
                   .several_hosts = true,
                   .clone = true,
                   .clean_stop = true,
                   .suspend = true,
                   .snapshots_with_memory = true,
                   .quiesced_snapshots = true};
  co_return Result<void>();
}

Update FakePlatform::everything() const {
  const auto& all = estate_->inventory();
  Update update;
  update.extent = Update::Extent::whole;
  fill(update.machines, all.machines());
  fill(update.hosts, all.hosts());
  fill(update.pools, all.pools());
  fill(update.networks, all.networks());
  fill(update.folders, all.folders());
  return update;
}

Async<Result<Update>> FakePlatform::next(Duration patience) {
  auto failed = estate_->take_failure("next");
  if (!failed) following_ = false;
  CO_TRY_VOID(failed);
  CO_TRY_VOID(co_await connect());
  Update update;
  if (!following_) {
    following_ = true;
    waiting_.clear();
    update = everything();
  } else {
    if (waiting_.empty()) {
      auto wait = [](Wakeup& news) -> Async<Result<void>> {
        co_await news.wait();
        co_return Result<void>();
      };
      (void)co_await within(patience, wait(news_), "news");
    }
    if (!following_) co_return truce::fail(Code::unavailable, "fake: the connection was cut");
    for (const auto& one : std::exchange(waiting_, {})) {
      append(update.machines, one.machines);
      append(update.hosts, one.hosts);
      append(update.pools, one.pools);
      append(update.networks, one.networks);
      append(update.folders, one.folders);
    }
  }
  update.at = now();
  co_return update;
}

Async<Result<Machine>> FakePlatform::enter(std::string verb, std::string machine) {
  CO_TRY_VOID(co_await connect());
  CO_TRY_VOID(estate_->take_failure(verb));
  const auto& machines = estate_->inventory().machines();
  auto found = machines.find(machine);
  if (found == machines.end()) co_return truce::fail(Code::not_found, "no machine {}", machine);
  co_return found->second;
}

Result<void> FakePlatform::put(Machine machine) {
  Update update;
  machine.tools = machine.state == Observed::running ? Tools::running : Tools::stopped;
  update.machines.seen = {std::move(machine)};
  estate_->change(std::move(update));
  return {};
}

Async<Result<void>> FakePlatform::start(std::string machine) {
  CO_TRY(auto there, co_await enter("start", machine));
  if (there.template_) co_return truce::fail(Code::precondition, "{} is a template", there.name);
  there.state = Observed::running;
  co_return put(std::move(there));
}

Async<Result<void>> FakePlatform::request_stop(std::string machine) {
  CO_TRY(auto there, co_await enter("request_stop", machine));
  if (there.state == Observed::off) co_return Result<void>();
  if (there.tools != Tools::running)
    co_return truce::fail(Code::precondition, "the tools of {} do not run", there.name);
  there.state = Observed::off;
  co_return put(std::move(there));
}

Async<Result<void>> FakePlatform::kill(std::string machine) {
  CO_TRY(auto there, co_await enter("kill", machine));
  there.state = Observed::off;
  co_return put(std::move(there));
}

Async<Result<void>> FakePlatform::reset(std::string machine) {
  CO_TRY(auto there, co_await enter("reset", machine));
  if (there.state != Observed::running)
    co_return truce::fail(Code::precondition, "{} does not run", there.name);
  co_return Result<void>();
}

Async<Result<void>> FakePlatform::suspend(std::string machine) {
  CO_TRY(auto there, co_await enter("suspend", machine));
  if (there.state == Observed::off)
    co_return truce::fail(Code::precondition, "{} does not run", there.name);
  there.state = Observed::suspended;
  co_return put(std::move(there));
}

Async<Result<std::string>> FakePlatform::create(std::string machine, SnapshotOrder order) {
  CO_TRY(auto there, co_await enter("snapshot", machine));
  auto id = estate_->new_id("snapshot");
  bool memory = order.memory && there.state == Observed::running;
  there.snapshots.push_back({.id = id,
                             .name = order.name,
                             .description = order.description,
                             .parent = there.snapshot,
                             .created = now(),
                             .state = memory ? Observed::running : Observed::off,
                             .quiesced = order.quiesce});
  there.snapshot = id;
  CO_TRY_VOID(put(std::move(there)));
  co_return id;
}

namespace {

Result<Snapshot> find_snapshot(const Machine& machine, const std::string& id) {
  auto found = std::ranges::find(machine.snapshots, id, &Snapshot::id);
  if (found == machine.snapshots.end())
    return fail(Code::not_found, "{} has no snapshot {}", machine.name, id);
  return *found;
}

}  // namespace

Async<Result<void>> FakePlatform::restore(std::string machine, std::string snapshot) {
  CO_TRY(auto there, co_await enter("restore", machine));
  CO_TRY(auto found, find_snapshot(there, snapshot));
  there.snapshot = snapshot;
  there.state = found.state;
  co_return put(std::move(there));
}

Async<Result<void>> FakePlatform::remove(std::string machine, std::string snapshot, Extent extent) {
  CO_TRY(auto there, co_await enter("remove_snapshot", machine));
  CO_TRY(auto found, find_snapshot(there, snapshot));
  std::set<std::string> out = {snapshot};
  for (auto& one : there.snapshots) {  // parents stand before their children
    if (!out.contains(one.parent)) continue;
    if (extent == Extent::with_children)
      out.insert(one.id);
    else if (one.parent == snapshot)
      one.parent = found.parent;
  }
  std::erase_if(there.snapshots, [&](const Snapshot& one) { return out.contains(one.id); });
  if (out.contains(there.snapshot)) there.snapshot = found.parent;
  co_return put(std::move(there));
}

Async<Result<std::string>> FakePlatform::clone(std::string machine, std::string new_name) {
  CO_TRY(auto there, co_await enter("clone", machine));
  for (const auto& [id, one] : estate_->inventory().machines()) {
    if (one.folder == there.folder && one.name == new_name)
      co_return truce::fail(Code::conflict, "there is a machine {} already", new_name);
  }
  there.id = estate_->new_id("vm");
  there.uuid = random_uuid();
  there.name = new_name;
  there.state = Observed::off;
  there.template_ = false;
  there.snapshots.clear();
  there.snapshot.clear();
  auto id = there.id;
  CO_TRY_VOID(put(std::move(there)));
  co_return id;
}

Async<Result<void>> FakePlatform::resize(std::string machine, std::optional<int> cpus,
                                         std::optional<Bytes> memory) {
  CO_TRY(auto there, co_await enter("resize", machine));
  if (there.state != Observed::off)
    co_return truce::fail(Code::precondition, "{} is not off", there.name);
  if (cpus) there.cpus = *cpus;
  if (memory) there.memory = *memory;
  co_return put(std::move(there));
}

Async<Result<void>> FakePlatform::remove(std::string machine) {
  CO_TRY(auto there, co_await enter("remove", machine));
  if (there.state != Observed::off)
    co_return truce::fail(Code::precondition, "{} is not off", there.name);
  Update update;
  update.machines.gone = {machine};
  estate_->change(std::move(update));
  co_return Result<void>();
}

Async<void> FakePlatform::close() {
  connected_ = following_ = false;
  co_return;
}

}  // namespace truce::platform
