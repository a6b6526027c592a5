#include "device_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "words.h"

namespace truce::guest {

namespace {

bool is_small(char c) {
  return c >= 'a' && c <= 'z';
}

/// Takes what is so off the beginning; whether there was any.
bool take(std::string_view& text, bool (*is)(char)) {
  auto end = std::ranges::find_if_not(text, is);
  auto length = static_cast<std::size_t>(end - text.begin());
  text.remove_prefix(length);
  return length > 0;
}

bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

/// Whether a device's name goes on here: then it was another one.
bool goes_on(char c) {
  return is_digit(c) || is_small(c) || (c >= 'A' && c <= 'Z') || c == '/' || c == '_' || c == '-';
}

/// The text with UUIDs, as far as they are known.
class Mending {
 public:
  explicit Mending(const UuidOf& uuid_of) : uuid_of_(uuid_of) {}
  /// A word that may name a disk.
  Result<void> add_device(std::string_view word) {
    std::string name(word), uuid;
    bool disk = is_disk_name(word);
    if (disk) {
      TRY(uuid, uuid_of_(name));
    }
    add(uuid.empty() ? name : "UUID=" + uuid);
    if (!disk) return {};
    auto& lines = uuid.empty() ? mended_.left : mended_.changed;
    auto line = uuid.empty() ? name : fmt::format("{} is UUID={}", name, uuid);
    if (std::ranges::find(lines, line) == lines.end()) lines.push_back(std::move(line));
    return {};
  }
  void add(std::string_view text) { mended_.text += text; }
  Mended take() { return std::move(mended_); }

 private:
  const UuidOf& uuid_of_;
  Mended mended_;
};

}  // namespace

bool is_disk_name(std::string_view device) {
  if (!take(device, "/dev/")) return false;
  if (take(device, "nvme")) {
    if (!take(device, is_digit) || !take(device, "n") || !take(device, is_digit)) return false;
    return device.empty() || (take(device, "p") && take(device, is_digit) && device.empty());
  }
  bool disk = take(device, "sd") || take(device, "vd") || take(device, "xvd") || take(device, "hd");
  if (!disk || !take(device, is_small)) return false;
  (void)take(device, is_digit);
  return device.empty();
}

namespace {

/// Lines of words, of which that one is a device.
Result<Mended> mend_column(std::string_view text, const UuidOf& uuid_of, int column) {
  constexpr std::string_view space = " \t", ends = " \t\r\n";
  Mending mending(uuid_of);
  while (!text.empty()) {
    auto line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
    text.remove_prefix(line.size());
    auto begin = std::min(line.find_first_not_of(space), line.size());
    auto end = std::min(line.find_first_of(ends, begin), line.size());
    for (int i = 0; i < column; ++i) {
      begin = std::min(line.find_first_not_of(space, end), line.size());
      end = std::min(line.find_first_of(ends, begin), line.size());
    }
    mending.add(line.substr(0, begin));
    TRY_VOID(mending.add_device(line.substr(begin, end - begin)));
    mending.add(line.substr(end));
  }
  return mending.take();
}

}  // namespace

Result<Mended> mend_fstab(std::string_view text, const UuidOf& uuid_of) {
  return mend_column(text, uuid_of, 0);
}

Result<Mended> mend_crypttab(std::string_view text, const UuidOf& uuid_of) {
  return mend_column(text, uuid_of, 1);
}

Result<Mended> mend_boot_text(std::string_view text, const UuidOf& uuid_of) {
  constexpr std::array<std::string_view, 3> words{"root=", "resume=", "RESUME="};
  Mending mending(uuid_of);
  for (std::size_t at = 0; at < text.size();) {
    auto rest = text.substr(at);
    bool begins = at == 0 || !goes_on(text[at - 1]);
    const auto* word = std::ranges::find_if(words, [&](auto one) { return rest.starts_with(one); });
    if (!begins || word == words.end()) {
      mending.add(rest.substr(0, 1));
      ++at;
      continue;
    }
    auto value = rest.substr(word->size());
    auto length =
        static_cast<std::size_t>(std::ranges::find_if_not(value, goes_on) - value.begin());
    mending.add(*word);
    TRY_VOID(mending.add_device(value.substr(0, length)));
    at += word->size() + length;
  }
  return mending.take();
}

}  // namespace truce::guest
