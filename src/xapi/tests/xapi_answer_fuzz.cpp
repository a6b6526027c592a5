#include "cutter.h"
#include "picture.h"

// Whatever a server sends as an answer to event.from, in pieces of any size: the first byte.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  using namespace truce;
  if (size == 0) return 0;
  std::size_t piece = std::size_t{bytes[0]} + 1;
  std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  xapi::Picture picture;
  std::size_t events = 0;
  xapi::Cutter cutter([&](std::string_view event) -> Result<void> {
    ++events;
    return picture.take(event);
  });
  bool well = true;
  for (std::size_t at = 0; at < text.size() && well; at += piece)
    well = cutter.feed(text.substr(at, piece)).has_value();
  if (!well) return 0;
  if (auto rest = cutter.finish()) {
    TRUCE_ASSERT(rest->size() <= text.size(), "more than there was");
    auto answer = xapi::read_answer(*rest);
    auto code = answer ? std::string_view() : xapi::code_in(answer.error());
    TRUCE_ASSERT(code.size() <= size, "a code of nothing");
  }
  auto all = picture.collect(platform::Update::Extent::whole);
  TRUCE_ASSERT(all.machines.seen.size() <= events, "more machines than events");
  for (const auto& machine : all.machines.seen)
    TRUCE_ASSERT(machine.snapshots.size() <= events, "more snapshots than events");
  return 0;
}
