#include "images/verbs.h"

#include <malloc.h>

#include <boost/json.hpp>

#include "base/bytes.h"
#include "image/confine.h"
#include "images/pipes.h"
#include "output.h"
#include "terminal.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

json::object described(const image::Description& described) {
  json::object out{{"format", described.format},
                   {"variant", described.variant},
                   {"size", described.size},
                   {"block_size", described.block_size},
                   {"sector_size", described.sector_size},
                   {"compressed", described.compressed}};
  json::array references, snapshots, bitmaps, warnings;
  for (const auto& [role, name, format] : described.references)
    references.push_back(json::object{{"role", role}, {"name", name}, {"format", format}});
  for (const auto& snapshot : described.snapshots) {
    snapshots.push_back(json::object{{"id", snapshot.id},
                                     {"name", snapshot.name},
                                     {"created", snapshot.created},
                                     {"size", snapshot.size},
                                     {"machine_state", snapshot.machine_state}});
  }
  for (const auto& bitmap : described.bitmaps) {
    bitmaps.push_back(json::object{{"name", bitmap.name},
                                   {"granularity", bitmap.granularity},
                                   {"enabled", bitmap.enabled},
                                   {"inconsistent", bitmap.inconsistent}});
  }
  for (const auto& warning : described.warnings) warnings.emplace_back(warning);
  json::object details;
  for (const auto& [name, value] : described.details) details[name] = value;
  out["references"] = std::move(references);
  out["snapshots"] = std::move(snapshots);
  out["bitmaps"] = std::move(bitmaps);
  out["details"] = std::move(details);
  out["warnings"] = std::move(warnings);
  return out;
}

std::string size_text(std::uint64_t bytes) {
  return fmt::format("{} ({} bytes)", to_string(Bytes{bytes}), bytes);
}

/// For people: a line a fact, what is empty is left out. All names come from the image.
std::string described_for_people(const image::Description& described, std::uint64_t stored) {
  std::vector<TableRow> rows;
  auto row = [&](std::string name, const std::string& value) {
    if (!value.empty()) rows.push_back({std::move(name), printable(value)});
  };
  row("format", described.format +
                    (described.variant.empty() ? "" : fmt::format(" ({})", described.variant)));
  row("size", size_text(described.size));
  row("file", size_text(stored));
  if (described.block_size != 0) row("block size", to_string(Bytes{described.block_size}));
  if (described.sector_size != 512) row("sector size", fmt::format("{}", described.sector_size));
  if (described.compressed) row("compressed", "yes");
  for (const auto& reference : described.references)
    row(reference.role,
        reference.name + (reference.format.empty() ? "" : fmt::format(" ({})", reference.format)));
  for (const auto& snapshot : described.snapshots)
    row("snapshot", fmt::format("{} {}", snapshot.id, snapshot.name));
  for (const auto& bitmap : described.bitmaps) {
    row("bitmap",
        fmt::format("{} (a bit for {}, {})", bitmap.name, to_string(Bytes{bitmap.granularity}),
                    bitmap.inconsistent ? "out of date"
                    : bitmap.enabled    ? "records writes"
                                        : "does not record"));
  }
  for (const auto& [name, value] : described.details) row(printable(name), value);
  for (const auto& warning : described.warnings) row("warning", warning);
  auto widths = table_widths({{}, {}}, rows);
  std::string out;
  for (const auto& one : rows) out += table_line({{}, {}}, widths, one);
  return out;
}

Result<int> image_info(const Invocation& invocation) {
  TRY(auto source, open_source(invocation.value("file"), invocation.value("source-format"),
                               invocation, image::External::ignore));
  const auto& description = source.image->description();
  if (invocation.style == Style::table) {
    print(described_for_people(description, source.file->size()));
  } else {
    auto object = described(description);
    object["file_size"] = source.file->size();
    print_object(object, invocation.style);
  }
  return 0;
}

std::string_view kind_name(image::Kind kind) {
  switch (kind) {
    case image::Kind::data:
      return "data";
    case image::Kind::compressed:
      return "compressed";
    case image::Kind::zero:
      return "zero";
    case image::Kind::hole:
      return "hole";
  }
  return "";
}

/// Joins what the format gave in pieces. One row at a time: a map can be longer than memory.
class MapRows {
 public:
  explicit MapRows(Style style) : style_(style) {
    if (style_ == Style::csv) print(csv_line({"start", "length", "kind", "offset", "file"}));
    if (style_ == Style::table)
      print(fmt::format("{:>16}  {:>16}  {:<10}  {:>16}  {}\n", "START", "LENGTH", "KIND", "OFFSET",
                        "FILE"));
    if (style_ == Style::json) print("[");
  }
  void add(const image::Extent& next) {
    bool joined = last_.length > 0 && last_.kind == next.kind && last_.file == next.file &&
                  (next.file == nullptr || last_.offset + last_.length == next.offset);
    if (joined) {
      last_.length += next.length;
      return;
    }
    flush();
    last_ = next;
  }
  void end() {
    flush();
    if (style_ == Style::json) print(first_ ? "]\n" : "\n]\n");
  }

