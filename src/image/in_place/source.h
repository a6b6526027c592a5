// What the source of a change in place consists of.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "in_place/journal.h"

namespace truce::image::in_place {

/// The files of one folder, each of which is opened once.
class OpenFiles final : public Neighbours {
 public:
  explicit OpenFiles(Folder& folder) : folder_(folder) {}
  Result<std::shared_ptr<File>> open(const std::string& name) override;
  Result<std::shared_ptr<File>> create(const std::string& name) override;
  [[nodiscard]] const std::map<std::string, std::shared_ptr<File>>& all() const { return files_; }

 private:
  Folder& folder_;
  std::map<std::string, std::shared_ptr<File>> files_;
};

/// The source, and where its data are. The files stay open and locked.
struct SourceShape {
  Description description;
  std::string data_name;
  std::shared_ptr<File> data;
  std::uint64_t content = 0;
  std::vector<std::byte> end;  ///< of the data's file, behind the disk
};

/// Code::unsupported tells why the data cannot stay where they are.
Result<SourceShape> look_at_source(Folder& folder, OpenFiles& files, const InPlaceOptions& how);

}  // namespace truce::image::in_place
