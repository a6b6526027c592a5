// Images that stand on others: made, moved to another parent, written down into it.
#include <boost/json.hpp>

#include "base/bytes.h"
#include "image/chain.h"
#include "image/create.h"
#include "images/bar.h"
#include "images/verbs.h"
#include "terminal.h"
#include "text_formats.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

using Access = image::DiskFile::Access;

/// The image of --backing, open: by what the new image will know it, and what it holds.
struct OpenParent {
  image::Parent named;
  std::unique_ptr<image::FolderNeighbours> allowed;
  std::shared_ptr<image::DiskFile> file;
  std::unique_ptr<image::Image> image;
};

Result<image::Parent> named_parent(const std::string& child, const Invocation& invocation) {
  auto format = invocation.value("backing-format");
  if (!format.empty()) TRY_VOID(named_format(format));
  return image::parent_for(child, invocation.value("backing"), format);
}

Result<OpenParent> open_named_parent(const std::string& child, const Invocation& invocation,
                                     const image::Above* above = nullptr) {
  OpenParent parent;
  TRY(parent.named, named_parent(child, invocation));
  TRY(parent.allowed, allowed_for(parent.named.path, invocation));
  TRY(parent.file, locked_file(parent.named.path, Access::read_only));
  auto options = following(parent.allowed.get());
  options.above = above;
  TRY(parent.image, image::open(parent.file, options, parent.named.description.format));
  return parent;
}

image::LayerOptions with_bar(Bar& bar, const Invocation& invocation) {
  image::LayerOptions options{
      .progress = [&](const image::Progress& progress) { bar.show(progress); },
      .cancelled = &Interruptible::interrupted};
  if (invocation.quiet) options.progress = nullptr;
  return options;
}

/// One line, or an object.
void tell(const Invocation& invocation, const std::string& line, const json::object& object) {
  if (invocation.quiet) return;
  if (invocation.style == Style::table) {
    print(printable(line) + "\n");
  } else {
    print_object(object, invocation.style);
  }
}

/// Null when the image stands on none.
const image::Reference* reference_to_parent(const image::Image& image) {
  for (const auto& reference : image.description().references) {
    if (reference.role == "parent" || reference.role == "backing file") return &reference;
  }
  return nullptr;
}

Result<void> name_only(const std::string& name, const Invocation& invocation) {
  TRY(auto file, locked_file(name, Access::read_write));
  TRY(auto image, image::open(file, {.external = image::External::ignore, .read_write = true},
                              invocation.value("source-format")));
  auto* layer = image->layer();
  if (layer == nullptr)
    return fail(Code::invalid, "{}: it is {} {}, which stands on no other image", name,
                image->description().format, image->description().variant);
  TRY(auto parent, named_parent(name, invocation));
  TRY_VOID(layer->stand_on(&parent));
  tell(invocation, fmt::format("{}: names '{}' now; nothing was compared", name, parent.name),
       {{"file", name}, {"parent", parent.name}, {"written", 0}});
  return {};
}

}  // namespace

Result<int> image_create(const Invocation& invocation) {
  auto name = invocation.value("file");
  TRY(const auto* format, named_format(invocation.value("target-format", "raw")));
  TRY(auto options, build_options(invocation, *format));
  if (invocation.has("backing")) {
    TRY(options.parent, named_parent(name, invocation));
    options.size = options.parent->description.size;
    options.sector_size = options.parent->description.sector_size;
  }
  if (auto text = invocation.value("size"); !text.empty()) {
    TRY(auto size, parse_bytes(text));
    options.size = size.count;
  } else if (!options.parent) {
    return fail(Code::invalid, "{}: a disk of which SIZE? It may be left out with --backing only",
                name);
  }
  TRY_VOID(image::create_disk(name, *format, options, existing_of(invocation)));
  auto on = options.parent ? fmt::format(", on '{}'", options.parent->name) : std::string();
  if (!invocation.quiet) {
    print(printable(fmt::format("{}: {} disk of {}{}", name, format->name,
                                to_string(Bytes{options.size}), on)) +
          "\n");
  }
  return 0;
}

