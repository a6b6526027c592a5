#include "platforms/lists.h"

#include <algorithm>
#include <boost/json.hpp>

#include "lists/filter.h"
#include "lists/page.h"
#include "platforms/foreign.h"
#include "platforms/platforms.h"

namespace truce::manager {
namespace {

constexpr std::string_view all_platforms = "all";

/// What a kind of ours is on a platform.
template <class T>
struct There;
template <>
struct There<model::Vm> {
  using Thing = platform::Machine;
  static const auto& of(const platform::Inventory& all) { return all.machines(); }
  static constexpr auto show = foreign_vm;
};
template <>
struct There<model::Host> {
  using Thing = platform::Host;
  static const auto& of(const platform::Inventory& all) { return all.hosts(); }
  static constexpr auto show = foreign_host;
};
template <>
struct There<model::Pool> {
  using Thing = platform::Pool;
  static const auto& of(const platform::Inventory& all) { return all.pools(); }
  static constexpr auto show = foreign_pool;
};
template <>
struct There<model::Network> {
  using Thing = platform::Network;
  static const auto& of(const platform::Inventory& all) { return all.networks(); }
  static constexpr auto show = foreign_network;
};

/// One that may be on the page. Names stand in order; ids, which have no spaces, tell those of one
/// name apart.
template <class T>
struct Row {
  std::string key;
  const Kept<T>* own = nullptr;
  const typename There<T>::Thing* foreign = nullptr;
  std::string platform = {};
};

/// What of the query can be asked of machines of platforms.
class Fits {
 public:
  explicit Fits(const Context& context) : context_(context) {}
  template <class Thing>
  bool operator()(const platform::Inventory& /*all*/, const Thing& /*thing*/) const {
    return true;
  }
  bool operator()(const platform::Inventory& all, const platform::Machine& machine) const {
    // They have none of these.
    if (text("project") || text("label")) return false;
    if (const auto* state = text("observed"); state && model::to_string(machine.state) != *state)
      return false;
    if (const auto* part = text("contains"); part && !machine.name.contains(*part)) return false;
    if (const auto* name = text("host")) {
      auto host = all.hosts().find(machine.host);
      if (host == all.hosts().end() || host->second.name != *name) return false;
    }
    const auto* name = text("network");
    return name == nullptr || std::ranges::any_of(machine.nics, [&](const auto& nic) {
             auto network = all.networks().find(nic.network);
             return network != all.networks().end() && network->second.name == *name;
           });
  }

 private:
  [[nodiscard]] const std::string* text(const char* key) const { return context_.query(key); }
  const Context& context_;
};

template <class T>
void add_foreign(const Rooms& rooms, const std::string& platform, const Fits& fits,
                 std::vector<Row<T>>& rows) {
  const auto* all = rooms.platforms.inventory_of(platform);
  if (all == nullptr) return;
  for (const auto& [id, thing] : There<T>::of(*all)) {
    if (!fits(*all, thing)) continue;
    rows.push_back({fmt::format("{}/{} {}", platform, thing.name, id), nullptr, &thing, platform});
  }
}

template <class T>
std::string text_of(const Rooms& rooms, const Row<T>& row) {
  if (row.own != nullptr) return *row.own->text;
  const auto& all = *rooms.platforms.inventory_of(row.platform);
  return boost::json::serialize(There<T>::show(row.platform, all, *row.foreign));
}

template <class T>
Result<std::vector<Row<T>>> rows_of(const Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  const auto& asked = *context.query("platform");
  Fits fits(context);
  std::vector<Row<T>> rows;
  if (asked != all_platforms) {
    TRY(auto kept, find<model::Platform>(inventory, context.caller, asked));
    add_foreign(rooms, kept->object.name, fits, rows);
    return rows;
  }
  auto matches = filter_of<T>(context);
  for (const auto& [name, kept] : inventory.all<T>())
    if (visible(context.caller, kept->object) && matches(kept->object))
      rows.push_back({name, kept.get()});
  for (const auto& [name, kept] : inventory.all<model::Platform>())
    if (visible(context.caller, kept->object)) add_foreign(rooms, name, fits, rows);
  return rows;
}

}  // namespace

http::Response platform_page(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  const auto& all = inventory.all<model::Platform>();
  const auto* after = context.query("after");
  auto limit = number_of(context, "limit", 500);
  Page page(inventory.revision());
  std::string last;
  for (auto at = after ? all.upper_bound(*after) : all.begin(); at != all.end(); ++at) {
    if (!visible(context.caller, at->second->object)) continue;
    if (page.count() == limit) return page.take(last);
    page.add(model::to_text(rooms.platforms.describe(at->second->object)));
    last = at->first;
  }
  return page.take({});
}

template <class T>
  requires on_platforms<T>
Result<http::Response> foreign_page(Rooms& rooms, const Context& context) {
  for (const auto* key : {"sort", "descending", "offset", "watch"}) {
    const auto* value = context.query(key);
    if (value && *value != "false")
      return fail_field(fmt::format("?{}", key), "cannot be asked for with platform");
  }
  TRY(auto rows, rows_of<T>(rooms, context));
  if (const auto* after = context.query("after"))
    std::erase_if(rows, [&](const Row<T>& row) { return row.key <= *after; });
  auto end = std::min(number_of(context, "limit", 500), rows.size());
  std::ranges::partial_sort(rows, rows.begin() + static_cast<std::ptrdiff_t>(end), {},
                            &Row<T>::key);
  Page page(rooms.ledger.inventory().revision());
  for (std::size_t i = 0; i < end; ++i) page.add(text_of(rooms, rows[i]));
  return page.take(end > 0 && end < rows.size() ? rows[end - 1].key : std::string());
}

template Result<http::Response> foreign_page<model::Vm>(Rooms&, const Context&);
template Result<http::Response> foreign_page<model::Host>(Rooms&, const Context&);
template Result<http::Response> foreign_page<model::Pool>(Rooms&, const Context&);
template Result<http::Response> foreign_page<model::Network>(Rooms&, const Context&);

}  // namespace truce::manager
