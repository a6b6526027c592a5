#include "resume/checkpoint.h"

#include "resume/block_runs.h"
#include "sealed.h"

namespace truce::image::resume {
namespace {

constexpr Mark mark = "truce conversion checkpoint 1";

}  // namespace

std::vector<std::byte> write_checkpoint(const Checkpoint& checkpoint) {
  SealedWriter writer(mark);
  for (auto number : {checkpoint.origin, checkpoint.choices, checkpoint.inode, checkpoint.end,
                      checkpoint.done, checkpoint.places, checkpoint.file_end}) {
    writer.number(number);
  }
  writer.bytes(checkpoint.blocks);
  writer.bytes(checkpoint.packing);
  return std::move(writer).seal();
}

Result<Checkpoint> parse_checkpoint(View content) {
  if (content.size() > longest_checkpoint) return fail(Code::corrupt, "it is too long");
  TRY(auto reader, SealedReader::open(content, mark));
  Checkpoint found;
  for (auto* number : {&found.origin, &found.choices, &found.inode, &found.end, &found.done,
                       &found.places, &found.file_end}) {
    TRY(*number, reader.number());
  }
  TRY(auto blocks, reader.bytes(longest_checkpoint));
  found.blocks.assign(blocks.begin(), blocks.end());
  TRY(auto packing, reader.bytes(longest_checkpoint));
  found.packing.assign(packing.begin(), packing.end());
  TRY_VOID(reader.end());
  BlockRuns runs(found.blocks);
  while (true) {
    TRY(auto run, runs.next());
    if (!run) break;
  }
  return found;
}

}  // namespace truce::image::resume
