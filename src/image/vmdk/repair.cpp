// Both directories and their tables say the same again; marks of a crash go.
#include <array>

#include "byte_order.h"
#include "vmdk/image.h"
#include "vmdk/sparse.h"

namespace truce::image::vmdk {
namespace {

std::array<std::byte, 4> bytes_of(std::uint64_t entry) {
  std::array<std::byte, 4> bytes;
  put_le<std::uint32_t>(bytes, 0, static_cast<std::uint32_t>(entry));
  return bytes;
}

}  // namespace

bool SparseStore::possible(std::uint64_t number, std::uint64_t entry) const {
  auto found = grain(number, entry);
  return found && (found->state != Piece::State::stored || found->offset >= tables_.overhead);
}

// A directory that lacks a table, or names an impossible one, takes that of the other.
Result<void> SparseStore::mend_directories(Repaired& report) {
  Cursor first(*this), second(*this);
  for (std::uint64_t index = 0; index < tables_.count(); ++index) {
    auto at = table(first, tables_.directory, index);
    auto copy = table(second, tables_.redundant_directory, index);
    for (const auto* found : {&at, &copy})
      if (!*found && found->error().code != Code::corrupt) return std::unexpected(found->error());
    bool good = at && *at != 0, copy_good = copy && *copy != 0;
    if (good == copy_good) {
      if (!at || !copy) report.remains(at ? copy.error().message : at.error().message);
      continue;
    }
    if ((good && copy) || (copy_good && at)) {
      // One says that there is no table: whether that was ever true for the other is not known.
      report.remains(fmt::format("{}: only one of the two directories has the grain table {}",
                                 file_->name(), index));
      continue;
    }
    auto into = good ? tables_.redundant_directory : tables_.directory;
    TRY_VOID(cache_.put(shelf_, base_ + into + index * 4,
                        bytes_of((good ? *at : *copy) / sector_bytes)));
    report.mended(fmt::format("{}: entry {} of the {} was taken from the other", file_->name(),
                              index, good ? "redundant directory" : "grain directory"));
  }
  return {};
}

/// How many entries of either copy were changed.
Result<std::uint64_t> SparseStore::mend_table(std::uint64_t index, std::uint64_t table_at,
                                              std::uint64_t copy_at) {
  Cursor entries(*this), copies(*this);
  std::uint64_t changed = 0;
  for (std::uint64_t i = 0; i < tables_.entries; ++i) {
    TRY(auto entry, entries.entry(table_at + i * 4));
    TRY(auto copy, copies.entry(copy_at + i * 4));
    if (entry == copy) continue;
    auto number = index * tables_.entries + i;
    bool inside_disk = number * tables_.grain < tables_.size;
    bool from_copy = inside_disk && !possible(number, entry) && possible(number, copy);
    if (inside_disk && !from_copy && !possible(number, entry)) continue;  // neither can be
    TRY_VOID(cache_.put(shelf_, base_ + (from_copy ? table_at : copy_at) + i * 4,
                        bytes_of(from_copy ? copy : entry)));
    ++changed;
  }
  return changed;
}

Result<void> SparseStore::mend_tables(Repaired& report) {
  Cursor first(*this), second(*this);
  for (std::uint64_t index = 0; index < tables_.count(); ++index) {
    auto at = table(first, tables_.directory, index);
    auto copy = table(second, tables_.redundant_directory, index);
    if (!at || !copy || *at == 0 || *copy == 0 || *at == *copy) continue;
    TRY(auto changed, mend_table(index, *at, *copy));
    if (changed != 0)
      report.mended(
          fmt::format("{}: grain table {}: {} entries that differed between the two "
                      "copies are the same again",
                      file_->name(), index, changed));
  }
  return {};
}

Result<void> SparseStore::mend(Repaired& report) {
  if (tables_.dialect != Tables::Dialect::hosted || tables_.compressed) return {};
  if (tables_.redundant_directory != 0) {
    TRY_VOID(mend_directories(report));
    TRY_VOID(mend_tables(report));
    TRY_VOID(file_->flush());
  }
  if (!tables_.unclean) return {};
  TRY_VOID(mark(false));
  TRY_VOID(file_->flush());
  report.mended(fmt::format("{}: it is no longer marked as not cleanly closed", file_->name()));
  return {};
}

Result<Repaired> VmdkImage::mend() {
  Repaired report;
  if (other_size_ && disagreements_.size() == 1) {
    TRY_VOID(put_size(0, description_.size));
    report.mended("the size in the descriptor is that of the header again");
  } else {
    for (const auto& what : disagreements_) report.remains(what);
  }
  for (auto& part : parts_) {
    if (!part.store) {
      report.remains(
          fmt::format("the extent '{}' was not looked at: it is another file", part.name));
      continue;
    }
    TRY_VOID(part.store->mend(report));
  }
  return report;
}

Result<Repaired> repair_vmdk(std::shared_ptr<File> file, const RepairOptions& options) {
  OpenOptions opening{.external = options.neighbours ? External::follow : External::ignore,
                      .neighbours = options.neighbours,
                      .read_write = true};
  TRY(auto image, open_vmdk(std::move(file), opening));
  auto* vmdk = dynamic_cast<VmdkImage*>(image.get());
  TRUCE_ASSERT(vmdk != nullptr, "a VMDK was opened");
  return vmdk->mend();
}

}  // namespace truce::image::vmdk
