// Templates on their way from one host to another, through the manager.
#include <boost/asio/write.hpp>

#include "base/log.h"
#include "library/uploads.h"

namespace truce::manager {
namespace {

constexpr std::size_t fetches_limit = 64;
constexpr std::size_t sent_at_once = 256 << 10;
constexpr auto longest_silence = 60s;

/// A file that a host with the template sends.
struct Source {
  model::FileFacts file;
  UnixSocket socket;
};

Async<Result<Source>> open_source(Rooms& rooms, std::string host, model::Fetch wish) {
  const auto& inventory = rooms.ledger.inventory();
  auto kept = inventory.find<model::Template>(wish.template_);
  if (!kept) co_return fail(Code::not_found, "there is no template {}", wish.template_);
  CO_TRY(auto from, host_with(inventory, kept->object, host));
  model::Call ask{.verb = model::CallVerb::template_file};
  ask.file = wish.template_;
  ask.part = wish.file;
  CO_TRY(auto reply, co_await rooms.nodes.ask(from, ask, 30s));
  if (!reply.file || wish.offset < 0 || reply.file->size < wish.offset)
    co_return fail(Code::invalid, "{} of {} does not go that far", wish.file, wish.template_);
  reply.file->host = from;
  ask.verb = model::CallVerb::read_template;
  ask.offset = wish.offset;
  ask.bytes = reply.file->size - wish.offset;
  CO_TRY(auto socket, co_await rooms.nodes.open_stream(from, std::move(ask)));
  co_return Source{*std::move(reply.file), std::move(socket)};
}

Async<Result<std::size_t>> carry_some(UnixSocket& from, UnixSocket& to, std::size_t most) {
  std::string bytes(most, '\0');
  auto [ec, size] = co_await from.async_read_some(asio::buffer(bytes), as_result);
  if (ec) co_return fail(Code::unavailable, "the host ended the connection: {}", ec.message());
  auto [failed, sent] = co_await asio::async_write(to, asio::buffer(bytes.data(), size), as_result);
  if (failed) co_return fail(Code::unavailable, "the other host ended it: {}", failed.message());
  co_return size;
}

Async<Result<void>> carry(Source& from, UnixSocket& to, std::uint64_t left) {
  while (left > 0) {
    auto most = std::min<std::uint64_t>(left, sent_at_once);
    CO_TRY(auto size, co_await within(longest_silence, carry_some(from.socket, to, most),
                                      std::string("the template's bytes")));
    left -= size;
  }
  co_return Result<void>{};
}

}  // namespace

Result<std::string> host_with(const Inventory& inventory, const model::Template& wanted,
                              const std::string& except) {
  std::string absent;
  for (const auto& name : wanted.hosts) {
    if (name == except) continue;
    auto host = inventory.find<model::Host>(name);
    if (host && host->object.state == model::HostState::online) return name;
    absent = name;
  }
  if (absent.empty())
    return fail(Code::not_found, "no {}host has the template {}", except.empty() ? "" : "other ",
                wanted.name);
  return fail(Code::unavailable, "the host '{}', which has the template {}, is not connected",
              absent, wanted.name);
}

Async<void> send_template(Rooms& rooms, std::shared_ptr<void> turn, UnixSocket socket,
                          std::string host, model::Fetch wish) {
  model::CallReply told;
  // `turn` is held by each that is under way, and by whoever gives it.
  auto source = turn.use_count() > static_cast<long>(fetches_limit)
                    ? Result<Source>(fail(Code::unavailable, "too many templates are on their way"))
                    : co_await open_source(rooms, host, wish);
  if (source) {
    told.file = source->file;
  } else {
    told.error = source.error().message;
    told.code = to_string(source.error().code);
  }
  if (!co_await write_frame(socket, model::to_text(told)) || !source) co_return;
  auto size = static_cast<std::uint64_t>(source->file.size);
  auto sent = co_await carry(*source, socket, size - static_cast<std::uint64_t>(wish.offset));
  if (!sent) {
    spdlog::warn("template {} on its way to {}: {}", wish.template_, host, sent.error().message);
  }
}

}  // namespace truce::manager
