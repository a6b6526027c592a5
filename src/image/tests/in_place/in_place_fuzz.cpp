// The bytes are a journal, as it is and with a checksum that is right; what it says is carried out
// in a folder in memory.
#include "in_place/journal.h"
#include "memory_folder.h"
#include "sealed.h"

namespace truce::image {
namespace {

void recover_with(Content journal) {
  FolderContent content;
  content.names = {{"disk", 1}, {".disk.truce-journal", 2}, {".x.truce-new", 3}};
  content.files[1] = Content(8192, std::byte{7});
  content.files[2] = std::move(journal);
  content.files[3] = Content(100);
  auto change = in_place::parse_journal(content.files[2]);
  bool ours = change && change->data_inode == 1 && change->content <= 8192;
  // Sizes of more than memory are for real file systems.
  if (change && change->new_size > (1 << 20)) return;
  MemoryFolder folder(std::move(content));
  (void)recover(folder, "disk");
  (void)interrupted(folder, "x");
  auto kept = ours ? change->content : 8192;
  TRUCE_ASSERT(folder.content.files[1].size() >= kept &&
                   std::ranges::all_of(View(folder.content.files[1]).first(kept),
                                       [](std::byte byte) { return byte == std::byte{7}; }),
               "the disk's bytes are not touched");
}

}  // namespace
}  // namespace truce::image

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace truce::image;
  if (size > 65536) return 0;
  auto bytes = std::as_bytes(std::span(data, size));
  recover_with(Content(bytes.begin(), bytes.end()));
  // The same fields under a checksum of their own.
  Content sealed(bytes.begin(), bytes.end());
  auto digest = digest_of(View(sealed));
  sealed.resize(sealed.size() + 8);
  put_le<std::uint64_t>(sealed, sealed.size() - 8, digest);
  recover_with(std::move(sealed));
  return 0;
}
