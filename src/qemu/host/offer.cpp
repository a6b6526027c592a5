#include "host/offer.h"

#include <sys/stat.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/process.h"
#include "host/firmware.h"
#include "model/hardware.h"

namespace truce::qemu {

namespace json = boost::json;

namespace {

constexpr std::string_view questions =
    R"({"execute":"qmp_capabilities"}
{"execute":"query-machines","id":"machines"}
{"execute":"query-cpu-definitions","id":"processors"}
{"execute":"qom-list-types","arguments":{"implements":"device"},"id":"devices"}
{"execute":"query-command-line-options","arguments":{"option":"spice"},"id":"spice"}
{"execute":"quit"}
)";

std::vector<std::string> names_in(const json::value& answer) {
  std::vector<std::string> names;
  const auto* items = answer.if_array();
  for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
    const auto* item = (*items)[i].if_object();
    const auto* name = item == nullptr ? nullptr : item->if_contains("name");
    if (name != nullptr && name->is_string()) names.emplace_back(name->get_string());
  }
  return names;
}

std::string newest_q35(const std::set<std::string>& machines) {
  constexpr std::string_view before = "pc-q35-";
  std::string newest;
  for (const auto& name : machines) {
    if (!name.starts_with(before)) continue;
    auto version = name.substr(before.size());
    if (model::compare_versions(version, newest) > 0) newest = version;
  }
  return newest;
}

bool empty_folder(const std::filesystem::path& path) {
  std::error_code ec;
  auto empty = std::filesystem::is_empty(path, ec);
  return ec || empty;
}

std::string why_no_pci(const Surroundings& around) {
  std::error_code ec;
  if (empty_folder(around.sys / "kernel/iommu_groups")) {
    return "it has no IOMMU; switch it on in the firmware, and boot Linux with intel_iommu=on or "
           "amd_iommu=on";
  }
  if (!std::filesystem::exists(around.dev / "vfio/vfio", ec)) {
    return "vfio is not there; load the module vfio-pci";
  }
  return {};
}

std::string why_no_3d(const Offer& offer, const Surroundings& around) {
  if (!offer.devices.contains("virtio-vga-gl")) return "its QEMU has no virtio-vga-gl";
  if (empty_folder(around.dev / "dri")) return "it has no graphics card (no /dev/dri)";
  if (render_node(around).empty()) {
    return "no /dev/dri/renderD* is open to all users, and machines have users of their own; allow "
           "it by an udev rule (MODE=\"0666\")";
  }
  return {};
}

}  // namespace

Async<Result<Offer>> ask_offer(std::string program) {
  Command ask;
  ask.argv = {std::move(program), "-machine", "none", "-nodefaults", "-no-user-config",
              "-display",         "none",     "-S",   "-qmp",        "stdio"};
  CO_TRY(auto answers, co_await run_checked(ask, 30s, std::string(questions)));
  co_return read_offer(answers);
}

Offer read_offer(std::string_view answers) {
  Offer offer;
  while (!answers.empty()) {
    auto line = answers.substr(0, answers.find('\n'));
    answers.remove_prefix(std::min(answers.size(), line.size() + 1));
    boost::system::error_code ec;
    auto value = json::parse(line, ec);
    const auto* object = ec ? nullptr : value.if_object();
    const auto* id = object == nullptr ? nullptr : object->if_contains("id");
    const auto* answer = object == nullptr ? nullptr : object->if_contains("return");
    if (id == nullptr || answer == nullptr || !id->is_string()) continue;
    auto names = names_in(*answer);
    if (id->get_string() == "machines") offer.machines.insert(names.begin(), names.end());
    if (id->get_string() == "devices") offer.devices.insert(names.begin(), names.end());
    if (id->get_string() == "spice") offer.spice = true;
    if (id->get_string() == "processors") offer.cpu_models = std::move(names);
  }
  std::ranges::sort(offer.cpu_models);
  return offer;
}

std::filesystem::path render_node(const Surroundings& around) {
  std::error_code ec;
  std::vector<std::filesystem::path> nodes;
  for (std::filesystem::directory_iterator at(around.dev / "dri", ec), last; !ec && at != last;
       at.increment(ec)) {
    struct stat status{};
    bool render = at->path().filename().string().starts_with("renderD");
    if (render && ::stat(at->path().c_str(), &status) == 0 && (status.st_mode & 06) == 06)
      nodes.push_back(at->path());
  }
  return nodes.empty() ? std::filesystem::path() : *std::ranges::min_element(nodes);
}

void describe(const Offer& offer, const Surroundings& around, Accelerator accelerator,
              hypervisor::Capabilities& capabilities) {
  capabilities.machine_types = {"q35"};
  // Under TCG a microvm has no ACPI, and then only kernels that read virtio-mmio devices from their
  // command line find its disks.
  if (accelerator == Accelerator::kvm) capabilities.machine_types.emplace_back("microvm");
  capabilities.machine_version = newest_q35(offer.machines);
  if (offer.machines.contains("pc-i440fx-" + capabilities.machine_version))
    capabilities.machine_types.emplace_back("legacy");
  for (const auto& model : offer.cpu_models) {
    if (accelerator == Accelerator::kvm || model != "host")
      capabilities.cpu_models.push_back(model);
  }
  if (!offer.cpu_models.empty()) {
    for (const char* level : {"x86-64-v2", "x86-64-v3"})
      capabilities.cpu_models.emplace_back(level);
    // TCG has no AVX-512.
    if (accelerator == Accelerator::kvm) capabilities.cpu_models.emplace_back("x86-64-v4");
  }
  auto lack = [&](const char* field, std::string why) {
    if (!why.empty()) capabilities.lacks[field] = std::move(why);
  };
  constexpr std::string_view get_ovmf =
      "OVMF is not installed; install the package ovmf and restart truced";
  auto has = [&](model::SecureBoot keys) {
    auto files = firmware_files(around.firmware, keys);
    std::error_code ec;
    return std::filesystem::exists(files.code, ec) && std::filesystem::exists(files.variables, ec);
  };
  if (!has(model::SecureBoot::off)) lack("firmware", std::string(get_ovmf));
  if (!has(model::SecureBoot::microsoft)) lack("secure_boot", std::string(get_ovmf));
  if (!find_program("swtpm"))
    lack("tpm", "swtpm is not installed; install the package swtpm and restart truced");
  if (!offer.spice) lack("spice", "its QEMU has no SPICE");
  lack("gpu_3d", why_no_3d(offer, around));
  lack("pci", why_no_pci(around));
  if (empty_folder(around.dev / "bus/usb")) lack("usb_devices", "it has no USB devices");
}

}  // namespace truce::qemu
