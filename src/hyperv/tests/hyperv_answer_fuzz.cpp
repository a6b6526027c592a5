#include "picture.h"

// Whatever a server sends as an answer, taken as instances of every class that is read.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  using namespace truce;
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  (void)hyperv::read_embedded(text);
  if (auto path = hyperv::read_path(text))
    TRUCE_ASSERT(path.class_name.size() < size, "a class of nothing");
  auto reply = hyperv::Reply::read(text);
  if (!reply) {
    TRUCE_ASSERT(reply.error().message.size() <= size + 1000, "an error that grows");
    return 0;
  }
  auto page = hyperv::read_page(*reply);
  if (!page) return 0;
  hyperv::Seen seen;
  for (const auto* queries : {&hyperv::watched(), &hyperv::described()})
    for (const auto& query : *queries) seen.classes[std::string(query.class_name)] = page->items;
  for (const auto& [file, machine] : hyperv::disk_files(seen))
    seen.files[file] = {mib(1), file, true};
  (void)hyperv::is_torn(seen);
  auto all = hyperv::picture(seen, "host", "HV1", "Windows");
  TRUCE_ASSERT(all.machines.seen.size() <= page->items.size(), "more machines than instances");
  for (const auto& machine : all.machines.seen)
    TRUCE_ASSERT(machine.snapshots.size() <= page->items.size(), "more snapshots than instances");
  return 0;
}
