// How a keeper makes a machine's disks, and builds from its parts what the hypervisor starts.
#include "base/file.h"
#include "base/log.h"
#include "keeper.h"
#include "model/firewall.h"
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
  if (wish.source) CO_TRY_VOID(co_await copy_source());
  for (const auto& disk : wish.disks) {
    auto id = wish.uuid + "/" + disk.id;
    if (disk.template_.empty()) {
      CO_TRY_VOID(co_await hands_.pool.create_disk(id, disk.size));
      continue;
    }
    step("cloning " + disk.template_);
    auto told = std::make_shared<Time>();
    CO_TRY_VOID(co_await hands_.pool.clone_disk(id, disk.template_, disk.size,
                                                clone_kind(disk.clone),
                                                [this, told](double fraction, std::string text) {
                                                  if (now() - *told < 500ms) return;
                                                  *told = now();
                                                  step(std::move(text), fraction);
                                                }));
  }
  if (!wish.template_.empty()) {
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
  CO_TRY_VOID(write_file_durably(folder_ / "provisioned", "", 0644));
  observe(Observed::off);
  report({});
  co_return Result<void>{};
}

Async<Result<void>> Keeper::provision_until_superseded() {
  using namespace asio::experimental::awaitable_operators;
  CO_TRY_VOID(hands_.pool.vm_folder(vm().uuid));
  superseded_ = std::make_unique<Wakeup>(hands_.loop);
  auto first = co_await (provision() || superseded_->wait());
  superseded_.reset();
  if (first.index() == 0) co_return std::get<0>(std::move(first));
  co_return fail(Code::cancelled, "a newer wish came");
}

Async<Result<void>> Keeper::add_template_files(hypervisor::Machine& machine) {
  // A template that gave its disk gives no kernel, and may be gone since.
  bool gave_disk = std::ranges::count(vm().disks, vm().template_, &model::VmDisk::template_) > 0;
  if (!vm().template_.empty() && !gave_disk) {
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
  if (!vm().iso.empty()) {
    CO_TRY(auto content, co_await hands_.pool.template_content(vm().iso));
    auto path = hands_.pool.template_folder(vm().iso) / content.iso;
    machine.disks.push_back({"cd0", path, "raw", {}, true, true});
    // Only beside the installer: what is installed shall not find passwords on a CD.
    if (std::filesystem::exists(folder_ / answers, ec))
      machine.disks.push_back({"answers", folder_ / answers, "raw", {}, true, true});
  }
  co_return Result<void>{};
}

network::Nic Keeper::wished_nic(const model::VmNic& nic) const {
  network::Nic wished{.vm_name = vm().name, .mac = nic.mac};
  wished.address = nic.address;
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
  return wished;
}

// What of its NICs can change while it runs.
Async<void> Keeper::refresh_nics() {
  bool runs = observed_ == Observed::running || observed_ == Observed::paused;
  if (!runs || refreshed_generation_ == vm().generation) co_return;
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

Async<Result<void>> Keeper::add_ports(hypervisor::Machine& machine,
                                      std::vector<network::Plug>& plugs) {
  auto nics = vm().nics;
  for (const auto& nic : nics) {
    hypervisor::Port port;
    port.mac = nic.mac;
    port.user_mode = hands_.mode_of(nic.network) == model::NetworkMode::user;
    if (port.user_mode) {
      for (const auto& forward : nic.forwards) port.forwards.push_back(host_forward(forward));
    } else {
      CO_TRY_VOID(co_await hands_.network_ready(nic.network));
      // At each start: the machine may have another name than last time.
      CO_TRY_VOID(co_await hands_.network.reserve(nic.network, wished_nic(nic)));
      CO_TRY(auto plug, co_await hands_.network.plug(nic.network, machine.name, nic.mac));
      port.tap = plug.tap.get();
      plugs.push_back(std::move(plug));
    }
    machine.ports.push_back(std::move(port));
  }
  co_return Result<void>{};
}

Async<Result<hypervisor::Machine>> Keeper::build_machine(std::vector<network::Plug>& plugs) {
  const auto& wish = vm();
  hypervisor::Machine machine;
  machine.uuid = wish.uuid;
  machine.name = wish.name;
  machine.request = assignment_.request;
  machine.number = static_cast<int>(wish.number);
  machine.type = wish.machine;
  CO_TRY(machine.outfit, model::outfit(wish));
  machine.boot_once = wish.boot_once;
  machine.cpus = static_cast<int>(wish.cpus);
  machine.memory = wish.memory;
  machine.folder = folder_;
  machine.runtime = hands_.settings.run_dir / "vms" / wish.uuid;
  auto disks = wish.disks;
  for (const auto& disk : disks) {
    CO_TRY(auto path, co_await hands_.pool.disk(machine.uuid + "/" + disk.id));
    machine.disks.push_back({disk.id, path.path, path.format, path.backing, false, false});
  }
  CO_TRY_VOID(co_await add_template_files(machine));
  CO_TRY_VOID(co_await add_ports(machine, plugs));
  co_return machine;
}

Async<Result<void>> Keeper::start() {
  observe(observed_ == Observed::suspended ? Observed::suspended : Observed::starting);
  auto before = observed_;
  const auto run = run_;
  std::vector<network::Plug> plugs;  // closed once the hypervisor has its own copies
  auto machine = co_await build_machine(plugs);
  auto done = machine ? co_await hands_.hypervisor.start(std::move(*machine))
                      : Result<void>(std::unexpected(machine.error()));
  if (!done) {
    observe(before == Observed::suspended ? Observed::suspended : Observed::off);
    co_return std::unexpected(std::move(done).error().within("start " + vm().name));
  }
  if (run_ != run) co_return Result<void>{};  // it ended before this coroutine went on
  ended_generation_ = 0;
  CO_TRY_VOID(remove_tree(ended_file()));
  observe(Observed::running);
  running();
  co_return Result<void>{};
}

}  // namespace truce::node
