#include "image/create.h"

namespace truce::image {
namespace {

Result<std::filesystem::path> whole_path(const std::filesystem::path& path) {
  std::error_code error;
  auto made = std::filesystem::canonical(path, error);
  if (error)
    return fail(error == std::errc::no_such_file_or_directory ? Code::not_found : Code::io,
                "{}: {}", path.string(), error.message());
  return made;
}

}  // namespace

Result<Parent> parent_for(const std::filesystem::path& child, const std::filesystem::path& parent,
                          std::string_view format) {
  TRY(auto whole, whole_path(parent));
  TRY(auto folder, whole_path(std::filesystem::absolute(child).parent_path()));
  if (folder / child.filename() == whole)
    return fail(Code::conflict, "{}: an image cannot stand on itself", child.string());
  TRY(auto file, DiskFile::open(whole, DiskFile::Access::read_only));
  TRY_VOID(lock_image(*file, Use::read));
  TRY(auto image, open(file, {.external = External::ignore}, format));
  Parent made;
  made.name = (parent.is_absolute() ? whole : whole.lexically_relative(folder)).string();
  made.path = whole.string();
  made.description = image->description();
  return made;
}

Result<void> create_disk(const std::filesystem::path& path, const Format& format,
                         BuildOptions options, Target::Existing existing) {
  if (options.size == 0 && options.parent) options.size = options.parent->description.size;
  TRY(auto target, Target::create(path, existing));
  options.neighbours = &target->neighbours();
  TRY(auto builder, build(format, target->file(), options));
  TRY_VOID(builder->finish(Builder::Durability::durable));
  builder.reset();
  return target->commit(Target::Durability::durable);
}

}  // namespace truce::image
