// A differencing disk and its parent.
#include <algorithm>

#include "byte_order.h"
#include "chain/backing.h"
#include "vhdx/writer.h"

namespace truce::image::vhdx {

Result<Layer::Held> Disk::held(std::uint64_t offset, std::uint64_t length) {
  if (length == 0 || !inside(offset, length, description_.size))
    return fail(Code::invalid, "{}: a range beyond the disk's end", file_->name());
  std::uint64_t block_size = metadata_.block_size, sector_size = metadata_.sector_size;
  auto block = offset / block_size, within = offset % block_size;
  TRY(auto blocks, tables_->run(block, divide_up(within + length, block_size)));
  if (blocks.entry.state != State::partial) {
    return Held{std::min(length, blocks.count * block_size - within), !from_parent(blocks.entry)};
  }
  auto first = within / sector_size;
  auto most = divide_up(within % sector_size + std::min(length, block_size - within), sector_size);
  TRY(auto sectors, tables_->sectors(block, first, most));
  return Held{std::min(length, (first + sectors.count) * sector_size - within), sectors.here};
}

// Through the log: all of it or nothing.
Result<void> Disk::put_parent(const Metadata& metadata, Journal& journal) {
  if (!view_->empty()) return fail(Code::internal, "{}: it has changes that wait", file_->name());
  if (journal.headers().current.log.length == 0)
    return fail(Code::unsupported, "{}: it has no log, and without one it cannot be written",
                file_->name());
  TRY_VOID(journal.begin(Journal::Change::file));
  TRY_VOID(change_parent(*view_, tables_->regions().metadata, metadata));
  TRY_VOID(journal.commit(*view_));
  metadata_ = metadata;
  return {};
}

Result<void> Disk::stand_on(const Parent* parent) {
  auto metadata = metadata_;
  metadata.has_parent = parent != nullptr;
  metadata.locator.clear();
  if (parent != nullptr) {
    TRY_VOID(expect_size_of_parent(*parent, metadata_.size));
    TRY_VOID(set_parent(metadata, *parent));
  } else {
    if (!writer_) return fail(Code::precondition, "{}: it is only read", file_->name());
    TRY_VOID(writer_->complete());
  }
  if (writer_) TRY_VOID(writer_->close());
  TRY(auto headers, read_headers(*file_));
  Journal journal(file_, headers);
  TRY_VOID(put_parent(metadata, journal));
  return journal.empty_log();
}

// [MS-VHDX] 2.6.2.6.3: either of two linkages may be the parent's, which is for this very case.
Result<void> Disk::announce_change(Image& parent) {
  auto* under = dynamic_cast<Disk*>(&parent);
  if (under == nullptr || !under->writer_ || !writer_)
    return fail(Code::precondition, "{}: it and its parent are to be written", file_->name());
  auto next = Guid::random();
  auto linkage = "{" + to_string(next) + "}";
  auto both = metadata_;
  std::erase_if(both.locator, [](const auto& entry) { return entry.first == "parent_linkage2"; });
  auto one = both;
  both.locator.emplace_back("parent_linkage2", linkage);
  for (auto& [key, value] : one.locator) {
    if (key == "parent_linkage") value = linkage;
  }
  TRY_VOID(put_parent(both, writer_->journal()));
  TRY_VOID(file_->flush());
  TRY_VOID(under->writer_->journal().identify(next));
  return put_parent(one, writer_->journal());
}

Result<void> Disk::forget() {
  if (!writer_) return fail(Code::precondition, "{}: it is only read", file_->name());
  return writer_->forget();
}

Result<void> Writer::forget() {
  TRY_VOID(begin(0, 0));
  for (std::uint64_t block = 0; block < shape().blocks(); ++block) {
    TRY(auto entry, tables().payload(block));
    if (disk_.from_parent(entry)) continue;
    release(entry);
    TRY_VOID(set(block, {}));
    TRY_VOID(settle());
  }
  TRY_VOID(forget_bitmaps());
  // The log says how long the file is: it is emptied before the file is cut behind its tables.
  TRY_VOID(close());
  reusable_.clear();
  std::uint64_t end = 0;
  for (const auto& range : tables().regions().reserved) end = std::max(end, range.end());
  end_ = 0;
  return disk_.file_->size() > end ? disk_.file_->resize(end) : Result<void>{};
}

Result<void> Writer::forget_bitmaps() {
  for (std::uint64_t block = 0; block < shape().blocks(); block += shape().chunk_ratio()) {
    TRY(auto bitmap, tables().bitmap(block));
    if (bitmap.placed()) TRY_VOID(tables().set(shape().bitmap_index(block), {}));
    TRY_VOID(settle());
  }
  return commit();
}

Result<void> Writer::complete() {
  TRY_VOID(begin(0, 0));
  for (std::uint64_t block = 0; block < shape().blocks(); ++block) {
    TRY(auto entry, tables().payload(block));
    if (entry.state != State::partial) continue;
    TRY_VOID(fill_block(block, entry));
    TRY_VOID(set(block, {State::present, entry.offset}));
    TRY_VOID(settle());
  }
  return forget_bitmaps();
}

/// What the parent has of a block that is partly here is written into its place.
Result<void> Writer::fill_block(std::uint64_t block, const Entry& entry) {
  std::vector<std::byte> content;
  auto visible = shape().visible(block);
  for (std::uint64_t at = 0; at < visible;) {
    TRY(auto sectors,
        tables().sectors(block, at / shape().sector_size, (visible - at) / shape().sector_size));
    auto length = std::min(sectors.count * shape().sector_size, visible - at);
    if (!sectors.here) {
      length = std::min(length, mebibyte);
      content.resize(length);
      TRY_VOID(disk_.read(block * shape().block_size + at, content));
      TRY_VOID(disk_.file_->write(entry.offset + at, content));
    }
    at += length;
  }
  return {};
}

}  // namespace truce::image::vhdx
