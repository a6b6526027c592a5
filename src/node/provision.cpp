// How a keeper makes a machine's disks, and builds from its parts what the hypervisor starts.
#include "base/file.h"
#include "base/log.h"
#include "keeper.h"
#include "model/firewall.h"
#include "proof/trial.h"
#include "storage/homes.h"
#include "storage/seed.h"

namespace truce::node {

using model::Observed;

namespace {
constexpr std::string_view answers = "answers.iso";

storage::Installer installer_of(model::AnswerKind kind) {
  if (kind == model::AnswerKind::autounattend) return storage::Installer::windows;
  return kind == model::AnswerKind::kickstart ? storage::Installer::anaconda
                                              : storage::Installer::debian;
}

storage::CloneKind clone_kind(model::CloneKind kind) {
  return kind == model::CloneKind::full ? storage::CloneKind::full : storage::CloneKind::linked;
}

// As QEMU writes it. Without an address only this host gets in.
std::string host_forward(std::string_view text) {
  auto forward = model::parse_forward(text);
  return fmt::format("{}:{}:{}-:{}", forward.protocol,
                     forward.address.empty() ? "127.0.0.1" : forward.address, forward.host_port,
                     forward.guest_port);
}
}  // namespace

Async<Result<void>> Keeper::write_seed_image() {
  const auto& wish = assignment_;
  storage::SeedContent seed;
  seed.uuid = wish.vm.uuid;
  seed.host_name = wish.vm.name;
  if (wish.first_boot) {
    seed.user_data = wish.first_boot->cloud_init;
    seed.ssh_keys = wish.first_boot->ssh_keys;
  }
  for (const auto& nic : wish.vm.nics) seed.macs.push_back(nic.mac);
  co_return co_await storage::write_seed(folder_ / "seed.iso", std::move(seed));
}

// All its disks are there then, and are not made again. A TPM's secrets are not copied.
Async<Result<void>> Keeper::copy_source() {
  auto source = *vm().source;
  if (layers() == nullptr) co_return fail(Code::unsupported, "snapshots cannot be had here");
  step("copying snapshot " + source.snapshot);
  auto told = std::make_shared<Time>();
  co_return co_await layers()->clone(source.uuid, source.snapshot, vm().uuid,
                                     {std::string(hypervisor::firmware_state[0])},
                                     [this, told](double fraction, std::string text) {
                                       if (now() - *told < 500ms) return;
                                       *told = now();
                                       step(std::move(text), fraction);
                                     });
}

Async<Result<void>> Keeper::provision() {
  const auto wish = vm();
  CO_TRY_VOID(co_await take_possession());
  // Where each of them is to be is noted before anything is made of it.
  for (const auto& disk : wish.disks) CO_TRY_VOID(co_await hands_.pools.place(folder_, disk));
  if (wish.source) CO_TRY_VOID(co_await copy_source());
  for (const auto& disk : wish.disks) {
    auto id = wish.uuid + "/" + disk.id;
    CO_TRY(auto pool, co_await hands_.pools.place(folder_, disk));
    if (disk.template_.empty()) {
      CO_TRY_VOID(co_await pool->create_disk(id, disk.size));
      continue;
    }
    CO_TRY_VOID(co_await have_template(disk.template_));
    step("cloning " + disk.template_);
    auto told = std::make_shared<Time>();
    CO_TRY_VOID(co_await pool->clone_disk(id, disk.template_, disk.size, clone_kind(disk.clone),
                                          [this, told](double fraction, std::string text) {
                                            if (now() - *told < 500ms) return;
                                            *told = now();
                                            step(std::move(text), fraction);
                                          }));
  }
  if (!wish.template_.empty()) {
    auto there = co_await have_template(wish.template_);
    if (!there && !wish.source) co_return there;
    auto content = co_await hands_.pool.template_content(wish.template_);
    // What a machine was cloned from may have lost its template.
    if (!content && !wish.source) co_return std::unexpected(content.error());
    if (content && (content->cloud_init || assignment_.first_boot)) {
      CO_TRY_VOID(co_await write_seed_image());
    }
  }
  const auto& told = assignment_.first_boot;
  if (told && !told->answer_file.empty()) {
    CO_TRY_VOID(co_await storage::write_answers(folder_ / answers, installer_of(told->answer_kind),
                                                told->answer_file));
  }
  // The mark that all of it is there: a machine without it is made again from the start.
  CO_TRY_VOID(write_file_durably(folder_ / storage::provisioned_mark, "", 0644));
  observe(Observed::off);
  report({});
  co_return Result<void>{};
}

Async<Result<void>> Keeper::provision_until_superseded() {
  CO_TRY_VOID(make_folder(folder_, 0711));
  superseded_ = std::make_unique<Wakeup>(hands_.loop);
  auto first = co_await (provision() || superseded_->wait());
  superseded_.reset();
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return fail(Code::cancelled, "a newer wish came");
}

Async<Result<void>> Keeper::add_template_files(hypervisor::Machine& machine, std::string iso) {
  // A template that gave its disk gives no kernel, and may be gone since.
  bool gave_disk = std::ranges::count(vm().disks, vm().template_, &model::VmDisk::template_) > 0;
  if (!vm().template_.empty() && !gave_disk) {
    CO_TRY_VOID(co_await have_template(vm().template_));
    CO_TRY(auto content, co_await hands_.pool.template_content(vm().template_));
    auto folder = hands_.pool.template_folder(vm().template_);
    if (!content.kernel.empty()) {
      machine.kernel = folder / content.kernel;
      if (!content.initrd.empty()) machine.initrd = folder / content.initrd;
      machine.command_line = content.command_line + " truce.hostname=" + vm().name;
    }
  }
  auto seed = folder_ / "seed.iso";
  std::error_code ec;
  if (std::filesystem::exists(seed, ec)) {
    // No CD: Debian's cloud kernel has no driver for the controller that CDs hang on.
    machine.disks.push_back({"seed", seed, "raw", {}, true, false});
  }
  if (iso.empty() && machine.outfit.cdrom)
    machine.disks.push_back({"cd0", {}, "raw", {}, true, true});
  if (!iso.empty()) {
    CO_TRY(auto path, co_await medium_path(iso));
    machine.disks.push_back({"cd0", path, "raw", {}, true, true});
    // Only beside the installer: what is installed shall not find passwords on a CD.
    if (std::filesystem::exists(folder_ / answers, ec))
      machine.disks.push_back({"answers", folder_ / answers, "raw", {}, true, true});
  }
  co_return Result<void>{};
}

Async<Result<std::filesystem::path>> Keeper::medium_path(std::string iso) {
  CO_TRY_VOID(co_await have_template(iso));
  CO_TRY(auto content, co_await hands_.pool.template_content(iso));
  co_return hands_.pool.template_folder(iso) / content.iso;
}

network::Nic Keeper::wished_nic(const model::VmNic& nic) const {
  network::Nic wished{.vm_name = vm().name, .mac = nic.mac};
  wished.address = nic.address;
  wished.address6 = nic.address6;
  auto& settings = wished.settings;
  if (!nic.spoof_filter) settings.spoof_filter = network::SpoofFilter::off;
  settings.groups = nic.security_groups;
  for (const auto& text : nic.forwards) {
    auto forward = model::parse_forward(text);
    settings.forwards.push_back(
        {forward.protocol, forward.address, forward.host_port, forward.guest_port});
  }
  settings.send_mbit = static_cast<std::uint32_t>(nic.send_mbit);
  settings.receive_mbit = static_cast<std::uint32_t>(nic.receive_mbit);
  if (!nic.mirror_to.empty()) settings.mirror_to = hands_.mac_of(nic.mirror_to);
  return wished;
}

void Keeper::mirrors_changed() {
  refreshed_generation_ = 0;
  wake_.wake();
}

// What of its NICs can change while it runs.
Async<void> Keeper::refresh_nics() {
  if (!is_up(observed_) || refreshed_generation_ == vm().generation || vm().trial) co_return;
  refreshed_generation_ = vm().generation;
  auto nics = vm().nics;
  for (const auto& nic : nics) {
    if (hands_.mode_of(nic.network) == model::NetworkMode::user) continue;
    auto done = co_await hands_.network_ready(nic.network);
    if (done) done = co_await hands_.network.reserve(nic.network, wished_nic(nic));
    if (done) continue;
    spdlog::warn("machine {}: {}", vm().name, done.error().message);
    model::VmReport news;
    news.event = "vm.nic_failed";
    news.event_message = done.error().message;
    report(std::move(news));
  }
}

// `plugs` keeps the tap open until the hypervisor has it.
Async<Result<hypervisor::Port>> Keeper::make_port(model::VmNic nic,
                                                  std::vector<network::Plug>& plugs) {
  hypervisor::Port port;
  port.mac = nic.mac;
  port.number = static_cast<int>(nic.number);
  port.port = static_cast<int>(nic.port);
  port.user_mode = hands_.mode_of(nic.network) == model::NetworkMode::user;
  if (port.user_mode) {
    for (const auto& forward : nic.forwards) port.forwards.push_back(host_forward(forward));
    co_return port;
  }
  CO_TRY_VOID(co_await hands_.network_ready(nic.network));
  // At each start: the machine may have another name than last time.
  CO_TRY_VOID(co_await hands_.network.reserve(nic.network, wished_nic(nic)));
  CO_TRY(auto plug, co_await hands_.network.plug(nic.network, vm().name, nic.mac));
  port.tap = plug.tap.get();
  port.mtu = static_cast<int>(plug.mtu);
  plugs.push_back(std::move(plug));
  co_return port;
}

Async<Result<hypervisor::DiskFile>> Keeper::disk_file(model::VmDisk disk) {
  CO_TRY(auto pool, co_await hands_.pools.of_disk(folder_, disk.id));
  auto id = vm().uuid + "/" + disk.id;
  CO_TRY(auto found, co_await pool->disk(id));
  hypervisor::DiskFile file{disk.id, found.path, found.format, found.backing};
  file.port = static_cast<int>(disk.port);
  file.encrypted = found.encrypted;
  if (file.encrypted > 0) {
    CO_TRY(file.key, co_await pool->disk_key(id));
  }
  co_return file;
}

Async<Result<std::shared_ptr<image::Image>>> Keeper::open_disk(std::string disk,
                                                               storage::Access access) {
  if (observed_ != Observed::off)
    co_return fail(Code::precondition, "'{}' is {}: its disks are given out while it is off",
                   vm().name, model::to_string(observed_));
  CO_TRY(auto pool, co_await hands_.pools.of_disk(folder_, disk));
  CO_TRY(auto image, co_await pool->open_disk(vm().uuid + "/" + disk, access));
  lent_.add(image);
  co_return image;
}

Async<Result<hypervisor::Machine>> Keeper::build_machine(std::vector<network::Plug>& plugs) {
  const auto wish = as_it_starts();
  hypervisor::Machine machine;
  machine.uuid = wish.uuid;
  machine.name = wish.name;
  machine.request = assignment_.request;
  machine.number = static_cast<int>(wish.number);
  machine.type = wish.machine;
  CO_TRY(machine.outfit, model::outfit(wish));
  // Who is to be reset when it hangs is so as often as the rules allow, and no more.
  if (hang_rules().resets && machine.outfit.watchdog == model::WatchdogAction::reset)
    machine.outfit.watchdog = model::WatchdogAction::pause;
  machine.boot_once = wish.boot_once;
  machine.cpus = static_cast<int>(wish.cpus);
  machine.memory = wish.memory;
  if (wish.active) machine.first_memory = wish.active->first_memory;
  machine.limits = wished_limits();
  machine.folder = folder_;
  machine.runtime = hands_.settings.run_dir / "vms" / wish.uuid;
  auto disks = wish.disks;
  for (const auto& disk : disks) {
    CO_TRY(auto file, co_await disk_file(disk));
    machine.disks.push_back(std::move(file));
  }
  CO_TRY_VOID(co_await add_template_files(machine, wish.iso));
  for (const auto& nic : wish.nics) {
    if (wish.trial) {
      machine.ports.push_back(isolated_port(nic));
      continue;
    }
    CO_TRY(auto port, co_await make_port(nic, plugs));
    machine.ports.push_back(std::move(port));
  }
  if (wish.trial) {
    serial_->forget();  // what an earlier one said is no sign of this one
    CO_TRY_VOID(make_trial(machine, wish.disks));
  } else {
    CO_TRY_VOID(remove_trial(folder_));
  }
  co_return machine;
}

Async<Result<void>> Keeper::start() {
  std::error_code ec;
  if (layers() != nullptr && !layers_settled_ &&
      std::filesystem::exists(folder_ / storage::layers_record, ec)) {
    CO_TRY_VOID(co_await settle_layers());  // a pool of its was not there before
  }
  co_await lent_.back();
  CO_TRY_VOID(co_await take_possession());
  observe(observed_ == Observed::suspended ? Observed::suspended : Observed::starting);
  auto before = observed_;
  const auto wish = as_it_starts();
  const auto run = run_;
  std::vector<network::Plug> plugs;  // closed once the hypervisor has its own copies
  auto machine = co_await build_machine(plugs);
  if (machine) limits_ = machine->limits;
  if (machine && !permit_ && needs_permit()) {  // it was protected only just now
    observe(before == Observed::suspended ? Observed::suspended : Observed::off);
    co_return Result<void>{};
  }
  std::optional<StartGate> gate;
  if (machine && permit_) {
    machine->gate = gate = permit_->gate;
    permit_used_ = true;
  }
  auto done = machine ? co_await hands_.hypervisor.start(std::move(*machine))
                      : Result<void>(std::unexpected(machine.error()));
  if (!done) {
    (void)let_go();
    observe(before == Observed::suspended ? Observed::suspended : Observed::off);
    // This host may not run it any more: a later permit may come.
    if (gate && !gate->open()) co_return Result<void>{};
    co_return std::unexpected(std::move(done).error().within("start " + vm().name));
  }
  if (run_ != run) co_return Result<void>{};  // it ended before this coroutine went on
  ended_generation_ = 0;
  troubles_.resets = 0;
  CO_TRY_VOID(remove_tree(ended_file()));
  active_ = settings_of(wish, wish.active ? wish.active->first_memory : wish.memory);
  observe(Observed::running);
  running();
  co_return Result<void>{};
}

}  // namespace truce::node
