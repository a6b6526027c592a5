// What is written down before an image is changed in place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "image/in_place.h"

namespace truce::image::in_place {

/// One change. The disk's bytes, the first `content` ones of the data's file, are never touched: it
/// gets another end and another name, and a small file beside it comes or goes.
struct Change {
  enum class Stage : std::uint8_t {
    preparing,  ///< nothing was changed yet: to be undone
    decided,    ///< to be finished
  } stage = Stage::preparing;
  std::string source, target;      ///< the images
  std::string data_from, data_to;  ///< the file that holds the data, and what it will be called
  std::uint64_t data_inode = 0;    ///< so that no other file is taken for it
  std::uint64_t source_inode = 0;  ///< of the image that is removed, where it is not the data
  std::uint64_t content = 0;       ///< bytes of the data's file that stay
  std::vector<std::byte> old_end;  ///< what follows them before
  std::uint64_t new_size = 0;      ///< of the data's file
  std::vector<std::byte> new_end;  ///< its last bytes
  static constexpr std::size_t longest_end = 4096;

  [[nodiscard]] std::uint64_t old_size() const { return content + old_end.size(); }
  /// The source's own file goes, for it holds no data.
  [[nodiscard]] bool removes_source() const { return source != data_from; }
  /// The target is a new small file beside the data.
  [[nodiscard]] bool makes_target() const { return target != data_to; }
  [[nodiscard]] bool changes_end() const { return new_size != old_size() || new_end != old_end; }
  /// What the target is called until it is complete.
  [[nodiscard]] std::string unfinished_target() const;
};

inline constexpr std::size_t longest_journal = 32768;
inline constexpr std::string_view journal_suffix = ".truce-journal";
/// `.disk.raw.truce-journal`
std::string journal_name(const std::string& source);

std::vector<std::byte> write_journal(const Change& change);
/// Code::corrupt unless all of it can be true: names are plain, sizes fit one another.
Result<Change> parse_journal(View content);

/// Whether it is the name of a file in a folder, and fits our own names made of it.
bool plain_name(std::string_view name);

}  // namespace truce::image::in_place
