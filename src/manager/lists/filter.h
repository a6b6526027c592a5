// Which objects of a kind a request asks for.
#pragma once

#include "api.h"

namespace truce::manager {

template <class T>
using Predicate = std::function<bool(const T&)>;

/// By the query: all of it must fit.
template <class T>
Predicate<T> filter_of(const Context& context) {
  auto equals = [&](const char* key) -> std::optional<std::string> {
    const auto* value = context.query(key);
    return value ? std::optional(*value) : std::nullopt;
  };
  auto project = equals("project"), observed = equals("observed"), label = equals("label"),
       contains = equals("contains"), state = equals("state"), target = equals("target"),
       host = equals("host"), network = equals("network");
  return [=](const T& object) {
    if constexpr (std::is_same_v<T, model::Vm>) {
      if (project && object.project != *project) return false;
      if (observed && model::to_string(object.observed) != *observed) return false;
      if (host && object.host != *host) return false;
      if (network &&
          std::ranges::find(object.nics, *network, &model::VmNic::network) == object.nics.end())
        return false;
      if (contains && !object.name.contains(*contains)) return false;
      if (label && !has_label(object, *label)) return false;
    } else if constexpr (std::is_same_v<T, model::Task>) {
      if (state && model::to_string(object.state) != *state) return false;
      if (target && object.target != *target) return false;
    } else if constexpr (std::is_same_v<T, model::Event>) {
      if (target && object.target != *target) return false;
    }
    return true;
  };
}

/// A number in the query that model::check_query has accepted.
inline std::size_t number_of(const Context& context, const char* key, std::size_t otherwise) {
  const auto* text = context.query(key);
  return text ? std::strtoul(text->c_str(), nullptr, 10) : otherwise;
}

}  // namespace truce::manager
