// What the manager asks, and is answered at once.
#include "base/base64.h"
#include "base/log.h"
#include "proof/trial.h"
#include "state.h"
#include "support.h"

namespace truce::node {
namespace {

constexpr std::size_t screenshot_limit = 32U << 20;
constexpr std::size_t signs_limit = 16U << 10;  // of what the serial line says

}  // namespace

Async<void> Node::State::answer(model::Call call) {
  auto reply = co_await carry_out(call);
  model::CallReply told;
  if (reply) {
    told = std::move(*reply);
  } else {
    told.error = reply.error().message;
    told.code = to_string(reply.error().code);
  }
  told.id = call.id;
  replies.push_back(std::move(told));
  replied->wake();
}

// What asks about the host and not about one of its machines.
Async<std::optional<model::CallReply>> Node::State::of_host(const model::Call& call) {
  model::CallReply reply;
  if (call.verb == model::CallVerb::check_host) {
    if (settings.check_host) reply.checks = co_await settings.check_host();
    co_return reply;
  }
  if (call.verb != model::CallVerb::support_files) co_return std::nullopt;
  reply.files = co_await support_files(settings);
  co_return reply;
}

Async<Result<model::CallReply>> Node::State::carry_out(const model::Call& call) {
  auto told = co_await of_host(call);
  if (told) co_return *std::move(told);
  if (call.verb == model::CallVerb::power_off) co_return co_await power_off(call.only_ask);
  if (auto carried = co_await porter.answer(call)) co_return *std::move(carried);
  auto found = keepers.find(call.vm);
  if (found == keepers.end())
    co_return fail(Code::not_found, "this host has no machine {}", call.vm);
  auto& keeper = *found->second;
  model::CallReply reply;
  switch (call.verb) {
    case model::CallVerb::reset:
      CO_TRY_VOID(co_await hands.hypervisor.reset(call.vm));
      keeper.was_reset();
      break;
    case model::CallVerb::screenshot: {
      CO_TRY(auto png, co_await hands.hypervisor.screenshot(call.vm));
      if (png.size() > screenshot_limit) co_return fail(Code::limit, "the screenshot is too large");
      reply.data = base64_encode(png);
      break;
    }
    case model::CallVerb::exec:
      co_return co_await exec(call);
    case model::CallVerb::dirty_rate: {
      auto* migration = hands.hypervisor.migration();
      if (migration == nullptr) co_return fail(Code::unsupported, "this hypervisor does not tell");
      CO_TRY(auto rate, co_await migration->dirty_rate(call.vm));
      reply.data = std::to_string(rate.count);
      break;
    }
    case model::CallVerb::usage: {
      CO_TRY(reply.usage, co_await usage(keeper.vm()));
      break;
    }
    case model::CallVerb::serial_tail:
      reply.data =
          keeper.serial()->tail(static_cast<std::size_t>(std::max<std::int64_t>(call.bytes, 0)));
      break;
    case model::CallVerb::signs:
      reply.signs = co_await signs_of(hands.hypervisor, call.vm, keeper.serial()->tail(signs_limit),
                                      keeper.resets());
      break;
    case model::CallVerb::serve_disk:
      CO_TRY_VOID(co_await serve_disk(call, keeper));
      break;
    case model::CallVerb::stream:
      CO_TRY_VOID(co_await open_stream(call, keeper));
      break;
    default:
      co_return fail(Code::unsupported, "this node does not know what is asked of it");
  }
  co_return reply;
}

Async<Result<model::CallReply>> Node::State::exec(model::Call call) {
  auto* agent = hands.hypervisor.guest_agent();
  if (agent == nullptr) co_return fail(Code::unsupported, "this hypervisor has no guest agent");
  CO_TRY(auto result,
         co_await agent->exec(call.vm, call.argv, std::chrono::seconds(call.timeout_seconds)));
  model::CallReply reply;
  reply.exec = model::ExecAnswer{result.exit_code, std::move(result.out), std::move(result.err)};
  co_return reply;
}

// Whoever asks believes that nothing is here; this host knows.
Async<Result<model::CallReply>> Node::State::power_off(bool only_ask) {
  if (auto count = keepers.size() + adopted.size(); count > 0)
    co_return fail(Code::precondition, "{} machines are on it still", count);
  if (!settings.power_off) co_return fail(Code::unsupported, "this host cannot switch itself off");
  if (!only_ask) {
    spdlog::warn("this host is switched off: its manager wants it to sleep");
    CO_TRY_VOID(co_await settings.power_off());
  }
  co_return model::CallReply{};
}

// What is open keeps others out, the hypervisor as well: see storage::Pool.
Async<Result<void>> Node::State::serve_disk(const model::Call& call, Keeper& keeper) {
  auto access = call.write ? storage::Access::write : storage::Access::read;
  CO_TRY(auto turn, disk_server.take_turn());
  auto held = keeper.shared_from_this();
  CO_TRY(auto image, co_await held->open_disk(call.part, access));
  CO_TRY(auto socket, co_await connect_stream(settings, call.stream));
  CO_TRY(auto stream, blocking_end(std::move(socket)));
  scope.spawn(disk_server.serve(std::move(turn), std::move(image), access, std::move(stream)));
  co_return Result<void>{};
}

Async<Result<void>> Node::State::open_stream(const model::Call& call, Keeper& keeper) {
  std::string port;  // of all but the console, which is shared and remembered
  if (call.which != "serial") {
    port = hands.hypervisor.socket(call.vm, call.which).string();
    if (port.empty()) {
      co_return fail(Code::unsupported, "'{}' has no {}", keeper.vm().name,
                     call.which == "vnc" ? "screen" : call.which);
    }
  }
  CO_TRY(auto socket, co_await connect_stream(settings, call.stream));
  scope.spawn(carry_stream(std::move(socket), call.vm, std::move(port)));
  co_return Result<void>{};
}

Async<void> Node::State::carry_stream(UnixSocket socket, std::string uuid, std::string port) {
  if (!port.empty()) {
    auto other = co_await connect_unix(port);
    if (other) co_await splice(socket, *other);
    co_return;
  }
  auto found = keepers.find(uuid);
  if (found == keepers.end()) co_return;
  auto line = found->second->serial();
  co_await line->attach(line, std::move(socket));
}

}  // namespace truce::node
