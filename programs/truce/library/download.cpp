// The file of a template comes to this computer, and has its name once it is whole.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "base/file.h"
#include "base/sha256.h"
#include "images/bar.h"
#include "library/patience.h"
#include "model/model.h"
#include "output.h"
#include "terminal.h"
#include "verbs.h"

namespace truce::cli {
namespace {

/// What is fetched.
struct Remote {
  std::string path;  ///< of the API
  std::string sha256;
  std::uint64_t size = 0;
};

/// The file as far as it has come.
struct Part {
  Fd file;
  std::string name;
  std::uint64_t size = 0;
  Sha256 sum;

  Result<void> append(std::string_view bytes) {
    sum.update(bytes);
    while (!bytes.empty()) {
      auto done = ::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(size));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return fail_errno(errno, "write " + name);
      size += static_cast<std::uint64_t>(done);
      bytes.remove_prefix(static_cast<std::size_t>(done));
    }
    return {};
  }
  Result<void> begin_again() {
    sum = Sha256();
    size = 0;
    if (::ftruncate(file.get(), 0) != 0) return fail_errno(errno, name);
    return {};
  }
};

Result<Remote> remote_of(std::string path, const http::Response& head) {
  Remote remote{.path = std::move(path)};
  auto field = [&](const char* name) {
    auto found = head.headers.find(name);
    return found == head.headers.end() ? std::string() : found->second;
  };
  auto tag = field("etag"), length = field("content-length");
  auto [end, ec] = std::from_chars(length.data(), length.data() + length.size(), remote.size);
  bool known = ec == std::errc() && end == length.data() + length.size() && tag.size() == 66 &&
               tag.front() == '"' && tag.back() == '"';
  if (!known) return fail(Code::corrupt, "the server does not say what the file is");
  remote.sha256 = tag.substr(1, 64);
  return remote;
}

/// Takes what an earlier attempt has left into the sum.
Result<void> read_again(Part& part, std::uint64_t size, bool quiet) {
  Bar bar("checksum", part.name, !quiet);
  std::string buffer(1 << 20, '\0');
  while (part.size < size) {
    auto got =
        ::pread(part.file.get(), buffer.data(), buffer.size(), static_cast<off_t>(part.size));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read " + part.name);
    if (got == 0) break;
    part.sum.update(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
    part.size += static_cast<std::uint64_t>(got);
    bar.show({.done = part.size, .total = size});
  }
  return {};
}

/// Beside the file, with the beginning of the checksum in its name: what is left of another version
/// is not gone on with.
Result<Part> open_part(const std::string& output, const Remote& remote, bool quiet) {
  Part part;
  part.name = fmt::format("{}.{}.part", output, remote.sha256.substr(0, 16));
  TRY(part.file, open_file(part.name, O_RDWR | O_CREAT, 0644));
  if (::flock(part.file.get(), LOCK_EX | LOCK_NB) != 0)
    return fail(Code::conflict, "{} is being written by another program", part.name);
  struct stat status{};
  if (::fstat(part.file.get(), &status) != 0) return fail_errno(errno, part.name);
  auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > remote.size) {
    TRY_VOID(part.begin_again());
  } else if (size > 0) {
    TRY_VOID(read_again(part, size, quiet));
  }
  return part;
}

Async<Outcome<void>> fetch_once(Session& session, const Remote& remote, Part& part, Bar& bar,
                                Patience& patience, std::uint64_t before) {
  std::map<std::string, std::string> headers;
  if (part.size > 0) {
    headers["range"] = fmt::format("bytes={}-", part.size);
    headers["if-range"] = fmt::format("\"{}\"", remote.sha256);
  }
  bool first = true;
  auto take = [&](const http::Response& head, std::string piece) -> Result<void> {
    if (std::exchange(first, false)) {
      auto tag = head.headers.find("etag");
      if (tag == head.headers.end() || tag->second != fmt::format("\"{}\"", remote.sha256))
        return fail(Code::corrupt, "the template has changed meanwhile: begin again");
      if (head.status == 200) TRY_VOID(part.begin_again());
    }
    if (!piece.empty()) patience.progress();
    TRY_VOID(part.append(piece));
    bar.show({.done = part.size - std::min(before, part.size), .total = remote.size - before});
    return {};
  };
  CO_TRY_VOID(co_await session.receive(remote.path, std::move(headers), take));
  co_return Outcome<void>{};
}

Async<Outcome<void>> fetch(Session& session, const Remote& remote, Part& part, bool quiet) {
  Patience patience(quiet);
  Bar bar("download", part.name, !quiet);
  const auto before = part.size;
  while (part.size < remote.size) {
    auto done = co_await fetch_once(session, remote, part, bar, patience, before);
    if (!done && !co_await patience.after(done.error())) co_return std::unexpected(done.error());
    if (done && part.size < remote.size) {
      co_return std::unexpected(
          Failure(Exit::failed, Error{Code::corrupt, "the server sent less than it said", {}}));
    }
  }
  co_return Outcome<void>{};
}

// The name is free, or was when this began: what came there meanwhile stays.
Result<void> publish(Part& part, const Remote& remote, const std::string& output) {
  auto found = part.sum.finish();
  if (found != remote.sha256) {
    static_cast<void>(::unlink(part.name.c_str()));
    return fail(Code::corrupt,
                "what arrived has the SHA-256 {}, not {}, and was removed: try again; if it stays "
                "so, the template is damaged on the server",
                found, remote.sha256);
  }
  if (::fsync(part.file.get()) != 0) return fail_errno(errno, "fsync " + part.name);
  if (::renameat2(AT_FDCWD, part.name.c_str(), AT_FDCWD, output.c_str(), RENAME_NOREPLACE) == 0)
    return {};
  return fail_errno(errno, fmt::format("rename {} to {}", part.name, output));
}

std::string how_to_go_on(const Part& part, const Remote& remote) {
  return fmt::format("{} of {} are in {}; to go on, give the same command again",
                     to_string(Bytes{part.size}), to_string(Bytes{remote.size}), part.name);
}

}  // namespace

