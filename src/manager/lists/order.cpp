#include "lists/order.h"

#include <algorithm>
#include <compare>

#include "lists/filter.h"
#include "lists/page.h"

namespace truce::manager {
namespace {

using Machine = const Kept<model::Vm>*;
using Compare = std::strong_ordering (*)(const model::Vm& a, const model::Vm& b);

template <auto Field>
std::strong_ordering by(const model::Vm& a, const model::Vm& b) {
  return a.*Field <=> b.*Field;
}

std::strong_ordering by_observed(const model::Vm& a, const model::Vm& b) {
  return model::to_string(a.observed) <=> model::to_string(b.observed);
}

std::strong_ordering by_memory(const model::Vm& a, const model::Vm& b) {
  return a.memory.count <=> b.memory.count;
}

std::strong_ordering by_created(const model::Vm& a, const model::Vm& b) {
  return a.created.time_since_epoch().count() <=> b.created.time_since_epoch().count();
}

Compare comparison(model::VmSort sort) {
  switch (sort) {
    case model::VmSort::name:
      break;
    case model::VmSort::observed:
      return by_observed;
    case model::VmSort::cpus:
      return by<&model::Vm::cpus>;
    case model::VmSort::memory:
      return by_memory;
    case model::VmSort::template_:
      return by<&model::Vm::template_>;
    case model::VmSort::project:
      return by<&model::Vm::project>;
    case model::VmSort::host:
      return by<&model::Vm::host>;
    case model::VmSort::created:
      return by_created;
  }
  return by<&model::Vm::name>;
}

bool is_set(const Context& context, const char* key) {
  const auto* value = context.query(key);
  return value && *value != "false";
}

/// Whether one machine stands before another.
class Before {
 public:
  explicit Before(const Context& context) : descending_(is_set(context, "descending")) {
    if (const auto* text = context.query("sort")) {
      if (auto sort = model::parse_enum<model::VmSort>(*text)) compare_ = comparison(*sort);
    }
  }
  bool operator()(Machine a, Machine b) const {
    auto order = compare_(a->object, b->object);
    if (order == 0) return a->object.name < b->object.name;
    return descending_ ? order > 0 : order < 0;
  }

 private:
  bool descending_;
  Compare compare_ = by<&model::Vm::name>;
};

}  // namespace

bool in_another_order(const Context& context) {
  return context.query("sort") || context.query("offset") || is_set(context, "descending");
}

Result<http::Response> ordered_page(const Inventory& inventory, const Context& context) {
  auto matches = filter_of<model::Vm>(context);
  Before before(context);
  std::vector<Machine> machines;
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    if (visible(context.caller, kept->object) && matches(kept->object))
      machines.push_back(kept.get());
  }
  auto total = machines.size();
  if (const auto* after = context.query("after")) {
    auto last = inventory.find<model::Vm>(*after);
    if (!last || !visible(context.caller, last->object))
      return fail_field("?after",
                        fmt::format("there is no machine '{}' any more: list again", *after));
    std::erase_if(machines, [&](Machine machine) { return !before(last.get(), machine); });
  }
  auto offset = std::min(number_of(context, "offset", 0), machines.size());
  auto end = std::min(offset + number_of(context, "limit", 500), machines.size());
  auto at = [&](std::size_t place) {
    return machines.begin() + static_cast<std::ptrdiff_t>(place);
  };
  if (offset < end) {
    std::nth_element(machines.begin(), at(offset), machines.end(), before);
    std::partial_sort(at(offset), at(end), machines.end(), before);
  }
  Page page(inventory.revision());
  for (auto place = offset; place < end; ++place) page.add(*machines[place]->text);
  auto next = end < machines.size() && end > offset ? machines[end - 1]->object.name : "";
  return page.take(next, total);
}

}  // namespace truce::manager
