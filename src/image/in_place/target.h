// What the target of a change in place consists of.
#pragma once

#include "in_place/source.h"

namespace truce::image::in_place {

/// The options with what in place needs where nothing else was asked for. `source` may be the
/// data's name in a QCOW2.
BuildOptions with_defaults(const Format& format, BuildOptions options, const SourceShape& source,
                           const InPlaceOptions& how);

/// What the data's file is called in the target: by a trial that writes nothing. Code::unsupported
/// when the format keeps data elsewhere than from the beginning of one file on.
Result<std::string> data_name_in_target(const Format& format, const BuildOptions& options,
                                        const std::string& target);

/// Builds the target around data that are there. Its own file is `main`; null when that is the
/// data's. Fills in size and end of the data's file.
Result<void> build_around(const Format& format, BuildOptions options, std::shared_ptr<File> main,
                          Change& change);

}  // namespace truce::image::in_place
