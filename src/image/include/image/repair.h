// Mending an image in place.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "image/file.h"

namespace truce::image {

class Neighbours;

/// What a repair may give up.
enum class Giving {
  nothing,        ///< what it does loses no byte of the disk
  damaged_parts,  ///< parts of the disk whose place cannot be right become zeros
};

struct RepairOptions {
  Giving giving = Giving::nothing;
  Neighbours* neighbours = nullptr;  ///< gives extents, to be written; null: none are opened
};

/// What a repair did, and what it did not do; a line each, lists are cut at 1,000.
struct Repaired {
  static constexpr std::size_t listed_limit = 1000;
  std::vector<std::string> done, left;
  void mended(std::string what) { add(done, std::move(what)); }
  void remains(std::string what) { add(left, std::move(what)); }

 private:
  static void add(std::vector<std::string>& list, std::string what) {
    if (list.size() < listed_limit) list.push_back(std::move(what));
  }
};

/// Mends the image in `file`, which nobody else has open; `format` is empty when its content tells.
/// Where nothing is wrong nothing is written. A crash at any write leaves an image that holds what
/// it held and that can be repaired. Code::unsupported: images of this format are not mended here.
Result<Repaired> repair(std::shared_ptr<File> file, const RepairOptions& options,
                        std::string_view format = {});

}  // namespace truce::image
