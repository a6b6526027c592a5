#include "guest/prepare.h"

#include "linux.h"
#include "windows.h"

namespace truce::guest {

Result<Prepared> prepare(Files& files, const Guest& guest, const Order& order) {
  return guest.family == Family::windows ? prepare_windows(files) : prepare_linux(files, order);
}

}  // namespace truce::guest
