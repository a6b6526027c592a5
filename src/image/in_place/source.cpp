#include "in_place/source.h"

#include <algorithm>

#include "byte_order.h"

namespace truce::image::in_place {
namespace {

Result<void> check_names(Folder& folder, const std::string& name, InPlaceOptions::Names names) {
  TRY(auto found, folder.look(name));
  if (!found) return fail(Code::not_found, "{}: No such file or directory", name);
  if (found->names > 1 && names == InPlaceOptions::Names::one) {
    return fail(Code::precondition,
                "{}: has {} names (hard links), and the file would change under all of them: "
                "--hard-links if you mean it",
                name, found->names);
  }
  return {};
}

Result<void> check_description(const Description& description) {
  if (!description.snapshots.empty()) {
    return fail(Code::unsupported,
                "it has snapshots, which would be lost with it: delete them first, or convert "
                "without --in-place");
  }
  for (const auto& reference : description.references) {
    if (reference.role == "extent" || reference.role == "data file") continue;
    return fail(Code::unsupported,
                "its {} '{}' holds a part of the disk: only a disk that is whole in one file can "
                "stay where it is",
                reference.role, reference.name);
  }
  return {};
}

std::unexpected<Error> not_here(const Description& description) {
  return fail(Code::unsupported,
              "{}{}{} does not keep the disk as it is, from the beginning of one file on: in place "
              "can be done raw, vhd fixed, vmdk flat in one extent, and qcow2 with a data file; "
              "convert without --in-place",
              description.format, description.variant.empty() ? "" : " ", description.variant);
}

/// What is said to be empty must be so where it would lie.
Result<bool> reads_as_zeros(const File& data, std::uint64_t offset, std::uint64_t length) {
  std::vector<std::byte> buffer(std::min<std::uint64_t>(length, 1 << 20));
  while (length > 0) {
    TRY(auto run, data.run(offset, length));
    if (run.stored) {
      run.length = std::min<std::uint64_t>(run.length, buffer.size());
      auto part = Span(buffer).first(run.length);
      TRY_VOID(data.read(offset, part));
      if (!all_zero(part)) return false;
    }
    offset += run.length;
    length -= run.length;
  }
  return true;
}

/// Whether every byte of the disk lies at its own place in the data's file.
Result<bool> is_identity(Image& image, const File& data) {
  for (std::uint64_t at = 0; at < image.size();) {
    TRY(auto extent, image.extent(at, image.size() - at));
    bool right = extent.kind == Kind::data && extent.file == &data && extent.offset == extent.start;
    if (extent.kind == Kind::hole || extent.kind == Kind::zero) {
      TRY(right, reads_as_zeros(data, at, extent.length));
    }
    if (!right) return false;
    at += extent.length;
  }
  return true;
}

/// Images whose data lie in a file beside them.
Result<void> find_data_beside(Image& image, const OpenFiles& files, SourceShape& shape) {
  if (files.all().size() != 2) return not_here(shape.description);
  for (const auto& [name, file] : files.all()) {
    if (file == shape.data) continue;
    shape.data_name = name;
    shape.data = file;
    break;
  }
  shape.content = shape.description.size;
  if (shape.data->size() != shape.content) {
    return fail(Code::unsupported, "{}: has {} bytes, the disk {}: it cannot stay as it is",
                shape.data_name, shape.data->size(), shape.content);
  }
  TRY(bool identity, is_identity(image, *shape.data));
  if (!identity) {
    return fail(Code::unsupported,
                "the disk's bytes do not lie in {} in their order: convert without --in-place",
                shape.data_name);
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<File>> OpenFiles::open(const std::string& name) {
  if (!plain_name(name)) {
    return fail(Code::unsupported,
                "it refers to '{}', which is not in the same folder: in place goes within one "
                "folder only",
                name);
  }
  auto found = files_.find(name);
  if (found != files_.end()) return found->second;
  TRY(auto file, folder_.open(name));
  files_[name] = file;
  return file;
}

Result<std::shared_ptr<File>> OpenFiles::create(const std::string& name) {
  return fail(Code::forbidden, "{}: is not made while an image is read", name);
}

Result<SourceShape> look_at_source(Folder& folder, OpenFiles& files, const InPlaceOptions& how) {
  TRY_VOID(check_names(folder, how.source, how.names));
  SourceShape shape;
  TRY(shape.data, files.open(how.source));
  shape.data_name = how.source;
  OpenOptions options{.external = how.external, .neighbours = &files};
  TRY(auto image, image::open(shape.data, options, how.source_format));
  shape.description = image->description();
  TRY_VOID(check_description(shape.description));
  const auto& about = shape.description;
  if (about.format == "raw" || (about.format == "vhd" && about.variant == "fixed")) {
    shape.content = about.size;
    auto size = shape.data->size();
    if (size < about.size || size - about.size > Change::longest_end) return not_here(about);
    shape.end.resize(size - about.size);
    TRY_VOID(shape.data->read(about.size, shape.end));
  } else {
    TRY_VOID(find_data_beside(*image, files, shape));
    TRY_VOID(check_names(folder, shape.data_name, how.names));
  }
  if (shape.content == 0) return fail(Code::unsupported, "{}: the disk is empty", how.source);
  return shape;
}

}  // namespace truce::image::in_place
