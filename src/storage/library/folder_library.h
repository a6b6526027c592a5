// Uploads as files of one folder, and files of templates.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <filesystem>

#include "storage/library.h"

namespace truce::storage {

/// Of any pool that has its templates in folders. `folder` holds nothing but uploads, each a file
/// with its name, and is made when it is needed.
class FolderLibrary final : public Library {
 public:
  FolderLibrary(Pool& pool, std::filesystem::path folder)
      : pool_(pool), folder_(std::move(folder)) {}

  Async<Result<void>> write(std::string upload, std::uint64_t offset, std::string piece) override;
  Async<Result<void>> keep(std::set<std::string> uploads) override;
  Async<Result<TemplateContent>> make_template(WholeUpload upload, std::string template_name,
                                               Progress progress) override;
  Async<Result<std::shared_ptr<TemplateReader>>> open(std::string template_name,
                                                      std::string part) override;

 private:
  Async<Result<void>> check(WholeUpload upload, Progress progress);

  Pool& pool_;
  std::filesystem::path folder_;
  asio::thread_pool writer_{1};   ///< one after the other, so that keep() removes what it shall
  asio::thread_pool readers_{2};  ///< do not wait until others are on the disk
};

}  // namespace truce::storage
