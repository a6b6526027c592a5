// The bytes are a checkpoint under a checksum of its own; a conversion goes on from it. The first
// byte chooses the target's format.
#include "image/resume.h"
#include "in_place/memory_folder.h"
#include "resume/checkpoint.h"
#include "sealed.h"

namespace truce::image {
namespace {

constexpr std::size_t disk_size = 256 << 10;

Resumable::Wanted wanted(unsigned choice) {
  struct Choice {
    std::string_view format, option, value;
  };
  static constexpr std::array<Choice, 8> choices{{{"raw", "", ""},
                                                  {"qcow2", "", ""},
                                                  {"qcow2", "compression", "zlib"},
                                                  {"vhd", "", ""},
                                                  {"vmdk", "subformat", "streamOptimized"},
                                                  {"vmdk", "", ""},
                                                  {"vmdk", "subformat", "monolithicFlat"},
                                                  {"qcow2", "data_file", "disk.data"}}};
  const auto& chosen = choices[choice % choices.size()];
  Resumable::Wanted made{.target = "disk", .format = find_format(chosen.format)};
  made.options.size = disk_size;
  if (!chosen.option.empty()) made.options.options[std::string(chosen.option)] = chosen.value;
  made.origin = {77, disk_size};
  return made;
}

void go_on(unsigned choice, Content checkpoint) {
  static const auto disk = sparse_content(disk_size, 2);
  FolderContent content;
  content.names = {{".disk.part", 1},
                   {".disk.truce-checkpoint", 2},
                   {".disk-flat.vmdk.part", 3},
                   {".disk.data.part", 4}};
  for (std::uint64_t inode : {1, 3, 4}) content.files[inode] = Content(400000, std::byte{7});
  content.files[2] = std::move(checkpoint);
  MemoryFolder folder(std::move(content));
  auto on = Resumable::begin(folder, wanted(choice));
  if (!on) return;
  auto image = open(std::make_shared<MemoryFile>("source", disk), {}, "raw").value();
  (void)convert(*image, (*on)->builder(), {.threads = 1, .checkpoints = on->get()});
}

}  // namespace
}  // namespace truce::image

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace truce::image;
  if (size < 1 || size > 65536) return 0;
  auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  (void)resume::parse_checkpoint(bytes);
  Content sealed(bytes.begin(), bytes.end());
  auto digest = digest_of(View(sealed));
  sealed.resize(sealed.size() + 8);
  put_le<std::uint64_t>(sealed, sealed.size() - 8, digest);
  auto checkpoint = resume::parse_checkpoint(sealed);
  if (!checkpoint) return 0;
  // So that more than the comparison of digests is reached.
  auto choice = data[0];
  auto like = wanted(choice);
  checkpoint->origin = like.origin.digest;
  auto text = fmt::format("{} {} {}\n", like.format->name, like.options.size, 512);
  for (const auto& [name, value] : like.options.options)
    text += fmt::format("{}={}\n", name, value);
  checkpoint->choices = digest_of(text);
  checkpoint->parts.front().inode = 1;
  if (checkpoint->parts.size() > 1) checkpoint->parts[1].inode = choice % 8 == 6 ? 3 : 4;
  go_on(choice, resume::write_checkpoint(*checkpoint));
  return 0;
}
