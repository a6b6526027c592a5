#include "networks/uplinks.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "base/file.h"

namespace truce::node {

// One that is down does not tell whether it has a carrier: reading fails, and it has none.
std::string why_cut_off(const std::filesystem::path& interfaces, const std::string& bridge) {
  std::vector<std::string> dead;
  std::error_code ec;
  for (std::filesystem::directory_iterator at(interfaces / bridge / "brif", ec), end;
       !ec && at != end; at.increment(ec)) {
    auto port = interfaces / at->path().filename();
    std::error_code none;
    if (std::filesystem::exists(port / "tun_flags", none)) continue;  // a machine's
    auto carrier = read_file(port / "carrier", kib(4));
    if (carrier && carrier->starts_with('1')) return {};
    dead.push_back(port.filename());
  }
  if (dead.empty()) return {};
  std::ranges::sort(dead);
  return fmt::format("bridge {} leads nowhere: {} {} no carrier", bridge, fmt::join(dead, ", "),
                     dead.size() == 1 ? "has" : "have");
}

}  // namespace truce::node
