#include "migration/outline.h"

#include <fcntl.h>
#include <unistd.h>

#include "live/live.h"
#include "migration/settings.h"

namespace truce::qemu {

using hypervisor::Machine;

namespace {

constexpr Bytes clears_at_once = kib(256);
constexpr Bytes odd = kib(8);  // QEMU rounds up to this

Bytes first_memory(const Machine& machine) {
  return machine.first_memory.count > 0 ? machine.first_memory : machine.memory;
}

// `7.2` of `7.2.22`.
std::string_view series(std::string_view version) {
  auto dot = version.find('.');
  return dot == version.npos ? version : version.substr(0, version.find('.', dot + 1));
}

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

Async<Result<std::set<std::string>>> devices_of(RunningPtr vm) {
  CO_TRY(auto answer, co_await vm->ask("qom-list", {{"path", "/machine/peripheral"}}));
  const auto* list = answer.if_array();
  if (list == nullptr) co_return fail(Code::corrupt, "QEMU: qom-list answers no list");
  std::set<std::string> names;
  for (const auto& device : *list) names.insert(text_in(device, "name"));
  co_return names;
}

Async<bool> has_rom(RunningPtr vm, std::string card) {
  auto file = co_await vm->ask("qom-get",
                               {{"path", "/machine/peripheral/" + card}, {"property", "romfile"}});
  co_return file && file->is_string() && !file->get_string().empty();
}

Error cannot(const Running& vm, std::string_view why) {
  return {
      Code::unsupported, fmt::format("{} cannot move while it runs: {}", vm.record.name, why), {}};
}

// What the other host has not, whatever QEMU says of it.
std::string bound_here(const std::set<std::string>& devices) {
  for (const auto& name : devices) {
    bool pci = name.starts_with("pci") && name.find_first_not_of("0123456789", 3) == name.npos;
    if (pci || name.starts_with("usb-device")) return name;
  }
  return {};
}

}  // namespace

Bytes more_memory(const Machine& machine, Accelerator accelerator) {
  const auto& outfit = machine.outfit;
  auto first = first_memory(machine);
  bool plain =
      outfit.numa_nodes == 1 && !outfit.huge_pages && outfit.max_memory.count <= first.count;
  bool loses = accelerator == Accelerator::tcg && first.count % clears_at_once.count == 0;
  return loses && plain ? odd : Bytes{};
}

Bytes more_memory_in(const std::filesystem::path& saved, const Machine& machine) {
  auto file = open_file(saved, O_RDONLY | O_NOFOLLOW);
  if (!file) return {};
  std::string head(64 << 10, '\0');
  auto got = ::pread(file->get(), head.data(), head.size(), 0);
  head.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  std::string_view name =
      machine.type == model::MachineType::microvm ? "\x0bmicrovm.ram" : "\x06pc.ram";
  auto at = head.find(name);
  if (at == head.npos || head.size() < at + name.size() + sizeof(std::uint64_t)) return {};
  auto size = big_endian(std::string_view(head).substr(at + name.size(), sizeof(std::uint64_t)));
  return size == (first_memory(machine) + odd).count ? odd : Bytes{};
}

std::string to_text(const Outline& outline) {
  json::array roms(outline.roms.begin(), outline.roms.end());
  return json::serialize(json::object{{"version", outline.version},
                                      {"accelerator", outline.accelerator},
                                      {"memory", outline.memory.count},
                                      {"roms", std::move(roms)}});
}

Result<Outline> parse_outline(std::string_view text) {
  boost::system::error_code ec;
  auto value = json::parse(text, ec);
  if (ec || !value.is_object())
    return fail(Code::corrupt, "what the other host says of the machine is no JSON object");
  Outline outline;
  outline.version = text_in(value, "version");
  outline.accelerator = text_in(value, "accelerator");
  auto memory = integer_in(value, "memory");
  const auto* roms = field_of(value, "roms");
  if (outline.version.empty() || outline.accelerator.empty() || memory <= 0 || roms == nullptr ||
      !roms->is_array() || roms->get_array().size() > ports_limit)
    return fail(Code::corrupt, "what the other host says of the machine is not QEMU's");
  outline.memory = Bytes{static_cast<std::uint64_t>(memory)};
  for (const auto& rom : roms->get_array()) {
    if (!rom.is_string()) return fail(Code::corrupt, "what the other host says of its ROMs");
    outline.roms.emplace(rom.get_string());
  }
  return outline;
}

Async<Result<Outline>> outline_of(RunningPtr vm, Accelerator accelerator, std::string version) {
  CO_TRY(auto devices, co_await devices_of(vm));
  if (auto device = bound_here(devices); !device.empty())
    co_return std::unexpected(cannot(*vm, device + " is a device of this host"));
  CO_TRY(auto state, co_await migration_state(vm));
  if (!state.blocked_reason.empty()) co_return std::unexpected(cannot(*vm, state.blocked_reason));
  CO_TRY(auto summary, co_await vm->ask("query-memory-size-summary"));
  Outline outline{std::move(version), std::string(to_string(accelerator)), {}, {}};
  outline.memory = Bytes{static_cast<std::uint64_t>(integer_in(summary, "base-memory"))};
  bool loses = outline.memory.count % clears_at_once.count == 0 || devices.contains("hotmem");
  if (accelerator == Accelerator::tcg && loses) {
    co_return std::unexpected(
        cannot(*vm,
               "without KVM, QEMU loses what a guest writes meanwhile that has NUMA nodes, "
               "huge pages or max_memory, or was started by an older version"));
  }
  for (const auto& name : devices) {
    if (name.starts_with("nic") && co_await has_rom(vm, name)) outline.roms.insert(name);
  }
  co_return outline;
}

Result<Manner> manner_for(const Outline& outline, const Machine& machine, Accelerator accelerator,
                          std::string_view version) {
  if (outline.accelerator != to_string(accelerator)) {
    return fail(Code::unsupported, "{} runs with {} there, and would with {} here", machine.name,
                outline.accelerator, to_string(accelerator));
  }
  const auto& model = machine.outfit.cpu_model;
  bool fixed = !model.empty() && model != "max" && model != "host";
  if (accelerator == Accelerator::tcg && !fixed && series(outline.version) != series(version)) {
    return fail(Code::unsupported,
                "{} has all that QEMU {} gives a processor, and this host has QEMU {}: give it a "
                "cpu_model",
                machine.name, outline.version, version);
  }
  auto first = first_memory(machine);
  Manner manner{.origin = Origin::incoming, .more_memory = {}, .roms = outline.roms};
  manner.more_memory = Bytes{outline.memory.count - first.count};
  if (outline.memory.count < first.count || manner.more_memory > odd) {
    return fail(Code::invalid, "{} was started with {} there, and is said to have been with {}",
                machine.name, to_string(outline.memory), to_string(first));
  }
  return manner;
}

}  // namespace truce::qemu
