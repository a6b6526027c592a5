// What is known of an object within one slot, and its bytes in the database.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace truce::metrics {

/// One quantity within one slot.
struct Cell {
  float mean = 0;
  float most = 0;
  std::uint16_t count = 0;  ///< of the values, as far as it counts; 0: not known

  /// Takes in what is known of another part of the slot.
  void add(const Cell& other);
};

/// All quantities of an object, in their order.
using Cells = std::vector<Cell>;

/// Cell by cell; cells that only one of them has are kept.
void add(Cells& cells, const Cells& others);

/// 10 bytes a cell, little endian: mean 4, maximum 4, count 2.
std::string to_bytes(const Cells& cells);
/// As many cells as the bytes have.
Cells from_bytes(std::string_view bytes);

}  // namespace truce::metrics