 private:
  void flush() {
    if (last_.length == 0) return;
    bool stored = last_.file != nullptr;
    auto name = stored ? printable(last_.file->name()) : std::string();
    auto offset = stored ? fmt::format("{}", last_.offset) : std::string();
    if (style_ == Style::table) {
      print(fmt::format("{:>16}  {:>16}  {:<10}  {:>16}  {}\n", last_.start, last_.length,
                        kind_name(last_.kind), stored ? offset : "-", stored ? name : "-"));
    } else if (style_ == Style::csv) {
      print(csv_line({fmt::format("{}", last_.start), fmt::format("{}", last_.length),
                      std::string(kind_name(last_.kind)), offset, name}));
    } else {
      json::object row{
          {"start", last_.start}, {"length", last_.length}, {"kind", kind_name(last_.kind)}};
      if (stored) {
        row["offset"] = last_.offset;
        row["file"] = name;
      }
      if (style_ == Style::yaml) print("- " + json::serialize(row) + "\n");
      if (style_ == Style::json) print((first_ ? "\n  " : ",\n  ") + json::serialize(row));
    }
    first_ = false;
  }

  Style style_;
  image::Extent last_;
  bool first_ = true;
};

Result<int> image_map(const Invocation& invocation) {
  TRY(auto source, open_source_at(invocation.value("snapshot"), invocation.value("file"),
                                  invocation.value("source-format"), invocation));
  MapRows rows(invocation.style);
  for (std::uint64_t at = 0; at < source.image->size();) {
    TRY(auto extent, source.image->extent(at, source.image->size() - at));
    rows.add(extent);
    at += extent.length;
  }
  rows.end();
  return 0;
}

Result<int> image_formats(const Invocation& invocation) {
  std::vector<TableRow> rows;
  json::array all;
  for (const auto* format : image::formats()) {
    std::string access = format->build == nullptr ? "read" : "read, write";
    rows.push_back({std::string(format->name), access, std::string(format->title), ""});
    json::array options;
    for (const auto& option : format->options) {
      auto values = option.values.empty() ? option.fallback : option.values;
      rows.push_back(
          {"", "", fmt::format("-o {}={}", option.name, values), std::string(option.help)});
      options.push_back(json::object{{"name", option.name},
                                     {"default", option.fallback},
                                     {"values", option.values},
                                     {"help", option.help}});
    }
    all.push_back(json::object{{"name", format->name},
                               {"title", format->title},
                               {"writable", format->build != nullptr},
                               {"options", std::move(options)}});
  }
  if (invocation.style == Style::table) {
    print(table({{"FORMAT"}, {"ACCESS"}, {"WHAT"}, {""}}, rows));
  } else {
    print_object(all, invocation.style);
  }
  return 0;
}

constexpr Verb verbs_alone[]{
    {"info", image_info},        {"map", image_map},         {"check", image_check},
    {"compare", image_compare},  {"convert", image_convert}, {"create", image_create},
    {"formats", image_formats},  {"resize", image_resize},   {"rebase", image_rebase},
    {"commit", image_commit},    {"measure", image_measure}, {"recover", image_recover},
    {"snapshot", image_snapshot}};

}  // namespace

void print_object(const json::value& object, Style style, Channel channel) {
  print(style == Style::yaml ? yaml(object) : pretty_json(object), channel);
}

std::span<const Verb> image_verbs_alone() {
  return verbs_alone;
}

Result<const image::Format*> named_format(const std::string& name) {
  const auto* format = image::find_format(name);
  if (format != nullptr) return format;
  std::string names;
  for (const auto* row : image::formats()) names += fmt::format(" {}", row->name);
  return fail(Code::invalid, "there is no format '{}', only:{}", name, names);
}

Result<image::BuildOptions> build_options(const Invocation& invocation,
                                          const image::Format& format) {
  image::BuildOptions options;
  if (invocation.has("compress")) {
    if (format.name == "qcow2") {
      options.options["compression"] = "zlib";
    } else if (format.name == "vmdk") {
      options.options["subformat"] = "streamOptimized";
    } else {
      return fail(Code::invalid, "{} cannot be compressed; qcow2 and vmdk can", format.name);
    }
  }
  auto given = invocation.given.find("option");
  if (given == invocation.given.end()) return options;
  for (const auto& text : given->second) {
    auto equals = text.find('=');
    if (equals == text.npos || equals == 0)
      return fail(Code::invalid, "-o takes KEY=VALUE, not '{}'", text);
    options.options[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return options;
}

json::array lines(const std::vector<std::string>& from) {
  return json::array(from.begin(), from.end());
}

Result<int> run_image(const Invocation& invocation, std::span<const Verb> verbs) {
  TRY_VOID(
      expect_pipes_fit(invocation));  // before anything is opened: it could become descriptor 1
  if (invocation.row->verb != "recover" && !invocation.has("in-place"))
    TRY_VOID(refuse_interrupted(invocation));
  // Buffers of a MiB or two come and go: the C library would map each anew, page by page.
  ::mallopt(M_MMAP_THRESHOLD, 64 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
  // Rules name what exists.
  if (invocation.has("folder")) TRY_VOID(make_folder(invocation.value("folder")));
  TRY(auto network, reach_network(invocation));
  TRY_VOID(image::confine(file_rules(invocation), network));
  for (const auto& verb : verbs) {
    if (verb.name == invocation.row->verb) return verb.run(invocation);
  }
  return fail(Code::internal, "image {}: nobody carries this out", invocation.row->verb);
}

}  // namespace truce::cli
