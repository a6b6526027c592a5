#include "library/porter.h"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "base/log.h"
#include "base/release.h"

namespace truce::node {
namespace {

constexpr std::int64_t piece_limit = 64 << 20;
constexpr std::size_t read_at_once = 256 << 10;
// The manager has the whole piece when it opens the stream.
constexpr auto piece_wait = 60s;

Async<Result<std::string>> read_bytes(UnixSocket& socket, std::size_t count) {
  std::string bytes(count, '\0');
  auto [ec, size] = co_await asio::async_read(socket, asio::buffer(bytes), as_result);
  if (ec) co_return fail(Code::unavailable, "the piece was cut off: {}", ec.message());
  co_return bytes;
}

// Ends the connection early where it cannot go on: the manager counts.
Async<void> send_file(std::shared_ptr<storage::TemplateReader> reader, UnixSocket socket,
                      model::Call call) {
  auto at = static_cast<std::uint64_t>(call.offset);
  auto left = static_cast<std::uint64_t>(call.bytes);
  while (left > 0) {
    auto bytes = co_await reader->read(at, std::min<std::uint64_t>(left, read_at_once));
    if (!bytes) spdlog::warn("template {}: {}", call.file, bytes.error().message);
    if (!bytes || bytes->empty()) co_return;
    auto [ec, size] = co_await asio::async_write(socket, asio::buffer(*bytes), as_result);
    if (ec) co_return;
    at += size;
    left -= size;
  }
}

}  // namespace

Async<Result<UnixSocket>> connect_manager(const Settings& settings) {
  if (settings.connect_manager) co_return co_await settings.connect_manager();
  co_return co_await connect_unix(settings.manager_socket.string());
}

Async<Result<UnixSocket>> connect_stream(const Settings& settings, std::string key) {
  CO_TRY(auto socket, co_await connect_manager(settings));
  model::FromNode hello;
  hello.hello = model::Hello{settings.name, release::version(), std::move(key)};
  CO_TRY_VOID(co_await write_frame(socket, model::to_text(hello)));
  co_return std::move(socket);
}

void Porter::assign(const std::vector<std::string>& uploads) {
  uploads_ = {uploads.begin(), uploads.end()};
  ++assigned_;
  if (auto* library = pool_.library()) scope_.spawn(keep(*library));
}

Async<void> Porter::keep(storage::Library& library) {
  auto done = co_await library.keep(uploads_);
  if (!done) spdlog::warn("uploads that are not wanted any more: {}", done.error().message);
}

Async<std::optional<Result<model::CallReply>>> Porter::answer(model::Call call) {
  bool of_library = call.verb == model::CallVerb::put_piece ||
                    call.verb == model::CallVerb::template_file ||
                    call.verb == model::CallVerb::read_template;
  if (!of_library) co_return std::nullopt;
  auto* library = pool_.library();
  if (library == nullptr) co_return fail(Code::unsupported, "this host keeps no templates");
  co_return co_await carry(*library, std::move(call));
}

Async<Result<model::CallReply>> Porter::carry(storage::Library& library, model::Call call) {
  model::CallReply reply;
  auto assigned = assigned_;
  if (call.offset < 0 || call.bytes < 0) co_return fail(Code::invalid, "a number is negative");
  if (call.verb == model::CallVerb::put_piece) {
    if (call.bytes > piece_limit) co_return fail(Code::limit, "the piece is too large");
    CO_TRY(auto socket, co_await connect_stream(settings_, call.stream));
    scope_.spawn(take_piece(library, std::move(socket), std::move(call), assigned));
    co_return reply;
  }
  CO_TRY(auto reader, co_await library.open(call.file, call.part));
  if (call.verb == model::CallVerb::template_file) {
    const auto& file = reader->file();
    reply.file =
        model::FileFacts{file.name, static_cast<std::int64_t>(file.size.count), file.sha256};
    co_return reply;
  }
  CO_TRY(auto socket, co_await connect_stream(settings_, call.stream));
  scope_.spawn(send_file(std::move(reader), std::move(socket), std::move(call)));
  co_return reply;
}

Async<Result<void>> Porter::store_piece(storage::Library& library, UnixSocket& socket,
                                        model::Call call, std::uint64_t assigned) {
  auto count = static_cast<std::size_t>(call.bytes);
  CO_TRY(auto piece, co_await within(piece_wait, read_bytes(socket, count), "the piece"));
  auto upload = call.file;
  CO_TRY_VOID(
      co_await library.write(upload, static_cast<std::uint64_t>(call.offset), std::move(piece)));
  // It was given up after this was asked for.
  if (assigned != assigned_ && !uploads_.contains(upload)) co_await keep(library);
  co_return Result<void>{};
}

Async<void> Porter::take_piece(storage::Library& library, UnixSocket socket, model::Call call,
                               std::uint64_t assigned) {
  auto stored = co_await store_piece(library, socket, std::move(call), assigned);
  model::CallReply told;
  if (!stored) {
    told.error = stored.error().message;
    told.code = to_string(stored.error().code);
  }
  auto sent = co_await write_frame(socket, model::to_text(told));
  if (!sent) spdlog::debug("a piece of an upload: {}", sent.error().message);
}

}  // namespace truce::node