Result<int> image_convert_onto_parent(const Invocation& invocation) {
  auto name = invocation.value("target");
  TRY(const auto* format, named_format(invocation.value("target-format", "qcow2")));
  TRY(auto options, build_options(invocation, *format));
  if (invocation.has("compress") || options.options.contains("compression"))
    return fail(Code::invalid, "what is written over a parent is not compressed");
  TRY(auto source,
      open_source(invocation.value("source"), invocation.value("source-format"), invocation));
  TRY_VOID(tell_damage(source, invocation));
  TRY(auto parent, open_named_parent(name, invocation));
  options.size = source.image->size();
  options.sector_size = source.image->description().sector_size;
  options.parent = parent.named;
  Interruptible interruptible;
  TRY(auto target, image::Target::create(name, existing_of(invocation)));
  options.neighbours = &target->neighbours();
  TRY(auto builder, image::build(*format, target->file(), options));
  TRY_VOID(builder->finish(image::Builder::Durability::none));
  builder.reset();
  image::GivenParent given(parent.file, parent.allowed.get());
  auto open_options = following(&given);
  open_options.read_write = true;
  TRY(auto made, image::open(target->file(), open_options, format->name));
  Bar bar("image convert", name, !invocation.quiet);
  TRY(auto written, image::write_differences(*source.image, parent.image.get(), *made,
                                             with_bar(bar, invocation)));
  TRY_VOID(made->writable()->close());
  made.reset();
  TRY_VOID(target->commit(invocation.has("no-sync") ? image::Target::Durability::none
                                                    : image::Target::Durability::durable));
  bar.end();
  tell(invocation,
       fmt::format("{}: {} disk of {} on '{}': {} differ and were written", name, format->name,
                   to_string(Bytes{options.size}), parent.named.name, to_string(Bytes{written})),
       {{"target", name},
        {"format", format->name},
        {"size", options.size},
        {"parent", parent.named.name},
        {"written", written}});
  return 0;
}

Result<int> image_rebase(const Invocation& invocation) {
  auto name = invocation.value("file");
  bool none = invocation.has("none");
  if (none == invocation.has("backing"))
    return fail(Code::invalid, "--backing NEW_PARENT, or --none: one of the two");
  if (invocation.has("unsafe")) {
    if (none)
      return fail(Code::invalid, "--none copies what the parent has: it goes without --unsafe");
    TRY_VOID(name_only(name, invocation));
    return 0;
  }
  TRY(auto file, locked_file(name, Access::read_write));
  TRY(auto allowed, allowed_for(name, invocation));
  auto options = following(allowed.get());
  options.read_write = true;
  TRY(auto image, image::open(file, options, invocation.value("source-format")));
  OpenParent parent;
  image::Above above{file.get(), nullptr};
  if (!none) {
    TRY(parent, open_named_parent(name, invocation, &above));
  }
  Interruptible interruptible;
  Bar bar("image rebase", name, !invocation.quiet);
  TRY(auto written, image::rebase(*image, parent.image.get(), none ? nullptr : &parent.named,
                                  with_bar(bar, invocation)));
  bar.end();
  auto how =
      none ? std::string("stands alone now") : fmt::format("stands on '{}' now", parent.named.name);
  tell(invocation,
       fmt::format("{}: {}, {} were copied into it", name, how, to_string(Bytes{written})),
       {{"file", name},
        {"parent", none ? json::value() : json::value(parent.named.name)},
        {"written", written}});
  return 0;
}

Result<int> image_commit(const Invocation& invocation) {
  auto name = invocation.value("file");
  auto format = invocation.value("source-format");
  TRY(auto file, locked_file(name, Access::read_write));
  TRY(auto allowed, allowed_for(name, invocation));
  std::unique_ptr<image::WrittenParent> below;
  if (allowed) below = std::make_unique<image::WrittenParent>(*allowed);
  auto options = following(below.get());
  options.read_write = true;
  TRY(auto image, image::open(file, options, format));
  const auto* under = reference_to_parent(*image);
  if (under == nullptr || !below || !below->file())
    return fail(Code::invalid, "{}: it stands on no other image", name);
  auto parent_file = below->file();
  TRY(auto further, allowed->of(*parent_file));
  auto parent_options = following(further.get());
  parent_options.read_write = true;
  parent_options.identity = image::Identity::kept;
  TRY(auto parent, image::open(parent_file, parent_options, under->format));
  Interruptible interruptible;
  Bar bar("image commit", name, !invocation.quiet);
  TRY(auto written, image::commit_into(*image, *parent, with_bar(bar, invocation)));
  bool keep = invocation.has("keep");
  if (!keep) {
    if (image->writable() == nullptr)
      return fail(Code::unsupported, "{}: it was written into its parent, but cannot be emptied",
                  name);
    TRY_VOID(image->layer()->forget());
    TRY_VOID(image->writable()->close());
  }
  bar.end();
  tell(invocation,
       fmt::format("{}: {} were written into '{}'; {}", name, to_string(Bytes{written}),
                   parent_file->name(), keep ? "it was left as it is" : "it is empty now"),
       {{"file", name}, {"parent", parent_file->name()}, {"written", written}, {"emptied", !keep}});
  return 0;
}

}  // namespace truce::cli
