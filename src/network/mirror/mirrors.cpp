#include "mirror/mirrors.h"

namespace truce::network {
namespace {

std::string table_text(std::string_view name, const std::vector<Mirror>& mirrors) {
  auto text = fmt::format("table netdev {} {{\n", name);
  for (const auto& [from, to, index] : mirrors) {
    for (auto way : {"ingress", "egress"}) {
      text += fmt::format(
          "  chain {0}-{1} {{\n"
          "    type filter hook {1} device \"{0}\" priority 0; policy accept;\n"
          "    dup to \"{2}\"  # interface {3}\n"
          "  }}\n",
          from, way, to, index);
    }
  }
  return text + "}\n";
}

}  // namespace

std::string mirror_rules(const std::vector<Mirror>& mirrors) {
  constexpr std::string_view table = "truce-mirrors";
  auto text = fmt::format("table netdev {0} {{\n}}\ndelete table netdev {0}\n", table);
  return mirrors.empty() ? text : text + table_text(table, mirrors);
}

std::string mirror_probe() {
  constexpr std::string_view table = "truce.probe";
  return table_text(table, {{"lo", "lo"}}) + fmt::format("delete table netdev {}\n", table);
}

}  // namespace truce::network
