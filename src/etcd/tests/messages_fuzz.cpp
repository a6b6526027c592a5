#include <string>

#include "messages.h"

// Whatever a member says: a message or an error.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(bytes), size);
  static_cast<void>(truce::etcd::parse_range(text));
  static_cast<void>(truce::etcd::parse_txn(text));
  static_cast<void>(truce::etcd::parse_put(text));
  static_cast<void>(truce::etcd::parse_token(text));
  static_cast<void>(truce::etcd::parse_added(text));
  static_cast<void>(truce::etcd::parse_members(text));
  static_cast<void>(truce::etcd::parse_status(text));
  if (auto piece = truce::etcd::parse_piece(text)) {
    TRUCE_ASSERT(piece->bytes.size() <= size, "more than there was");
  }
  if (auto watch = truce::etcd::parse_watch(text)) {
    TRUCE_ASSERT(watch->events.size() <= size, "more events than bytes");
  }
  return 0;
}
