#include "vhdx/disk.h"

#include <algorithm>

#include "byte_order.h"
#include "vhdx/writer.h"

namespace truce::image::vhdx {
namespace {

/// The paths of a parent in the order in which they are tried. [MS-VHDX] 2.6.2.6.3
constexpr std::array<std::string_view, 3> path_keys{"relative_path", "volume_path",
                                                    "absolute_win32_path"};

/// A relative path as this system writes it: `.\base\disk.vhdx` is `base/disk.vhdx`.
std::string local_path(std::string_view path) {
  std::string name(path);
  std::ranges::replace(name, '\\', '/');
  while (name.starts_with("./")) name.erase(0, 2);
  return name;
}

}  // namespace

Disk::~Disk() = default;

Result<void> Disk::load(const Headers& headers) {
  TRY(auto regions, read_regions(*view_, headers.current.log, file_->size()));
  TRY(metadata_, read_metadata(*view_, regions.metadata));
  TRY(tables_, Tables::make(view_, std::move(regions), metadata_));
  return {};
}

/// For an image that is to be written: what the log promises is made true, then the log is empty.
/// [MS-VHDX] 2.2.2: the file gets its new identity first.
Result<void> Disk::replay_into_file(Headers& headers) {
  Journal journal(file_, headers);
  TRY_VOID(journal.begin(Journal::Change::file));
  TRY_VOID(view_->apply());
  TRY_VOID(journal.empty_log());
  headers = journal.headers();
  return {};
}

Result<std::unique_ptr<Image>> Disk::open(std::shared_ptr<File> file, const OpenOptions& options) {
  auto disk = std::unique_ptr<Disk>(new Disk);
  disk->file_ = file;
  disk->view_ = std::make_shared<Overlay>(file);
  std::array<std::byte, file_signature.size()> magic{};
  if (file->size() >= magic.size()) TRY_VOID(file->read(0, magic));
  if (!std::ranges::equal(magic, std::as_bytes(std::span(file_signature))))
    return fail(Code::corrupt, "it does not begin with '{}'", file_signature);
  TRY(auto headers, read_headers(*file));
  Replayed replayed;
  if (!headers.current.log_id.zero()) {
    TRY(replayed, replay_log(*file, headers.current, *disk->view_));
  }
  TRY_VOID(disk->load(headers));  // before anything is written
  disk->describe(headers, replayed);
  if (disk->metadata_.has_parent) TRY_VOID(disk->find_parent(options));
  if (options.read_write && replayed.entries != 0) {
    TRY_VOID(disk->replay_into_file(headers));
    TRY_VOID(disk->load(headers));
    disk->describe(headers, replayed);
  }
  if (options.read_write && (disk->parent_ || !disk->metadata_.has_parent))
    disk->writer_ = std::make_unique<Writer>(*disk, Journal(file, headers), options.identity);
  return disk;
}

void Disk::describe(const Headers& headers, const Replayed& replayed) {
  auto& d = description_ = {};
  d.format = "vhdx";
  d.variant = metadata_.has_parent ? "differencing" : metadata_.keeps_blocks ? "fixed" : "dynamic";
  d.size = metadata_.size;
  d.block_size = metadata_.block_size;
  d.sector_size = metadata_.sector_size;
  auto detail = [&](std::string_view name, std::string value) {
    d.details.emplace_back(name, std::move(value));
  };
  detail("physical sector size", fmt::format("{}", metadata_.physical_sector_size));
  detail("virtual disk id", to_string(metadata_.disk));
  detail("file write guid", to_string(headers.current.file_write));
  detail(data_write_row, to_string(headers.current.data_write));
  for (const auto& [key, value] : metadata_.locator) detail(key, value);
  for (auto key : path_keys) {
    if (auto path = metadata_.located(key); !path.empty())
      d.references.push_back({"parent", std::string(path), "vhdx"});
  }
  detail("log", replayed.entries == 0 ? std::string("empty")
                                      : fmt::format("{} entries replayed, up to {}",
                                                    replayed.entries, replayed.sequence));
  d.warnings = headers.warnings;
  singles_.clear();
  if (!headers.twice) singles_ = headers.warnings;
  if (const auto& regions = tables_->regions(); !regions.twice) {
    for (const auto& warning : regions.warnings)
      if (!warning.starts_with("region ") || warning.starts_with("region table"))
        singles_.push_back(warning);
  }
  std::ranges::copy(tables_->regions().warnings, std::back_inserter(d.warnings));
  if (replayed.entries != 0)
    d.warnings.push_back("it was not closed cleanly: what its log promises is shown as done");
}

// The first path that leads to a file decides; what is wrong with that file is told.
Result<void> Disk::find_parent(const OpenOptions& options) {
  if (description_.references.empty())
    return fail(Code::corrupt, "parent locator: it names no path");
  if (options.external == External::ignore) return {};
  std::optional<Error> first_error;
  for (auto key : path_keys) {
    auto path = metadata_.located(key);
    if (path.empty()) continue;
    Reference reference{"parent", key == path_keys[0] ? local_path(path) : std::string(path),
                        "vhdx"};
    auto opened = open_parent(reference, options);
    if (opened) {
      TRY_VOID(compare_linkage(**opened, reference.name));
      parent_ = *std::move(opened);
      return {};
    }
    auto code = opened.error().code;
    if (!first_error) first_error = opened.error();
    if (code != Code::not_found && code != Code::forbidden) return std::unexpected(opened.error());
  }
  return std::unexpected(*first_error);
}

/// [MS-VHDX] 2.6.2.6.3: a parent that was changed since is no parent any more.
Result<void> Disk::compare_linkage(const Image& parent, const std::string& name) const {
  const auto& details = parent.description().details;
  auto row = std::ranges::find(details, data_write_row, [](const auto& d) { return d.first; });
  auto is = row == details.end() ? std::nullopt : Guid::parse(row->second);
  for (auto key : {"parent_linkage", "parent_linkage2"}) {
    if (is && Guid::parse(metadata_.located(key)) == is) return {};
  }
  return fail(
      Code::corrupt,
      "parent '{}' is not as it was when this disk was made: its data write guid is {}, {} is "
      "wanted",
      name, is ? to_string(*is) : "not known", metadata_.located("parent_linkage"));
}

Writable* Disk::writable() {
  return writer_.get();
}

Result<void> Disk::read(std::uint64_t offset, Span into) {
  if (!inside(offset, into.size(), description_.size))
    return fail(Code::invalid, "{}: a read beyond the disk's end", file_->name());
  while (!into.empty()) {
    auto block = offset / metadata_.block_size, within = offset % metadata_.block_size;
    auto part = std::min<std::uint64_t>(into.size(), metadata_.block_size - within);
    TRY_VOID(read_block(block, within, into.first(part)));
    into = into.subspan(part);
    offset += part;
  }
  return {};
}

Result<void> Disk::read_block(std::uint64_t block, std::uint64_t within, Span into) {
  TRY(auto entry, tables_->payload(block));
  if (entry.state == State::present) return view_->read(entry.offset + within, into);
  if (entry.state == State::partial) return read_partial(entry, block, within, into);
  if (from_parent(entry)) return read_parent(block * metadata_.block_size + within, into);
  std::ranges::fill(into, std::byte{});
  return {};
}

Result<void> Disk::read_partial(const Entry& entry, std::uint64_t block, std::uint64_t within,
                                Span into) {
  std::uint64_t sector_size = metadata_.sector_size;
  while (!into.empty()) {
    auto first = within / sector_size;
    TRY(auto sectors,
        tables_->sectors(block, first, divide_up(within % sector_size + into.size(), sector_size)));
    auto end = (first + sectors.count) * sector_size;
    auto part = into.first(std::min<std::uint64_t>(into.size(), end - within));
    if (sectors.here) {
      TRY_VOID(view_->read(entry.offset + within, part));
    } else {
      TRY_VOID(read_parent(block * metadata_.block_size + within, part));
    }
    within += part.size();
    into = into.subspan(part.size());
  }
  return {};
}

// A parent may be smaller: what lies beyond its end reads as zeros.
Result<void> Disk::read_parent(std::uint64_t offset, Span into) {
  if (!parent_) return refused(description_.references.front());
  auto size = parent_->size();
  auto there = offset < size ? std::min<std::uint64_t>(into.size(), size - offset) : 0;
  std::ranges::fill(into.subspan(there), std::byte{});
  return there == 0 ? Result<void>{} : parent_->read(offset, into.first(there));
}

Result<Extent> Disk::extent_of_parent(std::uint64_t offset, std::uint64_t length) {
  if (!parent_) return refused(description_.references.front());
  auto size = parent_->size();
  if (offset >= size) return Extent{offset, length, Kind::hole};
  return parent_->extent(offset, std::min(length, size - offset));
}

Extent Disk::data(std::uint64_t start, std::uint64_t length, std::uint64_t at) const {
  return Extent{start, length, Kind::data, &view_->holder({at, length}), at};
}

Result<Extent> Disk::extent(std::uint64_t offset, std::uint64_t length) {
  if (length == 0 || !inside(offset, length, description_.size))
    return fail(Code::invalid, "{}: a range beyond the disk's end", file_->name());
  std::uint64_t block_size = metadata_.block_size;
  auto block = offset / block_size, within = offset % block_size;
  TRY(auto blocks, tables_->run(block, divide_up(within + length, block_size)));
  auto joined = std::min(length, blocks.count * block_size - within);
  const auto& entry = blocks.entry;
  if (entry.state == State::present) return data(offset, joined, entry.offset + within);
  if (entry.state == State::partial) return partial_extent(entry, offset, joined);
  if (from_parent(entry)) return extent_of_parent(offset, joined);
  return Extent{offset, joined, entry.state == State::not_present ? Kind::hole : Kind::zero};
}

Result<Extent> Disk::partial_extent(const Entry& entry, std::uint64_t offset,
                                    std::uint64_t length) {
  std::uint64_t sector_size = metadata_.sector_size;
  auto block = offset / metadata_.block_size, within = offset % metadata_.block_size;
  auto first = within / sector_size;
  TRY(auto sectors,
      tables_->sectors(block, first, divide_up(within % sector_size + length, sector_size)));
  auto joined = std::min(length, (first + sectors.count) * sector_size - within);
  if (sectors.here) return data(offset, joined, entry.offset + within);
  return extent_of_parent(offset, joined);
}

}  // namespace truce::image::vhdx
