#include "image/formats.h"

#include <algorithm>
#include <array>

#include "rows.h"

namespace truce::image {
namespace {

constexpr std::array<const Format*, 8> table{&raw_format,  &qcow2_format, &vhd_format,
                                             &vhdx_format, &vmdk_format,  &vdi_format,
                                             &qcow_format, &qed_format};

/// What else a format is called, by other programs mostly.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> other_names{
    {{"vpc", "vhd"}, {"qcow1", "qcow"}, {"img", "raw"}}};

std::string names_of(std::span<const Option> options) {
  std::string names;
  for (const auto& option : options) {
    if (!names.empty()) names += ", ";
    names += option.name;
  }
  return names.empty() ? "none" : names;
}

bool listed(std::string_view values, std::string_view value) {
  while (true) {
    auto bar = values.find('|');
    if (values.substr(0, bar) == value) return true;
    if (bar == values.npos) return false;
    values.remove_prefix(bar + 1);
  }
}

Result<void> check_parent(const Format& format, const BuildOptions& chosen) {
  if (!chosen.parent) return {};
  const auto& parent = chosen.parent->description;
  if (format.stands_on == nullptr) {
    std::string able;
    for (const auto* row : table) {
      if (row->stands_on != nullptr) able += fmt::format(" {}", row->name);
    }
    return fail(Code::invalid, "{} cannot stand on another image; these can:{}", format.name, able);
  }
  if (!format.stands_on(parent.format)) {
    return fail(Code::invalid, "{} stands on images of its own format only, and '{}' is {}",
                format.name, chosen.parent->name, parent.format);
  }
  return {};
}

Result<void> check_options(const Format& format, const BuildOptions& chosen) {
  for (const auto& [name, value] : chosen.options) {
    auto row = std::ranges::find(format.options, std::string_view(name), &Option::name);
    if (row == format.options.end()) {
      return fail(Code::invalid, "{} has no option '{}'; there is: {}", format.name, name,
                  names_of(format.options));
    }
    if (!row->values.empty() && !listed(row->values, value)) {
      return fail(Code::invalid, "{}: option {} takes {}, not '{}'", format.name, name, row->values,
                  value);
    }
  }
  return {};
}

/// Two names of one file, or two views of it.
bool same(const File& a, const File& b) {
  const auto* one = dynamic_cast<const DiskFile*>(&a);
  const auto* other = dynamic_cast<const DiskFile*>(&b);
  return &a == &b || (one != nullptr && other != nullptr && one->identity() == other->identity());
}

}  // namespace

std::span<const Format* const> formats() {
  return table;
}

const Format* find_format(std::string_view name) {
  for (const auto& [other, ours] : other_names) {
    if (name == other) name = ours;
  }
  auto found = std::ranges::find(table, name, &Format::name);
  return found == table.end() ? nullptr : *found;
}

Result<const Format*> detect(const File& file) {
  Probe probe;
  probe.size = file.size();
  std::vector<std::byte> head(std::min<std::uint64_t>(probe.size, 65536));
  std::vector<std::byte> tail(std::min<std::uint64_t>(probe.size, 512));
  TRY_VOID(file.read(0, head));
  TRY_VOID(file.read(probe.size - tail.size(), tail));
  probe.head = head;
  probe.tail = tail;
  const Format* found = nullptr;
  for (const auto* format : table) {
    if (!format->matches(probe)) continue;
    if (found != nullptr) {
      return fail(
          Code::precondition,
          "{}: could be {} or {}: say which with -f (a guest can write either into its disk)",
          file.name(), found->name, format->name);
    }
    found = format;
  }
  return found == nullptr ? &raw_format : found;
}

Result<const Format*> format_of(const File& file, std::string_view name) {
  if (name.empty()) return detect(file);
  const auto* row = find_format(name);
  if (row == nullptr) return fail(Code::invalid, "there is no format '{}'", name);
  return row;
}

Result<std::unique_ptr<Image>> open(std::shared_ptr<File> file, const OpenOptions& options,
                                    std::string_view format) {
  TRY(const auto* row, format_of(*file, format));
  auto name = file->name();
  for (const auto* above = options.above; above != nullptr; above = above->next) {
    if (same(*above->file, *file))
      return fail(Code::corrupt, "{}: it stands on itself: the chain of images runs in a circle",
                  name);
  }
  Above here{file.get(), options.above};
  auto within = options;
  within.above = &here;
  auto opened = row->open(std::move(file), within);
  if (!opened)
    return std::unexpected(
        std::move(opened).error().within(fmt::format("{}: {}", name, row->name)));
  if ((*opened)->size() > options.limits.size) {
    return fail(Code::limit, "{}: {}: the disk would have {} bytes, no more than {} are allowed",
                name, row->name, (*opened)->size(), options.limits.size);
  }
  return opened;
}

Result<Repaired> repair(std::shared_ptr<File> file, const RepairOptions& options,
                        std::string_view format) {
  TRY(const auto* row, format_of(*file, format));
  auto name = file->name();
  if (row->repair == nullptr)
    return fail(Code::unsupported, "{}: images of the format {} are not mended here", name,
                row->name);
  auto repaired = row->repair(std::move(file), options);
  if (!repaired)
    return std::unexpected(
        std::move(repaired).error().within(fmt::format("{}: {}", name, row->name)));
  return repaired;
}

Result<std::unique_ptr<Builder>> build(const Format& format, std::shared_ptr<File> file,
                                       const BuildOptions& options) {
  if (format.build == nullptr)
    return fail(Code::unsupported, "{} is only read, not written", format.name);
  TRY_VOID(check_options(format, options));
  TRY_VOID(check_parent(format, options));
  auto begun = format.build(std::move(file), options);
  if (!begun) return std::unexpected(std::move(begun).error().within(format.name));
  return begun;
}

}  // namespace truce::image
