#include "small/small.h"

#include <algorithm>

#include "images/verbs.h"
#include "terminal.h"
#include "text_formats.h"

namespace truce::cli {
namespace {

/// Whether a value is `nbd://host/name`, `https://…`: too often rather than too seldom; or asks for
/// the fastest compression, which is a library of its own.
bool needs_more(const Invocation& invocation) {
  return std::ranges::any_of(invocation.given, [](const auto& option) {
    return std::ranges::any_of(option.second, [](const std::string& value) {
      return value.find(':') != value.npos || value == "level=fast";
    });
  });
}

bool is_small(const Invocation& invocation) {
  return invocation.row->noun == "image" && !needs_more(invocation) &&
         std::ranges::any_of(image_verbs_alone(),
                             [&](const Verb& verb) { return verb.name == invocation.row->verb; });
}

}  // namespace

int say(Exit exit, std::string_view message) {
  print(fmt::format("truce: {}\n", message), Channel::errors);
  return static_cast<int>(exit);
}

int end_of(const Result<int>& status) {
  if (status) return *status;
  return say(status.error().code == Code::invalid ? Exit::usage : Exit::failed,
             printable(status.error().message));
}

std::optional<int> run_words(const std::vector<std::string>& words,
                             const std::function<std::optional<int>(const Invocation&)>& run) {
  auto read = read_words(words);
  if (!read) return say(Exit::usage, read.error().message);
  if (const auto* text = std::get_if<Text>(&*read)) {
    print(text->text);
    return 0;
  }
  return run(std::get<Invocation>(*read));
}

std::optional<int> run_small(const std::vector<std::string>& words) {
  if (!words.empty() && words.front() == "__complete") return std::nullopt;
  return run_words(words, [](const Invocation& invocation) -> std::optional<int> {
    if (!is_small(invocation)) return std::nullopt;
    return end_of(run_image(invocation, image_verbs_alone()));
  });
}

}  // namespace truce::cli
