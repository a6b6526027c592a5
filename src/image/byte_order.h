// Numbers in bytes, and sums that do not overflow.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "image/file.h"

namespace truce::image {

namespace order_detail {
template <class T, std::endian order>
T load(View bytes, std::size_t at) {
  TRUCE_ASSERT(at <= bytes.size() && sizeof(T) <= bytes.size() - at, "a field beyond its bytes");
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return order == std::endian::native ? value : std::byteswap(value);
}
template <std::endian order, class T>
void store(Span bytes, std::size_t at, T value) {
  TRUCE_ASSERT(at <= bytes.size() && sizeof(T) <= bytes.size() - at, "a field beyond its bytes");
  if (order != std::endian::native) value = std::byteswap(value);
  std::memcpy(bytes.data() + at, &value, sizeof value);
}
}  // namespace order_detail

/// The unsigned number `T` at byte `at`, little or big end first. The caller knows that it is
/// inside.
template <class T>
T le(View bytes, std::size_t at) {
  return order_detail::load<T, std::endian::little>(bytes, at);
}
template <class T>
T be(View bytes, std::size_t at) {
  return order_detail::load<T, std::endian::big>(bytes, at);
}
template <class T>
void put_le(Span bytes, std::size_t at, std::type_identity_t<T> value) {
  order_detail::store<std::endian::little, T>(bytes, at, value);
}
template <class T>
void put_be(Span bytes, std::size_t at, std::type_identity_t<T> value) {
  order_detail::store<std::endian::big, T>(bytes, at, value);
}

/// Whether `length` bytes from `offset` lie inside the first `limit` bytes.
constexpr bool inside(std::uint64_t offset, std::uint64_t length, std::uint64_t limit) {
  return offset <= limit && length <= limit - offset;
}

/// Rounded up to a multiple of `unit`, a power of two; saturates at the largest multiple.
constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  std::uint64_t sum = value + (unit - 1);
  return (sum < value ? ~std::uint64_t{0} : sum) & ~(unit - 1);
}

constexpr std::uint64_t divide_up(std::uint64_t value, std::uint64_t unit) {
  return value / unit + (value % unit != 0);
}

/// Whether all bytes are zero.
bool all_zero(View bytes);

}  // namespace truce::image
