#include "import_image.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/file.h"
#include "base/log.h"
#include "line_process.h"

namespace truce::storage {

namespace {

// A bound for a copy of the largest disk over the slowest storage.
constexpr auto long_copy = Duration(24h);
constexpr int source_descriptor = 3, target_descriptor = 4;

bool take_word(std::string_view& line, std::string_view word) {
  if (!line.starts_with(word)) return false;
  line.remove_prefix(word.size());
  return true;
}

std::string without_control_characters(std::string_view text) {
  std::string clean(text);
  std::ranges::replace_if(
      clean, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  return clean;
}

/// What the process says, line by line. It may have been taken over by what it reads: nothing that
/// it says is believed further than this.
class Told {
 public:
  Told(std::string source, std::function<void(double)> progress)
      : source_(std::move(source)), progress_(std::move(progress)) {}

  void line(std::string_view line) {
    if (take_word(line, "progress ")) return tell_progress(line);
    if (take_word(line, "note ")) {
      constexpr int notes_limit = 20;
      if (++notes_ <= notes_limit)
        spdlog::warn("import {}: {}", source_, without_control_characters(line));
    } else if (take_word(line, "error ")) {
      auto space = std::min(line.find(' '), line.size());
      error_ = Error{parse_code(line.substr(0, space)),
                     without_control_characters(line.substr(std::min(space + 1, line.size()))),
                     {}};
    }
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  void tell_progress(std::string_view number) {
    double fraction = 0;
    auto [end, ec] = std::from_chars(number.data(), number.data() + number.size(), fraction);
    if (ec == std::errc() && fraction >= 0 && fraction <= 1 && progress_) progress_(fraction);
  }

  std::string source_;
  std::function<void(double)> progress_;
  std::optional<Error> error_;
  int notes_ = 0;
};

}  // namespace

Async<Result<void>> import_image(ImportProcess how, const image::DiskFile& source, std::string kind,
                                 std::filesystem::path to, std::function<void(double)> progress) {
  CO_TRY(auto target, open_file(to, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  Command command;
  command.argv = std::move(how.command);
  command.argv.push_back(std::move(kind));
  command.user = how.user;
  command.descriptors = {{source.descriptor(), source_descriptor},
                         {target.get(), target_descriptor}};
  Told told(source.name(), std::move(progress));
  auto done = co_await run_with_lines(
      std::move(command), long_copy, [&told](std::string_view line) { told.line(line); },
      "the process that reads the image");
  if (!done && done.error().code != Code::cancelled && told.error())
    co_return std::unexpected(*told.error());
  co_return done;
}

}  // namespace truce::storage
