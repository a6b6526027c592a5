// Reading tar archives as strictly as files from strangers ask for.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "image/file.h"

namespace truce::image::package {

/// A regular file of an archive: where its bytes lie.
struct Member {
  std::string name;  ///< relative, without `.`, `..` and control characters
  std::uint64_t offset = 0, size = 0;
};

/// Goes through an archive (ustar, GNU, pax) from member to member without reading their content.
/// Folders and AppleDouble files (`._name`) are passed over. Links, devices and sparse members are
/// Code::forbidden or Code::unsupported, names that lead outside Code::forbidden.
class TarReader {
 public:
  static constexpr std::size_t longest_name = 4096;

  /// At most `members` headers are read: Code::limit. The file must outlive the reader.
  TarReader(const File& file, std::uint32_t members) : file_(file), members_left_(members) {}
  /// The next regular file; none at the end.
  Result<std::optional<Member>> next();
  /// What was passed over, a line each; not more than a few.
  [[nodiscard]] const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct Extended {  // what a header in front says about the next one
    std::optional<std::string> name;
    std::optional<std::uint64_t> size;
  };
  Result<std::optional<View>> header();
  Result<void> end_of_archive();
  Result<void> read_extended(char type, std::uint64_t size, Extended& into);
  Result<void> read_pax(std::string_view records, Extended& into);
  Result<bool> wanted(char type, const std::string& name);
  Result<void> step_over(std::uint64_t size);
  void note(std::string text);

  const File& file_;
  std::uint32_t members_left_;
  std::uint64_t at_ = 0;
  std::array<std::byte, 4096> window_;  // headers of small neighbours come with one read
  std::uint64_t window_start_ = 0;
  std::size_t window_size_ = 0;
  std::vector<std::string> notes_;
};

/// Whether the bytes at the beginning of a file are a tar header.
bool looks_like_tar(View head);

}  // namespace truce::image::package
