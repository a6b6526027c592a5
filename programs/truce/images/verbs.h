// The commands of `truce image`. They need no daemon.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "image/formats.h"
#include "images/sources.h"
#include "invocation.h"

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

/// The format of that name; Code::invalid tells which there are.
Result<const image::Format*> named_format(const std::string& name);
/// The choices of -o, and what --compress means for the format.
Result<image::BuildOptions> build_options(const Invocation& invocation,
                                          const image::Format& format);

// convert.cpp
Result<int> image_convert(const Invocation& invocation);
Result<int> image_compare(const Invocation& invocation);

// chains.cpp
Result<int> image_create(const Invocation& invocation);
Result<int> image_rebase(const Invocation& invocation);
Result<int> image_commit(const Invocation& invocation);
/// convert with --backing: only what differs from the parent is written.
Result<int> image_convert_onto_parent(const Invocation& invocation);

// measure.cpp
Result<int> image_measure(const Invocation& invocation);

// serve.cpp
Result<int> image_serve(const Invocation& invocation);

// packages.cpp
Result<int> image_pack(const Invocation& invocation);
Result<int> image_unpack(const Invocation& invocation);

}  // namespace truce::cli
