#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/bytes.h"
#include "http/http.h"

namespace truce::http {

/// The files of a web page, read once and kept in memory. A file `x.gz` beside `x` is what `x` is
/// for clients that take gzip; names below `assets/` hold a hash of their content and are cached
/// for ever.
class Pages {
 public:
  static constexpr Bytes size_limit = mib(32);

  /// Code::not_found when the folder has no `index.html`; Code::limit when it holds more than
  /// `size_limit`.
  static Result<Pages> load(const std::filesystem::path& folder);

  /// Answers GET and HEAD. A path that is no file gets `index.html`, which shows the view of that
  /// name, where the client asks for HTML; else 404. Other methods get 405.
  [[nodiscard]] Response answer(const Request& request) const;

 private:
  struct File {
    std::string content, gzip, type, tag;
    bool lasting = false;
  };
  [[nodiscard]] const File* find(const Request& request) const;

  std::map<std::string, File, std::less<>> files_;  ///< by path, `/assets/x.js`
};

}  // namespace truce::http
