#include "package/names.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>

#include "base/random.h"

namespace truce::image::package {

Result<std::string> file_name(std::string_view given) {
  auto name = given.substr(given.rfind('/') + 1);
  bool control =
      std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < 32; });
  if (name.empty() || name.starts_with('.') || control || name.size() > 255)
    return fail(Code::forbidden, "'{}' cannot be a file's name", name);
  return std::string(name);
}

std::string safe_name(std::string_view machine) {
  constexpr std::size_t longest = 64;
  std::string name;
  for (char c : machine) {
    auto byte = static_cast<unsigned char>(c);
    bool plain = byte >= 128 || std::isalnum(byte) != 0 || c == '-' || c == '_' ||
                 (c == '.' && !name.empty());
    name += plain ? c : '_';
  }
  if (name.size() > longest) {  // not in the middle of a character
    auto end = longest;
    while ((static_cast<unsigned char>(name[end]) & 0xc0) == 0x80 && end > 0) --end;
    name.resize(end);
  }
  return name.empty() ? "machine" : name;
}

std::string small_letters(std::string_view text) {
  std::string small(text);
  for (auto& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return small;
}

Result<std::shared_ptr<DiskFile>> nameless_file(const std::filesystem::path& folder) {
  Fd fd(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  auto name = (folder / (".truce-" + random_hex(8) + ".part")).string();
  if (!fd) {  // a file system that has none
    TRY(fd, open_file(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW));
    ::unlink(name.c_str());
  }
  return DiskFile::adopt(std::move(fd), std::move(name));
}

}  // namespace truce::image::package
