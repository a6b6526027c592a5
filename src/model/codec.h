// The codec: walks the tables of generated/schema.h. Included only where it is compiled for each
// object (generated/instances.cpp); everyone else needs model/json.h.
#pragma once

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "field.h"
#include "model/json.h"
#include "model/types.h"

namespace truce::model {

/// Where in the document the reader is: a chain on the stack, turned into text only on failure.
struct Place {
  const Place* outer = nullptr;
  std::string_view key = {};
  std::size_t index = 0;
};
/// The JSON pointer of a place.
std::string pointer(const Place& place);
/// Code::invalid for a place.
std::unexpected<Error> wrong(const Place& place, std::string message);
std::unexpected<Error> wrong_count(const Place& place, std::size_t count, const FieldRule& rule);
std::unexpected<Error> wrong_field(const Place& place, std::string_view key,
                                   std::span<const std::string_view> known);

Result<void> check_key(std::string_view key, const FieldRule& rule, const Place& place);

Result<void> read_value(const boost::json::value&, std::string&, const FieldRule&, const Place&);
Result<void> read_value(const boost::json::value&, std::int64_t&, const FieldRule&, const Place&);
Result<void> read_value(const boost::json::value&, Bytes&, const FieldRule&, const Place&);
Result<void> read_value(const boost::json::value&, double&, const FieldRule&, const Place&);
Result<void> read_value(const boost::json::value&, bool&, const FieldRule&, const Place&);
Result<void> read_value(const boost::json::value&, Time&, const FieldRule&, const Place&);
/// The index of a value among the names of an enum.
Result<std::size_t> read_choice(const boost::json::value&, std::span<const std::string_view> names,
                                const Place&);

inline boost::json::value write_value(const std::string& value) {
  return boost::json::value(value);
}
inline boost::json::value write_value(std::int64_t value) {
  return value;
}
inline boost::json::value write_value(double value) {
  return value;
}
inline boost::json::value write_value(bool value) {
  return value;
}
inline boost::json::value write_value(Bytes value) {
  return value.count;
}
inline boost::json::value write_value(Time value) {
  return boost::json::value(truce::to_string(value));
}

template <class T>
concept Described = requires { sizeof(Schema<T>); };

template <class T>
  requires std::is_enum_v<T>
boost::json::value write_value(T value) {
  return boost::json::value(to_string(value));
}

template <Described T>
boost::json::value write_value(const T& object);

template <class T>
boost::json::value write_value(const std::vector<T>& items) {
  boost::json::array array;
  array.reserve(items.size());
  for (const auto& item : items) array.push_back(write_value(item));
  return array;
}

template <class T>
boost::json::value write_value(const std::map<std::string, T>& items) {
  boost::json::object object;
  for (const auto& [key, item] : items) object.emplace(key, write_value(item));
  return object;
}

template <class M>
void write_field(boost::json::object& out, std::string_view name, const M& member) {
  out.emplace(name, write_value(member));
}
template <class M>
void write_field(boost::json::object& out, std::string_view name, const std::optional<M>& member) {
  if (member) out.emplace(name, write_value(*member));
}

template <Described T>
boost::json::value write_value(const T& object) {
  boost::json::object out;
  Schema<T>::visit([&](const auto&... field) {
    out.reserve(sizeof...(field));
    (write_field(out, field.name, object.*field.member), ...);
  });
  return out;
}

/// Reads what a field may hold; it carries what all levels below need.
struct Reader {
  Unknown unknown;

  template <class M>
  Result<void> read(const boost::json::value& value, M& out, const FieldRule& rule,
                    const FieldRule& item, const Place& place) const {
    if constexpr (std::is_enum_v<M>) {
      TRY(auto index, read_choice(value, enum_names<M>(), place));
      out = static_cast<M>(index);
      return {};
    } else if constexpr (Described<M>) {
      return read_object(value, out, place);
    } else {
      return read_other(value, out, rule, item, place);
    }
  }

