#include "image/image.h"

#include "image/builder.h"
#include "image/formats.h"

namespace truce::image {

void CheckReport::leak(std::string what) {
  ++leaks;
  if (problems.size() < listed_limit) problems.push_back("leak: " + std::move(what));
}

void CheckReport::corruption(std::string what) {
  ++corruptions;
  if (problems.size() < listed_limit) problems.push_back("corrupt: " + std::move(what));
}

std::unexpected<Error> refused(const Reference& reference) {
  return fail(Code::forbidden,
              "it refers to the {} '{}', and nothing outside an image is opened unless it is "
              "allowed: if you trust the image, give --allow-external FOLDER",
              reference.role, reference.name);
}

Result<std::shared_ptr<Image>> open_parent(const Reference& reference, const OpenOptions& options) {
  if (options.external == External::refuse) return refused(reference);
  TRUCE_ASSERT(options.external == External::follow, "a parent is opened that is to be ignored");
  if (options.depth + 1 >= options.limits.chain) {
    return fail(Code::limit, "the chain of images is longer than {}: does it run in a circle?",
                options.limits.chain);
  }
  TRUCE_ASSERT(options.neighbours != nullptr, "nobody gives the files that are to be followed");
  TRY(auto file, options.neighbours->open(reference.name));
  TRY(auto theirs, options.neighbours->of(*file));
  auto below = options;
  if (theirs) below.neighbours = theirs.get();
  below.identity = Identity::renewed;
  below.depth = options.depth + 1;
  below.read_write = false;
  auto opened = open(std::move(file), below, reference.format);
  if (!opened) {
    return std::unexpected(
        std::move(opened).error().within(fmt::format("{} '{}'", reference.role, reference.name)));
  }
  return std::shared_ptr<Image>(*std::move(opened));
}

std::string BuildOptions::get(std::string_view name, std::string_view otherwise) const {
  auto found = options.find(name);
  return found == options.end() ? std::string(otherwise) : found->second;
}

}  // namespace truce::image
