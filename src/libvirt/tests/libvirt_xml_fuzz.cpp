#include "documents.h"

// Whatever a host's libvirt describes: the first byte says what it is meant to be.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  using namespace truce::libvirt;
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  switch (bytes[0] % 4) {
    case 0: {
      Places places{
          .pools_by_path = {{"/a", "p"}}, .pools = {{"p", "p"}}, .networks = {{"n", "n"}}};
      auto read = read_domain(text, places);
      if (!read) return 0;
      TRUCE_ASSERT(!read->machine.id.empty() && !read->machine.name.empty(),
                   "a machine with names");
      TRUCE_ASSERT(read->keeps.size() <= read->machine.disks.size(), "what it keeps are its disks");
      auto copy = as_copy(text, "copy", {{"vda", "/a/copy"}});
      TRUCE_ASSERT(copy, "what was read can be copied");
      break;
    }
    case 1:
      if (auto read = read_snapshot(text)) {
        auto both = in_order({*read, *read});
        TRUCE_ASSERT(both.size() == 2 && both[0].parent.empty(),
                     "all of them, the first without a parent");
      }
      break;
    case 2:
      (void)read_pool(text);
      (void)read_volume(text);
      break;
    default:
      (void)read_network(text);
      (void)read_host_uuid(text);
      (void)read_has_kvm(text);
      (void)read_xen_kinds(text);
      (void)read_maker(text);
      break;
  }
  return 0;
}