  template <class M>
  Result<void> read_other(const boost::json::value& value, M& out, const FieldRule& rule,
                          const FieldRule&, const Place& place) const {
    return read_value(value, out, rule, place);
  }

  template <class M>
  Result<void> read_other(const boost::json::value& value, std::optional<M>& out,
                          const FieldRule& rule, const FieldRule& item, const Place& place) const {
    return read(value, out.emplace(), rule, item, place);
  }

  template <class M>
  Result<void> read_other(const boost::json::value& value, std::vector<M>& out,
                          const FieldRule& rule, const FieldRule& item, const Place& place) const {
    const auto* array = value.if_array();
    if (array == nullptr) return wrong(place, "must be an array");
    if (array->size() < rule.min_items || array->size() > rule.max_items) {
      return wrong_count(place, array->size(), rule);
    }
    out.clear();
    out.reserve(array->size());
    for (std::size_t i = 0; i < array->size(); ++i) {
      TRY_VOID(read((*array)[i], out.emplace_back(), item, FieldRule{}, Place{&place, {}, i}));
    }
    return {};
  }

  template <class M>
  Result<void> read_other(const boost::json::value& value, std::map<std::string, M>& out,
                          const FieldRule& rule, const FieldRule& item, const Place& place) const {
    const auto* object = value.if_object();
    if (object == nullptr) return wrong(place, "must be an object");
    if (object->size() > rule.max_items) return wrong_count(place, object->size(), rule);
    out.clear();
    for (const auto& entry : *object) {
      TRY_VOID(check_key(entry.key(), rule, place));
      TRY_VOID(read(entry.value(), out[std::string(entry.key())], item, FieldRule{},
                    Place{&place, entry.key()}));
    }
    return {};
  }

  template <class T, class M>
  Result<void> read_field(const boost::json::object& from, T& out, const Field<T, M>& field,
                          const Place& place, std::size_t& found) const {
    const auto* value = from.if_contains(field.name);
    if (value == nullptr) {
      if (field.need == Need::optional) return {};
      return wrong(Place{&place, field.name}, "is required");
    }
    ++found;
    return read(*value, out.*field.member, field.rule, field.item, Place{&place, field.name});
  }

  template <class T>
  Result<void> read_object(const boost::json::value& value, T& out, const Place& place) const {
    const auto* object = value.if_object();
    if (object == nullptr) return wrong(place, "must be an object");
    std::size_t found = 0;
    Result<void> result;
    Schema<T>::visit([&](const auto&... field) {
      static_cast<void>(
          ((result = read_field(*object, out, field, place, found)).has_value() && ...));
    });
    TRY_VOID(std::move(result));
    if (unknown == Unknown::ignore || found == object->size()) return {};
    return refuse_unknown<T>(*object, place);
  }

  template <class T>
  static Result<void> refuse_unknown(const boost::json::object& object, const Place& place) {
    constexpr auto names = Schema<T>::visit([](const auto&... field) {
      return std::array<std::string_view, sizeof...(field)>{field.name...};
    });
    for (const auto& entry : object) {
      if (std::ranges::find(names, std::string_view(entry.key())) == names.end()) {
        return wrong_field(place, entry.key(), names);
      }
    }
    return {};
  }
};

template <class T>
boost::json::value to_json(const T& object) {
  return write_value(object);
}

template <class T>
std::string to_text(const T& object) {
  return boost::json::serialize(write_value(object));
}

template <class T>
Result<T> from_json(const boost::json::value& value, Unknown unknown) {
  T object;
  TRY_VOID(Reader{unknown}.read_object(value, object, Place{}));
  return object;
}

template <class T>
Result<T> from_text(std::string_view text, Unknown unknown, Bytes limit) {
  TRY(auto value, parse_json(text, limit));
  return from_json<T>(value, unknown);
}

}  // namespace truce::model
