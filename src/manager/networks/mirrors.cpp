#include "networks/mirrors.h"

#include <algorithm>

namespace truce::manager {
namespace {

constexpr auto field = "/mirror_to";

// The machine and the number in VM/NUMBER; the number is empty when there is none.
std::pair<std::string_view, std::string_view> parts(std::string_view card) {
  auto slash = std::min(card.rfind('/'), card.size());
  return {card.substr(0, slash), card.substr(std::min(slash + 1, card.size()))};
}

// `changed` gives a card's new target, or nothing where it stays.
template <class Changed>
void retarget(const Inventory& inventory, Change& change, Changed changed) {
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    std::optional<model::Vm> vm;
    for (std::size_t i = 0; i < kept->object.nics.size(); ++i) {
      const auto& target = kept->object.nics[i].mirror_to;
      if (target.empty()) continue;
      std::optional<std::string> wanted = changed(target);
      if (!wanted) continue;
      if (!vm) vm = kept->object;
      vm->nics[i].mirror_to = *std::move(wanted);
    }
    if (!vm || vm->wanted == model::Wanted::absent) continue;
    ++vm->generation;
    change.put(*vm);
  }
}

// No card is both: two could send the same packet to and fro.
Result<void> check_chain(const Inventory& inventory, const std::string& own,
                         const model::VmNic& target, const std::string& target_name) {
  if (!target.mirror_to.empty()) {
    return fail_field(field,
                      fmt::format("{} is mirrored itself, to {}", target_name, target.mirror_to));
  }
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    for (const auto& nic : kept->object.nics) {
      if (nic.mirror_to != own) continue;
      return fail_field(field, fmt::format("this card gets the copies of {}/{}", name, nic.number));
    }
  }
  return {};
}

Result<void> check_capability(const Inventory& inventory, const std::string& host) {
  auto kept = inventory.find<model::Host>(host);
  if (!kept) return {};
  auto lack = kept->object.lacks.find("mirror_to");
  if (lack == kept->object.lacks.end()) return {};
  return std::unexpected(
      Error{Code::unsupported, fmt::format("{}: {}", host, lack->second), field});
}

}  // namespace

Result<void> check_mirror(const Inventory& inventory, const access::Caller& caller,
                          const model::Vm& vm, const model::VmNic& nic) {
  if (nic.mirror_to.empty()) return {};
  auto of_user_mode = [&](const std::string& network) {
    auto kept = inventory.find<model::Network>(network);
    return kept && kept->object.mode == model::NetworkMode::user;
  };
  auto [name, number] = parts(nic.mirror_to);
  auto kept = inventory.find<model::Vm>(name);
  bool seen = kept && access::sees(caller, kept->object.project) &&
              kept->object.wanted != model::Wanted::absent;
  if (!seen || name == vm.name) {
    return fail_field(field, fmt::format("'{}' is no network card of another machine: write "
                                         "VM/NUMBER, such as ids/0",
                                         nic.mirror_to));
  }
  const auto& other = kept->object;
  auto target = std::ranges::find_if(
      other.nics, [&](const auto& card) { return fmt::format("{}", card.number) == number; });
  if (target == other.nics.end()) {
    return fail_field(field, fmt::format("'{}' has no network card '{}'", name, number));
  }
  if (other.project != vm.project && !access::allow(caller, model::Permission::administer)) {
    return std::unexpected(Error{Code::forbidden,
                                 fmt::format("'{}' is of another project: only an administrator "
                                             "mirrors across projects",
                                             name),
                                 field});
  }
  if (of_user_mode(nic.network) || of_user_mode(target->network))
    return fail_field(field, "cards on a network of mode user cannot be mirrored");
  if (!vm.host.empty() && !other.host.empty() && vm.host != other.host) {
    return fail_field(field, fmt::format("'{}' is on another host, {}", name, other.host));
  }
  TRY_VOID(
      check_chain(inventory, fmt::format("{}/{}", vm.name, nic.number), *target, nic.mirror_to));
  return check_capability(inventory, other.host);
}

void end_mirrors(const Inventory& inventory, Change& change, std::string_view vm,
                 std::optional<std::int64_t> number) {
  retarget(inventory, change, [&](std::string_view target) -> std::optional<std::string> {
    auto [name, card] = parts(target);
    bool same = name == vm && (!number || card == fmt::format("{}", *number));
    if (!same) return std::nullopt;
    return std::string();
  });
}

void rename_mirrors(const Inventory& inventory, Change& change, std::string_view from,
                    std::string_view to) {
  retarget(inventory, change, [&](std::string_view target) -> std::optional<std::string> {
    auto [name, card] = parts(target);
    if (name != from) return std::nullopt;
    return fmt::format("{}/{}", to, card);
  });
}

}  // namespace truce::manager
