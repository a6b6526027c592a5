// What the tests of packages share: archives with anything in their headers, descriptors.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "image/package.h"
#include "package/digest.h"
#include "support.h"
#include "tar/tar_layout.h"
#include "tar/tar_writer.h"

namespace truce::image {

inline Content bytes_of(std::string_view text) {
  auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

/// An archive that is made member by member, right or wrong.
class Archive {
 public:
  Archive& add(const std::string& name, View content, char type = '0') {
    Content header(512);
    put(header, 0, name.substr(0, 100));
    put(header, 100, "0000644");
    put(header, 108, "0000000");
    put(header, 116, "0000000");
    put(header, 124, fmt::format("{:011o}", content.size()));
    put(header, 136, "00000000000");
    header[156] = static_cast<std::byte>(type);
    put(header, 257, "ustar");
    put(header, 263, "00");
    put(header, 265, owner);
    put(header, 148, fmt::format("{:06o}", package::tar::sums(header).of_unsigned));
    bytes.insert(bytes.end(), header.begin(), header.end());
    bytes.insert(bytes.end(), content.begin(), content.end());
    bytes.resize((bytes.size() + 511) / 512 * 512);
    return *this;
  }
  Archive& add(const std::string& name, std::string_view content, char type = '0') {
    return add(name, View(bytes_of(content)), type);
  }
  [[nodiscard]] std::shared_ptr<File> file() const {
    auto whole = bytes;
    whole.resize(whole.size() + 1024);
    return std::make_shared<MemoryFile>("test.ova", whole);
  }

  std::string owner = "root";
  Content bytes;

 private:
  static void put(Content& header, std::size_t at, std::string_view text) {
    std::memcpy(header.data() + at, text.data(), text.size());
  }
};

/// A descriptor of one machine with one disk, parts of which tests change.
struct OvfText {
  std::string href = "disk.raw", file_attributes, capacity = "1048576", units = "byte";
  std::string format = "raw", extra;
  [[nodiscard]] std::string text() const {
    return R"(<?xml version="1.0"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData">
<References><File ovf:id="file1" ovf:href=")" +
           href + "\" " + file_attributes + R"(/></References>
<DiskSection><Info/><Disk ovf:diskId="d1" ovf:fileRef="file1" ovf:capacity=")" +
           capacity + R"(" ovf:capacityAllocationUnits=")" + units + R"(" ovf:format=")" + format +
           R"("/></DiskSection>
<VirtualSystem ovf:id="vm"><Info/><Name>vm</Name><VirtualHardwareSection><Info/>
<Item><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>2</rasd:VirtualQuantity></Item>
<Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>512</rasd:VirtualQuantity></Item>
<Item><rasd:Address>0</rasd:Address><rasd:InstanceID>3</rasd:InstanceID><rasd:ResourceSubType>VirtualSCSI</rasd:ResourceSubType><rasd:ResourceType>6</rasd:ResourceType></Item>
<Item><rasd:AddressOnParent>4</rasd:AddressOnParent><rasd:HostResource>ovf:/disk/d1</rasd:HostResource><rasd:InstanceID>4</rasd:InstanceID><rasd:Parent>3</rasd:Parent><rasd:ResourceType>17</rasd:ResourceType></Item>
)" + extra +
           "</VirtualHardwareSection></VirtualSystem></Envelope>\n";
  }
};

inline std::string sha256(View bytes) {
  return *package::digest_of(ManifestDigest::sha256, bytes);
}

/// Whether one of the lines has the words.
inline bool says(const std::vector<std::string>& lines, std::string_view words) {
  return std::ranges::any_of(lines, [&](const std::string& line) { return line.contains(words); });
}

inline std::string listed(const std::vector<std::string>& lines) {
  std::string all;
  for (const auto& line : lines) all += line + "\n";
  return all;
}

/// The disk as an image to be packed.
inline std::shared_ptr<Image> raw_image(View content) {
  auto file = std::make_shared<MemoryFile>("disk", Content(content.begin(), content.end()));
  return std::shared_ptr<Image>(open(file, {}, "raw").value());
}

}  // namespace truce::image
