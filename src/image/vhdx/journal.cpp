#include "vhdx/journal.h"

#include "vhdx/log.h"

namespace truce::image::vhdx {

/// Into the place of the older one, so that one of the two is valid at any time. [MS-VHDX] 2.2.2
Result<void> Journal::put_header(const Header& header) {
  auto next = header;
  if (headers_.current.sequence == ~std::uint64_t{0})
    return fail(Code::corrupt, "{}: no sequence number is left for a new header", file_->name());
  next.sequence = headers_.current.sequence + 1;
  auto slot = 1 - headers_.slot;
  TRY_VOID(write_header(*file_, slot, next));
  TRY_VOID(file_->flush());
  headers_.slot = slot;
  headers_.current = next;
  return {};
}

Result<void> Journal::begin(Change change) {
  if (data_begun_ || (file_begun_ && change == Change::file)) return {};
  auto header = headers_.current;
  header.file_write = Guid::random();
  if (change == Change::data) header.data_write = Guid::random();
  TRY_VOID(put_header(header));
  file_begun_ = true;
  data_begun_ = change == Change::data;
  return {};
}

Result<void> Journal::identify(const Guid& data_write) {
  auto header = headers_.current;
  header.file_write = Guid::random();
  header.data_write = data_write;
  TRY_VOID(put_header(header));
  file_begun_ = data_begun_ = true;
  return {};
}

Result<void> Journal::commit(Overlay& changes) {
  TRY_VOID(file_->flush());
  if (changes.empty()) return {};
  auto header = headers_.current;
  ++sequence_;
  auto tail = sequence_ % 2 == 0 ? header.log.length / 2 : 0;
  if (!log_id_) log_id_ = Guid::random();
  auto entry =
      make_log_entry(changes, *log_id_, sequence_, static_cast<std::uint32_t>(tail), file_->size());
  TRUCE_ASSERT(changes.sectors().size() <= most_sectors, "a commit fits half of a log");
  TRY_VOID(file_->write(header.log.offset + tail, entry));
  TRY_VOID(file_->flush());
  if (header.log_id != *log_id_) {
    header.log_id = *log_id_;
    TRY_VOID(put_header(header));
  }
  return changes.apply();
}

Result<void> Journal::empty_log() {
  TRY_VOID(file_->flush());
  if (headers_.current.log_id.zero()) return {};
  auto header = headers_.current;
  header.log_id = {};
  TRY_VOID(put_header(header));
  log_id_.reset();
  return {};
}

}  // namespace truce::image::vhdx
