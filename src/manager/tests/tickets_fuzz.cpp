// Whatever is asked for as a console's ticket: only one that was given out opens anything, and
// once.
#include <set>

#include "consoles.h"

using namespace truce;
using namespace truce::manager;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  Consoles consoles;
  std::set<std::string> open;
  for (std::size_t at = 0; at < size;) {
    auto what = bytes[at++];
    if (what % 4 == 0) {
      auto issued = consoles.issue("uuid", model::ConsoleKind::serial, "");
      TRUCE_ASSERT(issued || open.size() >= 1000, "there is room for a thousand");
      if (issued) open.insert(*issued);
      continue;
    }
    std::string key(reinterpret_cast<const char*>(bytes + at),
                    std::min<std::size_t>(what, size - at));
    at += key.size();
    // Some are nearly right: the begin of one that was given out.
    if (what % 4 == 1 && !open.empty()) key = open.begin()->substr(0, key.size());
    if (what % 4 == 2 && !open.empty()) key = *open.begin();
    bool good = open.erase(key) == 1;
    TRUCE_ASSERT(consoles.redeem(key).has_value() == good, "a ticket opens once");
    TRUCE_ASSERT(!consoles.redeem(key), "and not again");
  }
  return 0;
}
