#include "resume/block_runs.h"

namespace truce::image::resume {
namespace {

/// Seven bits a byte, the lowest first; the last byte has the eighth bit clear.
void add_number(std::vector<std::byte>& list, std::uint64_t value) {
  for (; value >= 128; value >>= 7) list.push_back(static_cast<std::byte>(value | 128));
  list.push_back(static_cast<std::byte>(value));
}

}  // namespace

void add_run(std::vector<std::byte>& list, std::uint64_t gap, std::uint64_t count) {
  add_number(list, gap);
  add_number(list, count);
}

Result<std::uint64_t> BlockRuns::number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 63 && !rest_.empty(); shift += 7) {
    auto byte = std::to_integer<std::uint64_t>(rest_.front());
    rest_ = rest_.subspan(1);
    value |= (byte & 127) << shift;
    if (byte < 128) return value;
  }
  return fail(Code::corrupt, "the list of blocks is damaged");
}

Result<std::optional<BlockRun>> BlockRuns::next() {
  if (rest_.empty()) return std::nullopt;
  TRY(auto gap, number());
  TRY(auto count, number());
  BlockRun run{at_ + gap, count};
  if (count == 0 || run.first < at_ || run.first + count < run.first)
    return fail(Code::corrupt, "the list of blocks is damaged");
  at_ = run.first + count;
  return run;
}

std::uint64_t with_place(std::uint64_t digest, std::uint64_t block, std::size_t file,
                         std::uint64_t offset) {
  constexpr std::uint64_t prime = 0x100000001b3;  // FNV-1a, in steps of whole numbers
  return (((digest ^ block) * prime ^ offset) * prime ^ file) * prime;
}

}  // namespace truce::image::resume