Async<Ending> template_download(Session& session, const Invocation& invocation) {
  CO_TRY(auto value, co_await session.get(path_of("/v1/templates/", invocation.value("name"))));
  auto about = model::from_json<model::Template>(value, model::Unknown::ignore);
  if (!about)
    co_return std::unexpected(Failure(Exit::failed, std::move(about).error().within("the answer")));
  auto output = invocation.value("output");
  if (output.empty())
    output = about->name + (about->kind == model::TemplateKind::iso ? ".iso" : ".qcow2");
  std::error_code ec;
  if (std::filesystem::exists(output, ec)) {
    co_return std::unexpected(Failure(Error{
        Code::invalid, fmt::format("{} is there already: give another --output", output), {}}));
  }
  auto path = path_of("/v1/templates/", about->name, "/content");
  CO_TRY(auto head,
         co_await session.send({.method = "HEAD", .path = path, .query = {}, .body = {}}));
  CO_TRY(auto remote, remote_of(path, head));
  CO_TRY(auto part, open_part(output, remote, invocation.quiet));
  auto first = co_await (interrupted() || fetch(session, remote, part, invocation.quiet));
  if (first.index() == 0) {
    co_return std::unexpected(
        Failure(Exit::failed, Error{Code::cancelled, how_to_go_on(part, remote), {}}));
  }
  if (auto& got = std::get<1>(first); !got) {
    auto failure = std::move(got).error();
    failure.error.message += "; " + how_to_go_on(part, remote);
    co_return std::unexpected(std::move(failure));
  }
  CO_TRY_VOID(publish(part, remote, output));
  print(invocation.quiet ? output + "\n"
                         : fmt::format("{}: {}\n", output, to_string(Bytes{remote.size})));
  co_return 0;
}

}  // namespace truce::cli
