#include "guest_device.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "device_names.h"

namespace truce::guest {

// Disks on IDE are called by their place, of which some may be free (hda, hdc): with one disk it is
// that one, whatever it is called.
std::string device_here(std::string_view device, std::size_t disks) {
  if (!is_disk_name(device) || disks == 0) return {};
  auto name = device.substr(sizeof("/dev/") - 1);
  std::size_t index = 0;
  std::string_view partition;
  if (name.starts_with("nvme")) {
    auto rest = name.substr(4);
    std::from_chars(rest.data(), rest.data() + rest.size(), index);
    auto p = rest.find('p');
    if (p != rest.npos) partition = rest.substr(p + 1);
  } else {
    auto disk = name.substr(0, name.find_first_of("0123456789"));
    partition = name.substr(disk.size());
    auto letters = disk.substr(disk.find('d') + 1);
    if (letters.size() != 1) return {};
    index = static_cast<std::size_t>(letters[0] - 'a');
    if (name.starts_with("hd") && disks > 1) return {};
  }
  if (disks == 1) index = 0;
  constexpr std::size_t letters = 26;
  if (index >= std::min(disks, letters)) return {};
  return fmt::format("/dev/sd{}{}", static_cast<char>('a' + index), partition);
}

}  // namespace truce::guest
