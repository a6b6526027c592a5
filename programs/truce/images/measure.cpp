#include "image/measure.h"

#include <boost/json.hpp>

#include "base/bytes.h"
#include "images/verbs.h"
#include "terminal.h"
#include "text_formats.h"

namespace truce::cli {
namespace json = boost::json;

Result<int> image_measure(const Invocation& invocation) {
  TRY(const auto* format, named_format(invocation.value("target-format", "raw")));
  TRY(auto options, build_options(invocation, *format));
  if (invocation.has("size") == invocation.has("file"))
    return fail(Code::invalid, "an image, or --size SIZE for an empty disk: one of the two");
  Source source;
  if (invocation.has("size")) {
    TRY(auto size, parse_bytes(invocation.value("size")));
    options.size = size.count;
  } else {
    TRY(source,
        open_source(invocation.value("file"), invocation.value("source-format"), invocation));
    options.size = source.image->size();
    options.sector_size = source.image->description().sector_size;
  }
  TRY(auto needed, image::measure(*format, options, source.image.get()));
  if (invocation.style == Style::table) {
    auto row = [&](std::string_view name, std::uint64_t bytes) {
      return fmt::format("{:<16} {}{} ({} bytes)\n", name, needed.at_most ? "at most " : "",
                         to_string(Bytes{bytes}), bytes);
    };
    print(row("required", needed.required) + row("fully allocated", needed.fully_allocated) +
          row("length of files", needed.length));
    return 0;
  }
  json::object out{{"format", format->name},      {"size", options.size},
                   {"required", needed.required}, {"fully_allocated", needed.fully_allocated},
                   {"length", needed.length},     {"at_most", needed.at_most}};
  print_object(out, invocation.style);
  return 0;
}

}  // namespace truce::cli
