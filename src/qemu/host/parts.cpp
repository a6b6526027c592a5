#include "host/parts.h"

#include <sys/utsname.h>

#include <sstream>

#include "base/file.h"

namespace truce::qemu {

bool Parts::has(const std::string& path) const {
  std::error_code none;
  return std::filesystem::exists(places.root / path, none);
}

std::string Parts::text(const std::string& path) const {
  auto content = read_file(places.root / path, mib(8));
  if (!content) return {};
  while (content->ends_with('\n')) content->pop_back();
  return *content;
}

std::size_t Parts::count(const std::string& folder) const {
  std::error_code ec;
  std::size_t entries = 0;
  for (std::filesystem::directory_iterator at(places.root / folder, ec), end; !ec && at != end;
       at.increment(ec)) {
    ++entries;
  }
  return entries;
}

std::uint64_t Parts::number_in(const std::string& path, const std::string& key) const {
  std::istringstream words(text(path));
  for (std::string word; words >> word;) {
    std::uint64_t number = 0;
    if (word == key && words >> number) return number;
  }
  return 0;
}

bool Parts::has_module(const std::string& name) const {
  if (has("sys/module/" + name)) return true;
  utsname kernel{};
  if (::uname(&kernel) != 0) return false;
  auto folder = std::string("lib/modules/") + kernel.release;
  for (const char* list : {"/modules.builtin", "/modules.dep"}) {
    if (text(folder + list).contains("/" + name + ".ko")) return true;
  }
  return false;
}

std::string Parts::program(const std::string& name) const {
  for (const char* folder : {"usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin"}) {
    auto path = std::string(folder) + "/" + name;
    if (has(path)) return "/" + path;
  }
  return {};
}

std::string rounded(Bytes bytes) {
  if (bytes.count >= gib(1).count)
    return fmt::format("{:.1f}GiB",
                       static_cast<double>(bytes.count) / static_cast<double>(gib(1).count));
  return fmt::format("{}MiB", bytes.count >> 20);
}

}  // namespace truce::qemu
