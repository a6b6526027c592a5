#include "images/pipes.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/bytes.h"
#include "image/stream.h"
#include "images/bar.h"
#include "images/verbs.h"
#include "text_formats.h"

namespace truce::cli {
namespace {

constexpr int input_descriptor = 0;
constexpr const char* input_name = "standard input";

std::string target_of(const Invocation& invocation) {
  return invocation.value(invocation.row->verb == "pack" ? "output" : "target");
}

/// Options that go back and forth in files.
Result<void> expect_no_files_needed(const Invocation& invocation, bool from_pipe) {
  for (const auto* option : {"in-place", "resume", "backing", "bitmaps"}) {
    if (invocation.has(option))
      return fail(Code::invalid, "--{} needs files: it goes with no pipe and no server", option);
  }
  if (from_pipe && invocation.has("snapshot"))
    return fail(Code::invalid, "a disk that comes through a pipe has no snapshots");
  return {};
}

Result<void> expect_no_terminal(Channel channel, std::string_view name, std::string_view advice) {
  if (::fcntl(static_cast<int>(channel), F_GETFL) < 0)
    return fail(Code::precondition, "{} is closed", name);
  if (is_terminal(channel)) return fail(Code::precondition, "{} is a terminal: {}", name, advice);
  return {};
}

/// A file that the shell opened (`< disk.qcow2`); null for a pipe.
Result<std::shared_ptr<image::File>> file_of_input() {
  struct stat status{};
  if (::fstat(input_descriptor, &status) != 0) return fail_errno(errno, input_name);
  bool seekable = S_ISREG(status.st_mode) || S_ISBLK(status.st_mode);
  if (!seekable || ::lseek(input_descriptor, 0, SEEK_CUR) != 0) return nullptr;
  Fd again(::fcntl(input_descriptor, F_DUPFD_CLOEXEC, 3));
  if (!again) return fail_errno(errno, input_name);
  TRY(auto file, image::DiskFile::adopt(std::move(again), input_name));
  return file;
}

/// Where a disk of unknown size can wait for its end; empty where it cannot.
std::filesystem::path waiting_room(const std::string& target) {
  std::error_code ignored;
  if (is_pipe(target) || is_address(target) || std::filesystem::is_block_file(target, ignored))
    return {};
  return std::filesystem::absolute(target, ignored).parent_path();
}

Result<Source> kept(image::Stream& stream, const std::filesystem::path& folder,
                    const Invocation& invocation) {
  if (!invocation.quiet) {
    print(
        "truce: note: how long the disk is shows only at its end: it is kept beside the target "
        "first; --source-size saves that\n",
        Channel::errors);
  }
  Bar bar("image convert", input_name, !invocation.quiet);
  auto written = [&](std::uint64_t length) -> Result<void> {
    if (Interruptible::interrupted) return fail(Code::cancelled, "cancelled");
    bar.show({.done = length, .total = 0});
    return {};
  };
  Source source;
  TRY(source.file, image::store_nameless(stream, folder, written));
  bar.end();
  TRY(source.image, image::open(source.file, {}, "raw"));
  return source;
}

}  // namespace

bool is_pipe(const std::string& word) {
  return word == "-";
}

Channel messages_beside(const std::string& target) {
  return is_pipe(target) ? Channel::errors : Channel::output;
}

Result<void> expect_pipes_fit(const Invocation& invocation) {
  const auto& verb = invocation.row->verb;
  bool to_pipe = is_pipe(target_of(invocation));
  bool from_pipe = std::ranges::any_of(named_sources(invocation), is_pipe) ||
                   is_pipe(invocation.value("backing"));
  bool reads = verb == "convert" && is_pipe(invocation.value("source"));
  if (from_pipe && !reads) {
    return fail(
        Code::unsupported,
        "image {} does not work on a pipe, only image convert does: save it to a file first "
        "(one that is called - is ./-)",
        verb);
  }
  if (invocation.has("source-size") && !reads)
    return fail(Code::invalid, "--source-size is of a disk that comes through a pipe");
  bool to_server = verb == "convert" && is_address(target_of(invocation));
  if (from_pipe || to_pipe || to_server) TRY_VOID(expect_no_files_needed(invocation, from_pipe));
  if (from_pipe)
    TRY_VOID(expect_no_terminal(Channel::input, input_name, "let a pipe or a file be it"));
  if (!to_pipe) return {};
  TRY_VOID(expect_no_terminal(Channel::output, output_name, "name a file, or let a pipe be it"));
  ::signal(SIGPIPE, SIG_IGN);
  return {};
}

Result<Source> open_piped(const Invocation& invocation) {
  auto format = invocation.value("source-format");
  if (!format.empty()) TRY_VOID(named_format(format));
  image::StreamOptions options{
      .format = format, .size = std::nullopt, .cancelled = &Interruptible::interrupted};
  if (invocation.has("source-size")) {
    TRY(auto size, parse_bytes(invocation.value("source-size")));
    options.size = size.count;
  }
  Source source;
  TRY(source.file, file_of_input());
  if (source.file != nullptr && !options.size) {
    TRY(source.image, image::open(source.file, {}, format));
    return source;
  }
  source.file = nullptr;
  TRY(auto stream, image::open_stream(input_descriptor, input_name, options));
  auto folder = waiting_room(invocation.value("target"));
  if (!stream->size_known() && !folder.empty()) return kept(*stream, folder, invocation);
  TRY(source.image, image::image_of(std::move(stream)));
  return source;
}

}  // namespace truce::cli
