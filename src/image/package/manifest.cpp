#include "package/manifest.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "package/names.h"

namespace truce::image::package {
namespace {

struct Algorithm {
  ManifestDigest digest;
  std::string_view name;
  std::size_t hex;  // digits
};
// [DSP0243 1.1.0, 5.1] SHA1; [DSP0243 2.1.0, 5.1] SHA256 and SHA512.
constexpr std::array algorithms{Algorithm{ManifestDigest::sha1, "SHA1", 40},
                                Algorithm{ManifestDigest::sha256, "SHA256", 64},
                                Algorithm{ManifestDigest::sha512, "SHA512", 128}};
constexpr std::size_t notes_limit = 100;

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  auto begin = text.find_first_not_of(blanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

std::optional<ManifestEntry> parse_line(std::string_view line) {
  auto open = line.find('('), equals = line.rfind('=');
  if (open == line.npos || equals == line.npos || equals < open) return std::nullopt;
  auto close = line.rfind(')', equals);
  if (close == line.npos || close < open ||
      !trim(line.substr(close + 1, equals - close - 1)).empty())
    return std::nullopt;
  auto word = small_letters(trim(line.substr(0, open)));
  std::erase(word, '-');
  auto hex = small_letters(trim(line.substr(equals + 1)));
  auto known = std::ranges::find_if(
      algorithms, [&](const Algorithm& each) { return small_letters(each.name) == word; });
  if (known == algorithms.end() || hex.size() != known->hex ||
      hex.find_first_not_of("0123456789abcdef") != hex.npos) {
    return std::nullopt;
  }
  return ManifestEntry{known->digest, std::string(trim(line.substr(open + 1, close - open - 1))),
                       std::move(hex)};
}

}  // namespace

const ManifestEntry* Manifest::find(std::string_view name) const {
  auto found = std::ranges::find(entries, name, &ManifestEntry::name);
  return found == entries.end() ? nullptr : &*found;
}

Manifest parse_manifest(std::string_view text) {
  Manifest manifest;
  std::set<std::pair<std::string, ManifestDigest>>
      seen;  // a file is not to be read again and again
  while (!text.empty()) {
    auto end = std::min(text.find('\n'), text.size());
    auto line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    if (auto entry = parse_line(line)) {
      if (seen.emplace(entry->name, entry->digest).second)
        manifest.entries.push_back(*std::move(entry));
    } else if (manifest.notes.size() < notes_limit) {
      manifest.notes.push_back(
          fmt::format("manifest: the line '{}' is not understood", line.substr(0, 200)));
    }
  }
  return manifest;
}

std::string manifest_line(const ManifestEntry& entry) {
  auto known = std::ranges::find(algorithms, entry.digest, &Algorithm::digest);
  TRUCE_ASSERT(known != algorithms.end(), "an entry has a digest");
  return fmt::format("{}({})= {}\n", known->name, entry.name, entry.hex);
}

}  // namespace truce::image::package
