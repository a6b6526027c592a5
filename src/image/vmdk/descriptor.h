// The text that tells what a disk consists of. [VDF] "The Descriptor File".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/builder.h"
#include "image/image.h"

namespace truce::image::vmdk {

/// One line of the list of extents.
struct ExtentLine {
  enum class Type { flat, sparse, zero, cowd, sesparse } type = Type::flat;
  bool writable = true;
  std::uint64_t sectors = 0;
  std::string name;          ///< as written: not to be trusted
  std::uint64_t offset = 0;  ///< in the file, sectors
};

struct Descriptor {
  static constexpr std::uint32_t no_parent = 0xffffffff;
  std::uint32_t content_id = 0, parent_id = no_parent;
  std::string create_type, parent_name, adapter_type, hw_version;
  std::string cylinders, heads, track;  ///< the geometry, as written; `track`: sectors of one
  std::vector<ExtentLine> extents;
  std::uint64_t sectors = 0;                             ///< the sum of the extents
  std::size_t content_id_at = 0, content_id_digits = 0;  ///< where in the text the CID stands
  [[nodiscard]] bool has_parent() const { return parent_id != no_parent; }
};

/// One pass over the text. Code::limit for more extents than `limits` allows, Code::unsupported for
/// kinds of disks that are not made of files.
Result<Descriptor> parse_descriptor(std::string_view text, const Limits& limits);

/// A part of the text, as long as what it replaces.
struct TextChange {
  std::size_t at = 0;
  std::string text;
};
/// Gives extent `index` another size: the comment before the list of extents takes up the
/// difference in length. Code::unsupported where there is no room for it.
Result<TextChange> change_extent_size(std::string_view text, std::size_t index,
                                      std::uint64_t sectors);

/// Whether bytes begin like a descriptor: comments, then `version=`.
bool looks_like_descriptor(View head);

/// The text for a new disk; geometry follows from size and adapter type. Code::limit when it would
/// be longer than a descriptor may be.
Result<std::string> write_descriptor(const Descriptor& descriptor);

/// The text with another parent: `name` empty for none. All other lines are as they were.
std::string with_parent(std::string_view text, std::uint32_t parent_id, std::string_view name);

/// In details of a description: what a child's parentCID is compared with.
constexpr std::string_view content_id_row = "CID";
/// The content id of a parent, by its description; Code::invalid when it has none.
Result<std::uint32_t> content_id_of(const Parent& parent);

/// Code::invalid unless the name can stand in a descriptor as it is.
Result<void> check_extent_name(std::string_view name);

}  // namespace truce::image::vmdk
