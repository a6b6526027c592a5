// A file of this computer becomes a template: sent in pieces, each of which is known to have
// arrived.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
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
namespace json = boost::json;
namespace {

constexpr Duration answer_limit = 2min;

/// The file that is sent.
struct SentFile {
  Fd file;
  std::string name;
  std::uint64_t size = 0;
  std::string sha256;
};

Result<std::string> read_at(const SentFile& source, std::uint64_t offset, std::size_t most) {
  std::string bytes(std::min<std::uint64_t>(most, source.size - offset), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    auto got = ::pread(source.file.get(), bytes.data() + done, bytes.size() - done,
                       static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read " + source.name);
    if (got == 0) return fail(Code::corrupt, "{} has become shorter meanwhile", source.name);
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

Result<SentFile> open_sent_file(const std::string& name, bool quiet) {
  SentFile source;
  source.name = name;
  TRY(source.file, open_file(name, O_RDONLY));
  struct stat status{};
  if (::fstat(source.file.get(), &status) != 0) return fail_errno(errno, name);
  if (!S_ISREG(status.st_mode)) return fail(Code::invalid, "{} is not a file", name);
  source.size = static_cast<std::uint64_t>(status.st_size);
  if (source.size == 0) return fail(Code::invalid, "{} is empty", name);
  Sha256 sum;
  Bar bar("checksum", name, !quiet);
  for (std::uint64_t at = 0; at < source.size;) {
    TRY(auto bytes, read_at(source, at, largest_piece));
    sum.update(bytes);
    at += bytes.size();
    bar.show({.done = at, .total = source.size});
  }
  source.sha256 = sum.finish();
  return source;
}

Outcome<model::Upload> read_upload(const json::value& value) {
  auto upload = model::from_json<model::Upload>(value, model::Unknown::ignore);
  if (upload) return *std::move(upload);
  return std::unexpected(Failure(Exit::failed, std::move(upload).error().within("the answer")));
}

Async<Outcome<model::Upload>> begin(Session& session, const Invocation& invocation,
                                    const SentFile& source) {
  model::UploadCreate wish{.template_ = invocation.value("name")};
  wish.description = invocation.value("description");
  wish.size = {source.size};
  wish.sha256 = source.sha256;
  CO_TRY(auto value,
         co_await session.call(
             {.method = "POST", .path = "/v1/uploads", .query = {}, .body = model::to_text(wish)}));
  co_return read_upload(value);
}

/// An upload of the same file that was begun before, where there is one; else a new one.
Async<Outcome<model::Upload>> find_or_begin(Session& session, const Invocation& invocation,
                                            const SentFile& source) {
  CO_TRY(auto page, co_await session.get("/v1/uploads", {{"limit", "1000"}}));
  auto uploads = model::from_json<model::UploadList>(page, model::Unknown::ignore);
  if (!uploads)
    co_return std::unexpected(
        Failure(Exit::failed, std::move(uploads).error().within("the answer")));
  for (const auto& upload : uploads->items) {
    if (upload.template_ != invocation.value("name") || upload.size.count != source.size ||
        upload.sha256 != source.sha256) {
      continue;
    }
    if (upload.problem.empty()) co_return upload;
    CO_TRY_VOID(co_await session.call({.method = "DELETE",
                                       .path = path_of("/v1/uploads/", upload.name),
                                       .query = {},
                                       .body = {}}));
  }
  co_return co_await begin(session, invocation, source);
}

Async<Outcome<model::Upload>> put(Session& session, std::string upload, std::uint64_t offset,
                                  std::string piece) {
  CO_TRY(auto value, co_await session.call({.method = "PUT",
                                            .path = path_of("/v1/uploads/", upload, "/content"),
                                            .query = {{"offset", std::to_string(offset)}},
                                            .body = std::move(piece),
                                            .content_type = "application/octet-stream",
                                            .limit = answer_limit}));
  co_return read_upload(value);
}

/// Asks how much has arrived, as long as that may be known one day.
Async<Outcome<model::Upload>> ask_again(Session& session, std::string name, Patience& patience) {
  while (true) {
    auto value = co_await session.call({.method = "GET",
                                        .path = path_of("/v1/uploads/", name),
                                        .query = {},
                                        .body = {},
                                        .limit = answer_limit});
    if (value) co_return read_upload(*value);
    if (!co_await patience.after(value.error())) co_return std::unexpected(value.error());
  }
}

/// Sends what has not arrived. `upload` says at any time how far that is.
Async<Outcome<void>> send_rest(Session& session, const SentFile& source, model::Upload& upload,
                               bool quiet) {
  using Clock = std::chrono::steady_clock;
  Patience patience(quiet);
  Bar bar("upload", source.name, !quiet);
  const auto before = upload.received.count;
  auto size = first_piece;
  while (upload.received < upload.size) {
    auto piece = read_at(source, upload.received.count, size);
    if (!piece) co_return std::unexpected(Failure(Exit::failed, std::move(piece).error()));
    auto start = Clock::now();
    auto sent = co_await put(session, upload.name, upload.received.count, *std::move(piece));
    if (sent) {
      size = next_piece(size, std::chrono::duration_cast<Duration>(Clock::now() - start));
      if (sent->received <= upload.received) {
        co_return std::unexpected(Failure(
            Exit::failed, Error{Code::corrupt, "the server does not say what has arrived", {}}));
      }
      upload = *std::move(sent);
      patience.progress();
      bar.show({.done = upload.received.count - before, .total = upload.size.count - before});
      continue;
    }
    size = smallest_piece;
    if (!co_await patience.after(sent.error())) co_return std::unexpected(sent.error());
    CO_TRY(upload, co_await ask_again(session, upload.name, patience));
  }
  co_return Outcome<void>{};
}

std::string how_to_go_on(const model::Upload& upload) {
  return fmt::format(
      "{} of {} have arrived and are kept until {}; to go on, give the same command again; to give "
      "it up: truce upload delete {}",
      to_string(upload.received), to_string(upload.size), local_time(upload.expires), upload.name);
}

Async<Outcome<json::value>> task_of(Session& session, const model::Upload& upload) {
  if (!upload.task.empty()) co_return co_await session.get(path_of("/v1/tasks/", upload.task));
  co_return co_await session.call({.method = "POST",
                                   .path = path_of("/v1/uploads/", upload.name, "/finish"),
                                   .query = {},
                                   .body = {}});
}

}  // namespace

Async<Ending> template_upload(Session& session, const Invocation& invocation) {
  CO_TRY(auto source, open_sent_file(invocation.value("file"), invocation.quiet));
  CO_TRY(auto upload, co_await find_or_begin(session, invocation, source));
  if (!invocation.quiet && upload.received.count > 0) {
    print(fmt::format("going on at {} of {}\n", to_string(upload.received), to_string(upload.size)),
          Channel::errors);
  }
  auto first = co_await (interrupted() || send_rest(session, source, upload, invocation.quiet));
  if (first.index() == 0) {
    co_return std::unexpected(
        Failure(Exit::failed, Error{Code::cancelled, how_to_go_on(upload), {}}));
  }
  if (auto& sent = std::get<1>(first); !sent) {
    auto failure = std::move(sent).error();
    if (upload.received.count > 0) failure.error.message += "; " + how_to_go_on(upload);
    co_return std::unexpected(std::move(failure));
  }
  CO_TRY(auto task, co_await task_of(session, upload));
  co_return co_await follow_task(session, invocation, std::move(task));
}

}  // namespace truce::cli
