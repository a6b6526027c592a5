// Every variant that is written, as data: what the proofs run over.
#pragma once

#include <map>

#include "support.h"

namespace truce::image::proof {

/// What a format's writer can do beyond writing.
enum class Can : std::uint8_t { write, resize, snapshot };

struct Variant {
  std::string name, format;
  std::map<std::string, std::string, std::less<>> options;
  std::string qemu;  ///< what QEMU calls the format
  Can can = Can::resize;
  std::uint64_t unit = 512;            ///< sizes are whole multiples of it
  std::uint64_t largest = 1536 << 10;  ///< of a disk that is tried: several blocks
};
inline void PrintTo(const Variant& variant, std::ostream* out) {
  *out << variant.name;
}

/// The variants that can be written in place.
inline const std::vector<Variant>& writable_variants() {
  constexpr auto many = std::uint64_t{7} << 20;  // blocks of 1 or 2 MiB
  static const std::vector<Variant> all{
      {"raw", "raw", {}, "raw", Can::resize, 1},
      {"qcow2", "qcow2", {}, "qcow2", Can::snapshot},
      {"qcow2_v2", "qcow2", {{"compat", "0.10"}}, "qcow2", Can::snapshot},
      {"qcow2_512", "qcow2", {{"cluster_size", "512"}}, "qcow2", Can::snapshot},
      {"qcow2_4k", "qcow2", {{"cluster_size", "4096"}}, "qcow2", Can::snapshot},
      {"qcow2_2m", "qcow2", {{"cluster_size", "2M"}}, "qcow2", Can::snapshot, 512, 5 << 20},
      {"qcow2_subclusters",
       "qcow2",
       {{"extended_l2", "on"}, {"cluster_size", "16384"}},
       "qcow2",
       Can::snapshot},
      {"qcow2_zlib",
       "qcow2",
       {{"compression", "zlib"}, {"cluster_size", "4096"}},
       "qcow2",
       Can::snapshot},
      {"qcow2_zstd",
       "qcow2",
       {{"compression", "zstd"}, {"extended_l2", "on"}},
       "qcow2",
       Can::snapshot},
      {"qcow2_reserved", "qcow2", {{"preallocation", "metadata"}}, "qcow2", Can::snapshot},
      {"qcow2_data_file", "qcow2", {{"data_file", "data.raw"}}, "qcow2"},
      {"vhd", "vhd", {{"block_size", "512K"}}, "vpc"},
      {"vhd_2m", "vhd", {}, "vpc", Can::resize, 512, many},
      {"vhd_fixed", "vhd", {{"subformat", "fixed"}}, "vpc"},
      {"vhdx", "vhdx", {{"block_size", "1MiB"}}, "vhdx", Can::resize, 512, many},
      {"vhdx_4096",
       "vhdx",
       {{"block_size", "1MiB"}, {"logical_sector_size", "4096"}},
       "vhdx",
       Can::resize,
       4096,
       many},
      {"vhdx_fixed",
       "vhdx",
       {{"block_size", "1MiB"}, {"subformat", "fixed"}},
       "vhdx",
       Can::resize,
       512,
       many},
      {"vmdk", "vmdk", {}, "vmdk", Can::write},
      {"vmdk_flat", "vmdk", {{"subformat", "monolithicFlat"}}, "vmdk", Can::write},
      {"vmdk_2gb", "vmdk", {{"subformat", "twoGbMaxExtentSparse"}}, "vmdk", Can::write},
      {"vmdk_2gb_flat", "vmdk", {{"subformat", "twoGbMaxExtentFlat"}}, "vmdk", Can::write},
      {"vdi", "vdi", {}, "vdi", Can::resize, 512, many},
      {"vdi_static", "vdi", {{"subformat", "static"}}, "vdi", Can::write, 512, many},
  };
  return all;
}

/// Files in memory, by name.
class FilesInMemory final : public Neighbours {
 public:
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    auto found = files.find(name);
    if (found == files.end()) return fail(Code::not_found, "there is no '{}'", name);
    return found->second;
  }
  Result<std::shared_ptr<File>> create(const std::string& name) override {
    if (files.contains(name)) return fail(Code::conflict, "'{}' is there", name);
    return files[name] = std::make_shared<MemoryFile>(name);
  }
  std::map<std::string, std::shared_ptr<File>> files;
};

/// The files of one folder, by their names in it.
class FilesInFolder final : public Neighbours {
 public:
  explicit FilesInFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    TRY(auto file, DiskFile::open(folder_ / name, DiskFile::Access::read_write));
    return file;
  }
  Result<std::shared_ptr<File>> create(const std::string& name) override {
    TRY(auto file, DiskFile::create(folder_ / name));
    return file;
  }

 private:
  std::filesystem::path folder_;
};

/// A size up to the variant's largest; odd ones are as likely as round ones.
inline std::uint64_t some_size(const Variant& variant, std::mt19937_64& random) {
  auto units = variant.largest / variant.unit;
  auto mebibyte_units = (std::uint64_t{1} << 20) / variant.unit;
  switch (random() % 6) {
    case 0:
      return variant.unit;
    case 1:
      return variant.unit * 511;
    case 2:
      return variant.unit * (mebibyte_units + 1);
    case 3:
      return variant.unit * mebibyte_units;
    default:
      return variant.unit * (1 + random() % units);
  }
}

}  // namespace truce::image::proof
