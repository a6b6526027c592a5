#include "resume/checkpoint.h"

#include "resume/block_runs.h"
#include "sealed.h"

namespace truce::image::resume {
namespace {

constexpr Mark mark = "truce conversion checkpoint 2";

}  // namespace

std::vector<std::byte> write_checkpoint(const Checkpoint& checkpoint) {
  SealedWriter writer(mark);
  for (auto number : {checkpoint.origin, checkpoint.choices, checkpoint.end, checkpoint.done,
                      checkpoint.places, std::uint64_t{checkpoint.parts.size()}}) {
    writer.number(number);
  }
  for (const auto& part : checkpoint.parts) {
    writer.number(part.inode);
    writer.number(part.end);
  }
  writer.bytes(checkpoint.blocks);
  writer.bytes(checkpoint.packing);
  return std::move(writer).seal();
}

Result<Checkpoint> parse_checkpoint(View content) {
  if (content.size() > longest_checkpoint) return fail(Code::corrupt, "it is too long");
  TRY(auto reader, SealedReader::open(content, mark));
  Checkpoint found;
  std::uint64_t parts = 0;
  for (auto* number :
       {&found.origin, &found.choices, &found.end, &found.done, &found.places, &parts}) {
    TRY(*number, reader.number());
  }
  if (parts == 0) return fail(Code::corrupt, "it tells of no file");
  for (std::uint64_t i = 0; i < parts; ++i) {  // ends where the content does
    Checkpoint::Part part;
    TRY(part.inode, reader.number());
    TRY(part.end, reader.number());
    found.parts.push_back(part);
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
