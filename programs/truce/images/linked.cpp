#include "images/verbs.h"

namespace truce::cli {

std::span<const Verb> image_verbs_linked() {
  static constexpr Verb verbs[]{
      {"serve", image_serve}, {"pack", image_pack}, {"unpack", image_unpack}};
  return verbs;
}

}  // namespace truce::cli
