#include "cells.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace truce::metrics {
namespace {

static_assert(std::endian::native == std::endian::little, "the files are little endian");

constexpr std::size_t cell_size = sizeof(float) + sizeof(float) + sizeof(std::uint16_t);

}  // namespace

void Cell::add(const Cell& other) {
  if (other.count == 0) return;
  auto all = std::uint32_t{count} + other.count;
  mean += (other.mean - mean) * static_cast<float>(other.count) / static_cast<float>(all);
  most = count == 0 ? other.most : std::max(most, other.most);
  count = static_cast<std::uint16_t>(
      std::min<std::uint32_t>(all, std::numeric_limits<std::uint16_t>::max()));
}

void add(Cells& cells, const Cells& others) {
  if (cells.size() < others.size()) cells.resize(others.size());
  for (std::size_t i = 0; i < others.size(); ++i) cells[i].add(others[i]);
}

std::string to_bytes(const Cells& cells) {
  std::string bytes(cells.size() * cell_size, '\0');
  auto* at = bytes.data();
  for (const auto& cell : cells) {
    std::memcpy(at, &cell.mean, sizeof cell.mean);
    std::memcpy(at + 4, &cell.most, sizeof cell.most);
    std::memcpy(at + 8, &cell.count, sizeof cell.count);
    at += cell_size;
  }
  return bytes;
}

Cells from_bytes(std::string_view bytes) {
  Cells cells(bytes.size() / cell_size);
  const auto* at = bytes.data();
  for (auto& cell : cells) {
    std::memcpy(&cell.mean, at, sizeof cell.mean);
    std::memcpy(&cell.most, at + 4, sizeof cell.most);
    std::memcpy(&cell.count, at + 8, sizeof cell.count);
    at += cell_size;
  }
  return cells;
}

}  // namespace truce::metrics
