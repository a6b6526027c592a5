#include "qcow2/choices.h"

#include <bit>
#include <charconv>

#include "byte_order.h"
#include "deflate.h"
#include "qcow2/upkeep/relink.h"

namespace truce::image::qcow2 {
namespace {

/// `65536`, `64k`, `2M`.
Result<std::uint64_t> parse_size(std::string_view name, std::string_view value) {
  std::uint64_t number = 0;
  const auto* end = value.data() + value.size();
  auto [rest, error] = std::from_chars(value.data(), end, number);
  auto unit = std::string_view(rest, end);
  auto shift = unit.empty()                 ? 0
               : unit == "k" || unit == "K" ? 10
               : unit == "M" || unit == "m" ? 20
                                            : -1;
  if (error != std::errc{} || shift < 0 || number > ~std::uint64_t{0} >> 20)
    return fail(Code::invalid, "option {}: '{}' is not a size", name, value);
  return number << shift;
}

Result<void> choose_geometry(const BuildOptions& options, Header& header) {
  TRY(auto cluster_size, parse_size("cluster_size", options.get("cluster_size", "65536")));
  if (!std::has_single_bit(cluster_size) || cluster_size < 1U << smallest_cluster_bits ||
      cluster_size > 1U << largest_cluster_bits) {
    return fail(Code::invalid, "option cluster_size: {} is not a power of two from 512 to 2097152",
                cluster_size);
  }
  header.geometry.cluster_bits = static_cast<std::uint32_t>(std::countr_zero(cluster_size));
  header.geometry.extended = options.get("extended_l2", "off") == "on";
  if (header.geometry.extended && cluster_size < 16384)
    return fail(Code::invalid, "option extended_l2 needs a cluster_size of at least 16384");
  if (options.size % 512 != 0)
    return fail(Code::invalid, "a disk of {} bytes: the size must be a multiple of 512",
                options.size);
  auto l1_entries = divide_up(options.size, header.geometry.table_span());
  if (l1_entries * 8 > largest_l1_bytes) {
    return fail(
        Code::limit,
        "a disk of {} bytes needs a larger cluster_size than {}: QEMU opens L1 tables of {} bytes",
        options.size, cluster_size, largest_l1_bytes);
  }
  header.size = options.size;
  header.l1_entries = static_cast<std::uint32_t>(std::max<std::uint64_t>(l1_entries, 1));
  header.l1_offset = cluster_size;
  return {};
}

/// The backing file that was named by an option, or the parent that the caller has looked at.
Result<void> choose_backing(const BuildOptions& options, Header& header) {
  header.backing_file = options.get("backing_file", "");
  header.backing_format = options.get("backing_format", "");
  if (options.parent) {
    if (!header.backing_file.empty() || !header.backing_format.empty())
      return fail(Code::invalid, "it is to stand on '{}': leave out backing_file, backing_format",
                  options.parent->name);
    header.backing_file = options.parent->name;
    header.backing_format = options.parent->description.format;
  }
  header.backing_format = name_for_qemu(header.backing_format);
  if (header.backing_file.size() > longest_backing_name)
    return fail(Code::invalid, "the backing file's name is longer than {} bytes",
                longest_backing_name);
  if (header.backing_file.empty() && !header.backing_format.empty())
    return fail(Code::invalid, "option backing_format needs a backing_file");
  return {};
}

Result<int> choose_level(const BuildOptions& options, Compression compression) {
  int fallback = compression == Compression::zlib ? 2 : 3;
  int largest = compression == Compression::zlib ? 12 : 19;
  auto value = options.get("level", "");
  if (value.empty()) return fallback;
  if (value == "fast" && compression == Compression::zlib) return Deflater::fast;
  int level = 0;
  auto [rest, error] = std::from_chars(value.data(), value.data() + value.size(), level);
  if (error != std::errc{} || rest != value.data() + value.size() || level < 1 || level > largest)
    return fail(Code::invalid, "option level: '{}' is not a number from 1 to {}{}", value, largest,
                compression == Compression::zlib ? ", and not fast" : "");
  return level;
}

void choose_features(const BuildOptions& options, Choices& choices) {
  auto& header = choices.header;
  auto compression = options.get("compression", "none");
  choices.compressed = compression != "none";
  header.compression = compression == "zstd" ? Compression::zstd : Compression::zlib;
  bool raw_data = options.get("data_file_raw", "off") == "on";
  // What a complete data file holds is the disk: every cluster lies at its own place in it.
  choices.preallocated = raw_data || options.get("preallocation", "off") == "metadata";
  if (raw_data) header.autoclear |= feature::raw_data_file;
  header.version = options.get("compat", "1.1") == "0.10" ? 2 : 3;
  header.data_file = options.get("data_file", "");
  if (!header.data_file.empty()) header.incompatible |= feature::data_file;
  if (header.compression == Compression::zstd) header.incompatible |= feature::compression;
  if (header.geometry.extended) header.incompatible |= feature::extended_l2;
  if (options.get("lazy_refcounts", "off") == "on") header.compatible |= feature::lazy_refcounts;
}

}  // namespace

Result<Choices> choose(const BuildOptions& options) {
  Choices choices;
  TRY_VOID(choose_geometry(options, choices.header));
  choose_features(options, choices);
  TRY_VOID(choose_backing(options, choices.header));
  TRY(choices.level, choose_level(options, choices.header.compression));
  const auto& header = choices.header;
  if (header.version == 2 && (header.incompatible | header.compatible) != 0)
    return fail(Code::invalid,
                "compat=0.10 knows no zstd, extended_l2, data_file or lazy_refcounts");
  if (choices.compressed && header.external_data())
    return fail(Code::invalid, "data in another file (data_file) cannot be compressed");
  if ((header.autoclear & feature::raw_data_file) != 0 && !header.external_data())
    return fail(Code::invalid, "option data_file_raw needs a data_file");
  if (choices.preallocated && (choices.compressed || !header.backing_file.empty()))
    return fail(Code::invalid,
                "preallocation goes neither with compression nor with a backing file");
  if (!choices.compressed && !options.get("level", "").empty())
    return fail(Code::invalid, "option level needs compression");
  TRY_VOID(header_bytes(header));
  return choices;
}

}  // namespace truce::image::qcow2
