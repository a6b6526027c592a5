#include "table_writer.h"

#include <algorithm>

namespace truce::image {

TableWriter::TableWriter(File& file, std::uint64_t offset, std::uint64_t count,
                         std::size_t entry_bytes, std::byte fill)
    : file_(file),
      offset_(offset),
      bytes_(count * entry_bytes),
      entry_bytes_(entry_bytes),
      fill_(fill),
      content_(std::min(page_size, bytes_), fill) {
  TRUCE_ASSERT(page_size % entry_bytes == 0, "entries do not straddle pages");
}

Result<void> TableWriter::write_page() {
  if (content_.empty() || (!touched_ && fill_ == std::byte{})) return {};
  return file_.write(offset_ + page_ * page_size, content_);
}

Result<void> TableWriter::go_to(std::uint64_t page) {
  while (page_ != page) {
    TRY_VOID(write_page());
    // Untouched pages of zeros are skipped at once; other fills must be written.
    page_ = fill_ == std::byte{} ? page : page_ + 1;
    touched_ = false;
    content_.assign(std::min(page_size, bytes_ - page_ * page_size), fill_);
  }
  return {};
}

Result<void> TableWriter::set(std::uint64_t index, View entry) {
  TRUCE_ASSERT(entry.size() == entry_bytes_, "an entry of another size");
  auto at = index * entry_bytes_;
  TRUCE_ASSERT(at < bytes_ && at / page_size >= page_, "entries are set in ascending order");
  TRY_VOID(go_to(at / page_size));
  std::ranges::copy(entry, content_.begin() + static_cast<std::ptrdiff_t>(at % page_size));
  touched_ = true;
  return {};
}

void TableWriter::save(SealedWriter& writer) const {
  writer.number(page_);
  writer.number(touched_ ? 1 : 0);
  writer.bytes(content_);
}

Result<void> TableWriter::restore(SealedReader& reader) {
  TRY(auto page, reader.number());
  TRY(auto touched, reader.number());
  TRY(auto content, reader.bytes(page_size));
  bool there = page <= bytes_ / page_size;
  if (!there || content.size() != std::min(page_size, bytes_ - page * page_size))
    return fail(Code::corrupt, "a table of another size");
  page_ = page;
  touched_ = touched != 0;
  content_.assign(content.begin(), content.end());
  auto behind = page * page_size + content_.size();
  return fill_ == std::byte{} ? file_.write_zeroes(offset_ + behind, bytes_ - behind)
                              : Result<void>{};
}

Result<void> TableWriter::finish() {
  if (bytes_ == 0) return {};
  TRY_VOID(go_to((bytes_ - 1) / page_size));
  return write_page();
}

}  // namespace truce::image
