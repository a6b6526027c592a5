// Cuts a large XML document, while it comes, into elements that are small enough to be parsed one
// by one: ten thousand machines in one answer need the memory of one.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace truce::vsphere {

/// What a document may be at most; more is Code::limit.
struct Bounds {
  std::size_t all = std::size_t{2} << 30;       ///< bytes of the document
  std::size_t element = std::size_t{16} << 20;  ///< bytes of an element that is cut out
  std::size_t rest = std::size_t{8} << 20;      ///< bytes of what is left
  std::size_t markup = std::size_t{1} << 20;    ///< bytes between '<' and its '>'
  int depth = 64;
  std::size_t elements = 2'000'000;
};

/// Takes a document's bytes as they come. It looks at the markup only as far as it must to find the
/// elements; who parses these finds what else is wrong with them. A document type is
/// Code::corrupt: with it come entities.
class Cutter {
 public:
  using Sink = std::function<Result<void>(std::string_view element)>;

  /// Elements of that name, whatever their namespace, go to `sink`; not those inside of others.
  /// An empty name: none.
  Cutter(std::string name, Sink sink, Bounds bounds = {});

  Result<void> feed(std::string_view bytes);
  /// The document without the elements that were cut out. Code::corrupt when it has not ended.
  Result<std::string> finish();

 private:
  enum class Step { done, more };
  Result<Step> step();
  Result<std::size_t> end_of_markup() const;
  Result<void> take_tag(std::size_t end);
  Result<void> emit(std::size_t end);
  Result<void> move_rest(std::size_t end);

  std::string name_;
  Sink sink_;
  Bounds bounds_;
  std::string buffer_, rest_;
  std::size_t at_ = 0;    ///< in `buffer_`: looked at up to here
  bool cutting_ = false;  ///< then `buffer_` begins with the element
  int depth_ = 0, cut_depth_ = 0;
  std::size_t fed_ = 0, emitted_ = 0;
};

}  // namespace truce::vsphere
