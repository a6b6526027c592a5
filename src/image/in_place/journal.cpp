#include "in_place/journal.h"

#include <algorithm>
#include <array>

#include "byte_order.h"
#include "sealed.h"

namespace truce::image::in_place {
namespace {

constexpr Mark mark = "truce in-place journal 1";
constexpr std::size_t longest_name = 255 - 32;  // room for what we put around it

Result<void> check(const Change& change) {
  for (const auto* name : {&change.source, &change.target, &change.data_from, &change.data_to}) {
    if (!plain_name(*name)) return fail(Code::corrupt, "it names a file that is not in its folder");
  }
  constexpr auto largest = std::uint64_t{INT64_MAX};
  if (change.content > largest - Change::longest_end || change.new_size > largest ||
      !inside(change.content, change.new_end.size(), change.new_size)) {
    return fail(Code::corrupt, "its sizes contradict one another");
  }
  return {};
}

}  // namespace

std::string Change::unfinished_target() const {
  return "." + target + ".truce-new";
}

bool plain_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_name && name != "." && name != ".." &&
         name.find('/') == name.npos && name.find('\0') == name.npos;
}

std::string journal_name(const std::string& source) {
  return "." + source + std::string(journal_suffix);
}

std::vector<std::byte> write_journal(const Change& change) {
  SealedWriter writer(mark);
  writer.number(static_cast<std::uint64_t>(change.stage));
  for (const auto* name : {&change.source, &change.target, &change.data_from, &change.data_to})
    writer.text(*name);
  writer.number(change.data_inode);
  writer.number(change.source_inode);
  writer.number(change.content);
  writer.bytes(change.old_end);
  writer.number(change.new_size);
  writer.bytes(change.new_end);
  return std::move(writer).seal();
}

Result<Change> parse_journal(View content) {
  if (content.size() > longest_journal) return fail(Code::corrupt, "it is too long");
  TRY(auto reader, SealedReader::open(content, mark));
  Change change;
  TRY(auto stage, reader.number());
  if (stage > static_cast<std::uint64_t>(Change::Stage::decided))
    return fail(Code::corrupt, "it is in no stage that is known");
  change.stage = static_cast<Change::Stage>(stage);
  for (auto* name : {&change.source, &change.target, &change.data_from, &change.data_to}) {
    TRY(*name, reader.text(longest_name));
  }
  TRY(change.data_inode, reader.number());
  TRY(change.source_inode, reader.number());
  TRY(change.content, reader.number());
  TRY(auto old_end, reader.bytes(Change::longest_end));
  change.old_end.assign(old_end.begin(), old_end.end());
  TRY(change.new_size, reader.number());
  TRY(auto new_end, reader.bytes(Change::longest_end));
  change.new_end.assign(new_end.begin(), new_end.end());
  TRY_VOID(reader.end());
  TRY_VOID(check(change));
  return change;
}

}  // namespace truce::image::in_place
