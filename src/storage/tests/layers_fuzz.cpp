// A record of layers from anywhere: whatever is accepted can be walked, merged and shown.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "layers/layer_tree.h"
#include "storage/layers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace truce::storage;
  auto tree = parse_layers({reinterpret_cast<const char*>(data), size});
  if (!tree) return 0;
  (void)shown(*tree);
  for (const auto& layer : tree->layers) {
    for (const auto& [disk, file] : layer.files) (void)file_at(*tree, tree->current, disk);
  }
  tree->snapshots.clear();
  (void)prune(*tree);
  while (auto step = next_step(*tree)) (void)apply_merge(*tree, *step);
  TRUCE_ASSERT(parse_layers(truce::model::to_text(*tree)).has_value(),
               "what is left is a record again");
  return 0;
}
