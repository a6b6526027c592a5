// The commands of `truce image`. They need no daemon.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <span>
#include <string>
#include <string_view>

#include "image/formats.h"
#include "images/sources.h"
#include "invocation.h"
#include "terminal.h"

namespace truce::cli {

/// A command of the noun `image` and what carries it out.
struct Verb {
  std::string_view name;
  Result<int> (*run)(const Invocation&);
};
/// The verbs for which the small program is enough: no network, no digests, nothing but files.
std::span<const Verb> image_verbs_alone();
/// All others.
std::span<const Verb> image_verbs_linked();

/// Runs the one of `verbs` that was asked for, confined to the files that the command names; the
/// exit status of the program.
Result<int> run_image(const Invocation& invocation, std::span<const Verb> verbs);

/// As YAML where that was asked for, else as JSON.
void print_object(const boost::json::value& object, Style style, Channel channel = Channel::output);
/// Texts as JSON has them.
boost::json::array lines(const std::vector<std::string>& from);
/// The format of that name; Code::invalid tells which there are.
Result<const image::Format*> named_format(const std::string& name);
/// The choices of -o, and what --compress means for the format.
Result<image::BuildOptions> build_options(const Invocation& invocation,
                                          const image::Format& format);

// convert.cpp
Result<int> image_convert(const Invocation& invocation);
Result<int> image_compare(const Invocation& invocation);
/// Prints what a conversion loses; with --strict it is an error.
Result<void> tell_losses(const image::Description& source, const image::Format& format,
                         const Invocation& invocation);
/// Prints a warning where the tables of an image that is about to be read are damaged, so that its
/// bytes may be wrong although they can be read; with --strict it is an error.
Result<void> tell_damage(const Source& source, const Invocation& invocation);

// in_place.cpp
Result<int> image_convert_in_place(const Invocation& invocation, const image::Format& format);
Result<int> image_recover(const Invocation& invocation);
/// Code::precondition when a file that the command names is a part of an interrupted conversion in
/// place.
Result<void> refuse_interrupted(const Invocation& invocation);

// chains.cpp
Result<int> image_create(const Invocation& invocation);
Result<int> image_rebase(const Invocation& invocation);
Result<int> image_commit(const Invocation& invocation);
/// convert with --backing: only what differs from the parent is written.
Result<int> image_convert_onto_parent(const Invocation& invocation);

// measure.cpp
Result<int> image_measure(const Invocation& invocation);

// repair.cpp
Result<int> image_check(const Invocation& invocation);

// snapshots.cpp
Result<int> image_snapshot(const Invocation& invocation);

// prepare.cpp
Result<int> image_prepare(const Invocation& invocation);

// resize.cpp
Result<int> image_resize(const Invocation& invocation);

// serve.cpp
Result<int> image_serve(const Invocation& invocation);

// packages.cpp
Result<int> image_pack(const Invocation& invocation);
Result<int> image_unpack(const Invocation& invocation);

}  // namespace truce::cli
