#include "image/chain.h"

namespace truce::image {
namespace {

std::unexpected<Error> not_followed(const std::string& name) {
  return fail(Code::forbidden,
              "it refers to '{}', and nothing but what is named is opened unless it is allowed: if "
              "you trust it, give --allow-external FOLDER",
              name);
}

/// For what was not allowed.
class Nothing final : public Neighbours {
 public:
  Result<std::shared_ptr<File>> open(const std::string& name) override {
    return not_followed(name);
  }
  Result<std::shared_ptr<File>> create(const std::string& name) override {
    return not_followed(name);
  }
};

}  // namespace

Result<std::shared_ptr<File>> GivenParent::open(const std::string&) {
  return file_;
}

Result<std::shared_ptr<File>> GivenParent::create(const std::string& name) {
  return not_followed(name);
}

Result<std::unique_ptr<Neighbours>> GivenParent::of(const File& file) {
  if (further_ != nullptr) return further_->of(file);
  return std::make_unique<Nothing>();
}

Result<std::shared_ptr<File>> WrittenParent::open(const std::string& name) {
  TRY(file_, folder_.open_to_write(name));
  return std::shared_ptr<File>(file_);
}

Result<std::shared_ptr<File>> WrittenParent::create(const std::string& name) {
  return not_followed(name);
}

}  // namespace truce::image
