// Texts of a guest: whatever stands in them, what is not understood stays as it is.
#include <cstdlib>

#include "cards.h"
#include "device_names.h"
#include "drivers.h"
#include "guest_device.h"

using namespace truce;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  auto nothing = [](const std::string&) -> Result<std::string> { return std::string(); };
  auto uuid = [](const std::string& device) -> Result<std::string> {
    if (!guest::is_disk_name(device)) std::abort();
    (void)guest::device_here(device, 2);
    return std::string("u");
  };
  for (auto* mend : {&guest::mend_fstab, &guest::mend_crypttab, &guest::mend_boot_text}) {
    auto same = (*mend)(text, nothing);
    if (!same || same->text != text) std::abort();
    auto once = (*mend)(text, uuid);
    if (!once) std::abort();
    auto twice = (*mend)(once->text, uuid);
    if (!twice || twice->text != once->text) std::abort();
  }
  for (auto* cards : {&guest::cards_in_interfaces, &guest::cards_in_netplan,
                      &guest::cards_in_keyfile, &guest::cards_in_network, &guest::cards_in_ifcfg})
    for (const auto& card : (*cards)(text))
      if (!guest::is_card_name(card)) std::abort();
  (void)guest::modules_in(text);
  (void)guest::modules_listed(text);
  return 0;
}
