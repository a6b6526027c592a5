// How the generated tables describe a field to the codec.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace truce::model {

enum class Format { none, name, mac, cidr, forward, domain };
enum class Need { required, optional };

/// The limits of one value; lengths are in characters.
struct FieldRule {
  std::int64_t minimum = std::numeric_limits<std::int64_t>::min();
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
  std::size_t min_length = 0;
  std::size_t max_length = std::numeric_limits<std::size_t>::max();
  std::size_t min_items = 0;
  std::size_t max_items = std::numeric_limits<std::size_t>::max();
  std::size_t max_key_length =
      std::numeric_limits<std::size_t>::max();  ///< of a map; none is empty
  Format format = Format::none;
};

/// One field of the struct T. `item` limits what an array or map holds.
template <class T, class M>
struct Field {
  std::string_view name;
  M T::* member;
  Need need;
  FieldRule rule;
  FieldRule item;
};

/// Specialised for each struct in generated/schema.h: `visit` calls a function with all Fields.
/// (They are no tuple, whose parts are slow to compile.)
template <class T>
struct Schema;

}  // namespace truce::model
