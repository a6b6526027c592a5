// Images that come into a pool, and go out of it, piece by piece.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "base/async.h"
#include "base/result.h"
#include "storage/pool.h"

namespace truce::storage {

/// An upload as it shall be when it is whole.
struct WholeUpload {
  std::string name;
  Bytes size;
  std::string sha256;  ///< lower-case hex; empty: not known
};

/// A file of a template that is being read. What is open stays readable while its template is
/// deleted.
class TemplateReader {
 public:
  virtual ~TemplateReader() = default;
  [[nodiscard]] virtual const TemplateFile& file() const = 0;
  /// As many bytes as there are from `offset` on, at most `size`.
  virtual Async<Result<std::string>> read(std::uint64_t offset, std::size_t size) = 0;
};

/// Capability of a Pool. The verbs of one upload come one at a time.
class Library {
 public:
  virtual ~Library() = default;

  /// Writes a piece of an upload, which begins with the one at offset 0. When this answers, the
  /// piece is on the disk, and so is all before it; what was there behind it is cut off.
  /// Code::corrupt when less is there than `offset`; Code::limit when there is no room.
  virtual Async<Result<void>> write(std::string upload, std::uint64_t offset,
                                    std::string piece) = 0;
  /// Removes all uploads but these. Waits for those that are being written.
  virtual Async<Result<void>> keep(std::set<std::string> uploads) = 0;
  /// Makes a template of an upload: as Pool::import_template does, once size and SHA-256 are right
  /// (Code::corrupt). The upload stays.
  virtual Async<Result<TemplateContent>> make_template(WholeUpload upload,
                                                       std::string template_name,
                                                       Progress progress) = 0;
  /// A file of a template as it is stored: `part`, or where that is empty its disk or ISO.
  /// Code::precondition when it has neither, not_found when it has no such part. `manifest.json` is
  /// a part of each, whose SHA-256 is not told.
  virtual Async<Result<std::shared_ptr<TemplateReader>>> open(std::string template_name,
                                                              std::string part) = 0;
};

}  // namespace truce::storage
