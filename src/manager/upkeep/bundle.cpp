#include "upkeep/bundle.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>

namespace truce::manager {
namespace {

constexpr std::size_t block = 512;

/// One header block: name, mode, owner, size and time in octal, and the sum of all its bytes.
std::string header(std::string name, std::size_t size, Time time) {
  std::string out(block, '\0');
  auto put = [&out](std::size_t at, std::string_view text) {
    std::ranges::copy(text, out.begin() + static_cast<std::ptrdiff_t>(at));
  };
  constexpr std::size_t longest = 100;
  name.resize(std::min(name.size(), longest));
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  put(0, name);
  put(100, "0000600");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", size));
  put(136, fmt::format("{:011o}", seconds));
  put(148, "        ");
  put(156, "0");
  put(257, std::string_view("ustar\00000", 8));
  put(265, "root");
  put(297, "root");
  unsigned sum = 0;
  for (char c : out) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum));
  out[154] = '\0';
  return out;
}

}  // namespace

Result<std::string> packed_tar(const std::string& folder,
                               const std::map<std::string, std::string>& files, Time time) {
  std::string tar;
  for (const auto& [name, content] : files) {
    tar += header(folder + "/" + name, content.size(), time);
    tar += content;
    tar.append((block - content.size() % block) % block, '\0');
  }
  tar.append(2 * block, '\0');
  std::string packed(ZSTD_compressBound(tar.size()), '\0');
  constexpr int level = 6;
  auto size = ZSTD_compress(packed.data(), packed.size(), tar.data(), tar.size(), level);
  if (ZSTD_isError(size)) return fail(Code::internal, "zstd: {}", ZSTD_getErrorName(size));
  packed.resize(size);
  return packed;
}

}  // namespace truce::manager
