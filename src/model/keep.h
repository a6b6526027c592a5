// What a newer release has put into an object stays there when this one writes it. Included where
// codec.h is.
#pragma once

#include "codec.h"

namespace truce::model {

/// Puts into `out` what `before` has besides the fields of T.
template <Described T>
void keep_unknown(boost::json::object& out, const boost::json::object& before);

template <class M>
struct Kept {
  static void unknown(boost::json::value&, const boost::json::value&) {}
};
template <Described T>
struct Kept<T> {
  static void unknown(boost::json::value& out, const boost::json::value& before) {
    if (out.is_object() && before.is_object())
      keep_unknown<T>(out.get_object(), before.get_object());
  }
};
template <class M>
struct Kept<std::optional<M>> : Kept<M> {};

template <class T, class M>
bool keep_in_field(boost::json::object& out, const boost::json::key_value_pair& old,
                   const Field<T, M>& field) {
  if (std::string_view(old.key()) != field.name) return false;
  if (auto* now = out.if_contains(field.name)) Kept<M>::unknown(*now, old.value());
  return true;
}

template <Described T>
void keep_unknown(boost::json::object& out, const boost::json::object& before) {
  for (const auto& old : before) {
    bool known = Schema<T>::visit(
        [&](const auto&... field) { return (keep_in_field(out, old, field) || ...); });
    if (!known) out.emplace(old.key(), old.value());
  }
}

template <class T>
std::string to_text_over(const T& object, std::string_view before) {
  auto value = write_value(object);
  auto old = parse_json(before);
  if (old && old->is_object()) keep_unknown<T>(value.get_object(), old->get_object());
  return boost::json::serialize(value);
}

}  // namespace truce::model
