// Virtual machines in one piece: OVF and OVA packages, XenServer's XVA.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "image/convert.h"
#include "image/image.h"

namespace truce::image {

enum class Firmware : std::uint8_t { bios, uefi };

/// What a disk hangs on.
enum class Controller : std::uint8_t {
  ide,
  sata,
  lsilogic,
  lsilogic_sas,
  buslogic,
  pvscsi,
  nvme,
  virtio_scsi,
  virtio_block,
  xen,
};

enum class NicModel : std::uint8_t {
  e1000,
  e1000e,
  vmxnet,
  vmxnet3,
  pcnet32,
  rtl8139,
  virtio,
  xen,
};

/// A disk of a machine, as its package speaks of it.
struct PackagedDisk {
  std::string id;      ///< inside the package: `vmdisk1`, `Ref:3`
  std::string name;    ///< for people
  std::string file;    ///< the package's name for its content; empty: a blank disk
  std::string format;  ///< `vmdk`, `raw`; empty where the package does not say a known one
  bool gzip = false;   ///< the file is compressed as a whole: it must be unpacked to be read
  std::uint64_t capacity = 0;  ///< bytes of the guest's disk: from the disk itself where it tells
  Controller controller = Controller::lsilogic;
  std::uint32_t bus = 0;   ///< which controller of its kind
  std::uint32_t unit = 0;  ///< place on the controller
  bool bootable = false;
};

struct PackagedNic {
  NicModel model = NicModel::e1000;
  std::string network;
  std::string mac;  ///< `00:50:56:01:02:03`, or empty: to be made up
};

/// A setting that a package offers to its user; kept as text.
struct PackageProperty {
  std::string product, key, type, value, label, description;
};

/// A machine without any hypervisor's words.
struct Appliance {
  std::string name, description;
  std::uint32_t cpus = 1;
  std::uint32_t cores_per_socket = 0;  ///< 0: not said
  std::uint64_t memory = 0;            ///< bytes
  Firmware firmware = Firmware::bios;
  std::vector<PackagedDisk> disks;
  std::vector<PackagedNic> nics;
  std::uint32_t guest_os_number = 0;  ///< CIM_OperatingSystem.OSType; 0: not said
  std::string guest_os;               ///< VMware's word: `ubuntu64Guest`
  std::string guest_os_text;
  std::vector<std::string> boot_order;  ///< of `disk`, `cdrom`, `network`, `floppy`
  std::vector<PackageProperty> properties;
};

enum class PackageKind : std::uint8_t { ovf, ova, xva };

/// Bounds that hold whatever a package claims.
struct PackageLimits {
  std::uint64_t xml = std::uint64_t{4} << 20;  ///< bytes of a descriptor
  std::uint32_t members = 100'000;             ///< of an OVA
  std::uint32_t chunks = 16'000'000;           ///< members of an XVA: two for each MiB of its disks
  std::uint32_t disks = 256, nics = 256;
};

/// How long work goes on, and whether it shall.
struct PackageWork {
  std::function<void(const Progress&)> progress;
  const std::atomic<bool>* cancelled = nullptr;  ///< looked at between pieces
};

/// An open package. Nothing is unpacked: disks are read where they lie.
class Package {
 public:
  virtual ~Package() = default;
  [[nodiscard]] virtual PackageKind kind() const = 0;
  [[nodiscard]] virtual const Appliance& appliance() const = 0;
  /// What a careful reader would want to know, a line each.
  [[nodiscard]] virtual const std::vector<std::string>& warnings() const = 0;
  /// Opens a disk in place; the image keeps the file open, and may outlive the package.
  /// Code::unsupported for one that is gzipped or blank.
  virtual Result<std::unique_ptr<Image>> open_disk(std::size_t disk) = 0;
  /// The bytes of a disk's file as they lie in the package (for XVA, where there is no such file,
  /// Code::unsupported).
  virtual Result<std::shared_ptr<File>> disk_file(std::size_t disk) = 0;
  /// Of an OVF package: its descriptor, manifest and what else it refers to besides disks.
  virtual Result<std::vector<std::shared_ptr<File>>> further_files() = 0;
  /// Reads the whole package and compares it with its manifest or checksums: Code::corrupt when
  /// they differ, Code::unsupported when it has none.
  virtual Result<void> verify(const PackageWork& work) = 0;
};

struct PackageOptions {
  std::string machine;  ///< `ovf:id` of the one wanted, where a package has several
  PackageLimits limits;
};

/// Opens an OVA or XVA, told apart by content.
Result<std::unique_ptr<Package>> read_package(std::shared_ptr<File> file,
                                              const PackageOptions& options = {});
/// The same for a path: of an OVA or XVA, of an `.ovf`, or of a folder that holds exactly one
/// `.ovf`. The files of an OVF are looked for in its folder and nowhere else.
Result<std::unique_ptr<Package>> read_package(const std::filesystem::path& path,
                                              const PackageOptions& options = {});

struct UnpackOptions {
  /// Format of the disks' files. Empty: as they are in the package (out of an XVA: raw), gzip
  /// taken off.
  std::string format;
  BuildOptions build;  ///< for a new `format`: its options; sizes are set by unpack()
  bool verify = true;  ///< refuse what differs from the manifest or from the checksums
  /// Bytes that one gzipped disk may become.
  std::uint64_t largest_inflated = std::uint64_t{64} << 40;
  PackageWork work;
};

struct Unpacked {
  std::vector<std::string> files;  ///< in the folder
  std::vector<std::string> warnings;
};

/// Writes the disks into files of `folder`, one by one, and for a machine from an OVA or OVF its
/// descriptor. Existing files are never written over: Code::conflict. Files that were begun and not
/// ended are removed.
Result<Unpacked> unpack(Package& package, const std::filesystem::path& folder,
                        const UnpackOptions& options = {});

/// Where a package is written to, byte after byte.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual Result<void> write(View bytes) = 0;
};

