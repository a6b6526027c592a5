// The files of templates as they are sent to users.
#include <charconv>

#include "base/base64.h"
#include "http/ranges.h"
#include "library/uploads.h"
#include "templates.h"

namespace truce::manager {
namespace {

constexpr std::size_t downloads_limit = 32;
constexpr std::size_t sent_at_once = 256 << 10;
constexpr auto longest_silence = 60s;

/// A file on its way from its host; counted for as long as it lives.
struct Download {
  Download(std::shared_ptr<std::size_t> c, UnixSocket s)
      : count(std::move(c)), socket(std::move(s)) {
    ++*count;
  }
  ~Download() { --*count; }
  Download(const Download&) = delete;
  Download& operator=(const Download&) = delete;

  std::shared_ptr<std::size_t> count;
  UnixSocket socket;
};

Async<Result<std::string>> read_some(UnixSocket& socket, std::size_t most) {
  std::string bytes(most, '\0');
  auto [ec, size] = co_await socket.async_read_some(asio::buffer(bytes), as_result);
  if (ec) co_return fail(Code::unavailable, "the host ended the connection: {}", ec.message());
  bytes.resize(size);
  co_return bytes;
}

// What ends early is seen by the client: the answer has a length.
Async<void> send(std::shared_ptr<Download> from, std::uint64_t left, http::BodyWriter& to) {
  while (left > 0) {
    auto most = std::min<std::uint64_t>(left, sent_at_once);
    auto bytes = co_await within(longest_silence, read_some(from->socket, most), "the host");
    if (!bytes) co_return;
    left -= bytes->size();
    if (!co_await to.write(*std::move(bytes))) co_return;
  }
}

/// RFC 9530: base64 of the digest, where everything else here is hexadecimal.
Result<std::string> digest_field(std::string_view hex) {
  std::string digest;
  for (; hex.size() >= 2; hex.remove_prefix(2)) {
    unsigned byte = 0;
    auto [end, ec] = std::from_chars(hex.data(), hex.data() + 2, byte, 16);
    if (ec != std::errc() || end != hex.data() + 2)
      return fail(Code::corrupt, "the template has no SHA-256");
    digest.push_back(static_cast<char>(byte));
  }
  return fmt::format("sha-256=:{}:", base64_encode(digest));
}

std::string file_name(const std::string& full, const std::string& stored) {
  return full + stored.substr(std::min(stored.rfind('.'), stored.size()));
}

Async<Result<http::Response>> get_content(Rooms& rooms, const Context& context,
                                          std::shared_ptr<std::size_t> downloads) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY(auto kept, newest_template(inventory, context.name()));
  CO_TRY(auto host, host_with(inventory, kept->object, {}));
  auto full = kept->object.name;
  model::Call ask{.verb = model::CallVerb::template_file};
  ask.file = full;
  CO_TRY(auto reply, co_await rooms.nodes.ask(host, ask, 30s));
  if (!reply.file || reply.file->size < 0)
    co_return fail(Code::internal, "the host answered without a result");
  auto size = static_cast<std::uint64_t>(reply.file->size);
  auto answer = http::answer_file(context.request, size, reply.file->sha256);
  auto& response = answer.response;
  if (!answer.range) co_return std::move(response);
  CO_TRY(response.headers["Repr-Digest"], digest_field(reply.file->sha256));
  response.headers["Content-Disposition"] =
      fmt::format("attachment; filename=\"{}\"", file_name(full, reply.file->name));
  if (*downloads >= downloads_limit) {
    co_return fail(Code::limit, "{} templates are being fetched at present: try again later",
                   *downloads);
  }
  ask.verb = model::CallVerb::read_template;
  ask.offset = static_cast<std::int64_t>(answer.range->first);
  ask.bytes = static_cast<std::int64_t>(answer.range->length);
  CO_TRY(auto socket, co_await rooms.nodes.open_stream(host, std::move(ask)));
  auto download = std::make_shared<Download>(downloads, std::move(socket));
  response.stream = [download, length = answer.range->length](http::BodyWriter& writer) {
    return send(download, length, writer);
  };
  co_return std::move(response);
}

}  // namespace

void add_content_handlers(Handlers& handlers) {
  auto downloads = std::make_shared<std::size_t>(0);
  handlers.on(model::Operation::get_template_content,
              [downloads](Rooms& rooms, const Context& context) {
                return get_content(rooms, context, downloads);
              });
}

}  // namespace truce::manager
