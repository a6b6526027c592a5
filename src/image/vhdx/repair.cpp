#include "vhdx/disk.h"
#include "vhdx/journal.h"

namespace truce::image::vhdx {
namespace {

/// The good copy is not touched.
Result<void> copy_regions(File& file, std::size_t from) {
  std::vector<std::byte> table(region_table_bytes);
  TRY_VOID(file.read(region_table_offsets[from], table));
  TRY_VOID(file.write(region_table_offsets[1 - from], table));
  return file.flush();
}

}  // namespace

Result<Repaired> Disk::repair(std::shared_ptr<File> file, const RepairOptions&) {
  Repaired report;
  OpenOptions reading{.external = External::ignore};
  TRY(auto image, open(file, reading));  // all of it is understood before anything is written
  TRY(auto headers, read_headers(*file));
  bool logged = !headers.current.log_id.zero();
  bool one_header = !headers.twice;
  if (logged) {
    reading.read_write = true;
    TRY(image, open(file, reading));
    TRY(headers, read_headers(*file));
    report.mended("what the log promises was written; the log is empty");
  } else if (one_header) {
    Journal journal(file, headers);
    TRY_VOID(journal.begin(Journal::Change::file));
  }
  if (one_header) report.mended("the header that was damaged was written anew from the other");
  TRY(auto regions, read_regions(*file, headers.current.log, file->size()));
  if (!regions.twice) {
    TRY_VOID(copy_regions(*file, regions.copy));
    report.mended(fmt::format("region table {} was written anew from the other", 2 - regions.copy));
  }
  return report;
}

}  // namespace truce::image::vhdx