/// Into a file, from its beginning.
class FileSink final : public Sink {
 public:
  explicit FileSink(File& file) : file_(file) {}
  Result<void> write(View bytes) override;

 private:
  File& file_;
  std::uint64_t at_ = 0;
};

/// Into a descriptor, which may be a pipe; it is not closed.
class DescriptorSink final : public Sink {
 public:
  DescriptorSink(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  Result<void> write(View bytes) override;

 private:
  int fd_;
  std::string name_;
};

enum class ManifestDigest : std::uint8_t { none, sha1, sha256, sha512 };

struct PackOptions {
  ManifestDigest digest = ManifestDigest::sha256;  ///< SHA-1 only for old VMware and VirtualBox
  std::string hardware = "vmx-13";                 ///< VMware's virtual system type
  /// A folder for disks that must be compressed before their size is known (nameless files).
  std::filesystem::path staging = ".";
  ConvertOptions convert;     ///< how they are compressed; its progress is not used
  std::int64_t modified = 0;  ///< times in the archive, seconds since 1970
  PackageWork work;
};

/// A disk to be packed. Where `ready` is given (a streamOptimized VMDK) it goes in as it is.
struct DiskToPack {
  std::shared_ptr<Image> image;
  std::shared_ptr<File> ready;
};

/// A machine around disks that come without any: one CPU, 1 GiB, and what runs nearly everywhere.
Appliance plain_appliance(std::string name, std::size_t disks);

struct Packed {
  std::vector<std::string> warnings;  ///< what the package cannot say
};

/// Writes an OVA: descriptor first, then the disks as streamOptimized VMDK, then the manifest.
/// `disks` are those of the appliance, in its order; names, formats and capacities are set from
/// them.
Result<Packed> pack_ova(Appliance appliance, const std::vector<DiskToPack>& disks, Sink& to,
                        const PackOptions& options = {});
/// Writes an XVA that `xe vm-import` takes.
Result<Packed> pack_xva(Appliance appliance, const std::vector<DiskToPack>& disks, Sink& to,
                        const PackOptions& options = {});

}  // namespace truce::image
