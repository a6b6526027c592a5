#include "guest_agent.h"

#include <openssl/evp.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "qmp.h"

namespace truce::qemu {
namespace {

using Socket = asio::local::stream_protocol::socket;

constexpr char frame = '\xff';  // resets the agent's parser, and marks the answer to a sync
constexpr std::size_t junk_limit = 1 << 20;
constexpr std::size_t reply_limit = 32
                                    << 20;  // the agent keeps 16 MiB of output; base64 adds a third
constexpr std::size_t addresses_limit = 64;
constexpr Duration short_limit = 2s;

/// One connection: QEMU serves one at a time and keeps the next waiting.
class Conversation {
 public:
  explicit Conversation(const asio::any_io_executor& loop) : socket_(loop) {}

  Async<Result<json::value>> hold(std::filesystem::path path, std::string command,
                                  json::object arguments) {
    auto [ec] = co_await socket_.async_connect(path.string(), as_result);
    if (ec) co_return fail(Code::unavailable, "guest agent: {}", ec.message());
    CO_TRY_VOID(co_await sync());
    CO_TRY_VOID(co_await send(std::move(command), std::move(arguments), false));
    CO_TRY(auto line, co_await line_until('\n', reply_limit));
    co_return parse_agent_reply(line);
  }

 private:
  // guest-sync-delimited: after the answer with our number nothing old is left in the way.
  Async<Result<void>> sync() {
    auto number = std::chrono::steady_clock::now().time_since_epoch().count() & 0x7fffffff;
    CO_TRY_VOID(co_await send("guest-sync-delimited", {{"id", number}}, true));
    std::size_t junk = 0;
    while (true) {
      CO_TRY(auto skipped, co_await line_until(frame, junk_limit));
      CO_TRY(auto line, co_await line_until('\n', junk_limit));
      auto reply = parse_agent_reply(line);
      if (reply && *reply == number) co_return Result<void>{};
      junk += skipped.size() + line.size();
      if (junk > junk_limit) co_return fail(Code::corrupt, "guest agent: it talks junk");
    }
  }

  Async<Result<void>> send(std::string command, json::object arguments, bool framed) {
    json::object message{{"execute", command}};
    if (!arguments.empty()) message["arguments"] = std::move(arguments);
    auto text = (framed ? std::string(1, frame) : std::string()) + json::serialize(message) + "\n";
    auto [ec, size] = co_await asio::async_write(socket_, asio::buffer(text), as_result);
    if (ec) co_return fail(Code::unavailable, "guest agent: {}", ec.message());
    co_return Result<void>{};
  }

  Async<Result<std::string>> line_until(char delimiter, std::size_t limit) {
    auto [ec, size] = co_await asio::async_read_until(socket_, asio::dynamic_buffer(buffer_, limit),
                                                      delimiter, as_result);
    if (ec == asio::error::not_found) {
      co_return fail(Code::corrupt, "guest agent: an answer is longer than {} bytes", limit);
    }
    if (ec) co_return fail(Code::unavailable, "guest agent: {}", ec.message());
    auto line = buffer_.substr(0, size - 1);
    buffer_.erase(0, size);
    co_return line;
  }

  Socket socket_;
  std::string buffer_;
};

Async<Result<json::value>> converse(std::filesystem::path path, std::string command,
                                    json::object arguments) {
  Conversation conversation(co_await asio::this_coro::executor);
  co_return co_await conversation.hold(std::move(path), std::move(command), std::move(arguments));
}

Result<hypervisor::ExecResult> exec_result(const json::value& status) {
  hypervisor::ExecResult result;
  auto signal = integer_in(status, "signal");
  result.exit_code = static_cast<int>(signal != 0 ? 128 + signal : integer_in(status, "exitcode"));
  TRY(result.out, decode_base64(text_in(status, "out-data")));
  TRY(result.err, decode_base64(text_in(status, "err-data")));
  return result;
}

}  // namespace

Result<json::value> parse_agent_reply(std::string_view line) {
  boost::system::error_code ec;
  auto value = json::parse(line, ec);
  auto* object = ec ? nullptr : value.if_object();
  if (object == nullptr) return fail(Code::corrupt, "guest agent: its answer is not a JSON object");
  if (auto* result = object->if_contains("return")) return std::move(*result);
  const auto* error = object->if_contains("error");
  if (error == nullptr || !error->is_object()) {
    return fail(Code::corrupt, "guest agent: its answer is neither a result nor an error");
  }
  bool unknown = text_in(*error, "class") == "CommandNotFound";
  return fail(unknown ? Code::unsupported : Code::io, "guest agent: {}", text_in(*error, "desc"));
}

std::vector<std::string> addresses_in(const json::value& interfaces) {
  std::vector<std::string> v4, v6;
  const auto* list = interfaces.if_array();
  if (list == nullptr) return {};
  for (const auto& entry : *list) {
    const auto* interface = entry.if_object();
    const auto* held = interface != nullptr ? interface->if_contains("ip-addresses") : nullptr;
    const auto* addresses = held != nullptr ? held->if_array() : nullptr;
    if (addresses == nullptr) continue;
    for (const auto& item : *addresses) {
      boost::system::error_code ec;
      auto address = asio::ip::make_address(text_in(item, "ip-address"), ec);
      if (ec || address.is_loopback() || address.is_multicast() || address.is_unspecified())
        continue;
      if (address.is_v6() && address.to_v6().is_link_local()) continue;
      if (address.is_v4() && (address.to_v4().to_uint() >> 16) == 0xa9fe) continue;  // 169.254/16
      auto& into = address.is_v4() ? v4 : v6;
      auto plain = address.to_string();
      if (std::find(into.begin(), into.end(), plain) == into.end()) into.push_back(plain);
    }
  }
  v4.insert(v4.end(), v6.begin(), v6.end());
  if (v4.size() > addresses_limit) v4.resize(addresses_limit);
  return v4;
}

namespace {
// What a guest says is shown to people. UTF-8 stays whole.
std::string short_line(std::string text) {
  constexpr std::size_t longest = 128;
  auto begins = [](char letter) { return (static_cast<unsigned char>(letter) & 0xc0U) != 0x80; };
  std::erase_if(text, [](char letter) {
    return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f;
  });
  if (text.size() <= longest) return text;
  auto end = longest;
  while (end > 0 && !begins(text[end])) --end;
  return text.substr(0, end);
}
}  // namespace

hypervisor::GuestIdentity identity_in(const json::value& host, const json::value& os) {
  auto system = text_in(os, "pretty-name");
  if (system.empty()) system = text_in(os, "name");
  return {short_line(text_in(host, "host-name")), short_line(std::move(system))};
}

Result<std::string> decode_base64(std::string_view text) {
  if (text.empty()) return std::string();
  if (text.size() % 4 != 0)
    return fail(Code::corrupt, "base64: {} characters are no multiple of 4", text.size());
  std::string out(text.size() / 4 * 3, '\0');
  auto size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                              reinterpret_cast<const unsigned char*>(text.data()),
                              static_cast<int>(text.size()));
  if (size < 0) return fail(Code::corrupt, "base64: a character that does not belong there");
  out.resize(static_cast<std::size_t>(size));  // OpenSSL counts what stands for the padding
  for (int padding = 0; padding < 2 && text.ends_with('=') && !out.empty(); ++padding) {
    text.remove_suffix(1);
    out.pop_back();
  }
  return out;
}

Async<Result<json::value>> ask_agent(std::filesystem::path socket, std::string command,
                                     json::object arguments, Duration limit) {
  auto answer = co_await within(limit, converse(std::move(socket), command, std::move(arguments)),
                                "guest agent");
  if (!answer && answer.error().code == Code::timeout) {
    co_return fail(
        Code::unavailable,
        "no guest agent answers; is qemu-guest-agent installed and running in the guest?");
  }
  co_return answer;
}

Async<Result<void>> Agents::ping(std::string uuid) {
  CO_TRY(auto socket, socket_of_(uuid));
  CO_TRY_VOID(co_await ask_agent(std::move(socket), "guest-ping", {}, short_limit));
  co_return Result<void>{};
}

Async<Result<std::vector<std::string>>> Agents::addresses(std::string uuid) {
  CO_TRY(auto socket, socket_of_(uuid));
  CO_TRY(auto answer,
         co_await ask_agent(std::move(socket), "guest-network-get-interfaces", {}, short_limit));
  co_return addresses_in(answer);
}

// Old agents tell neither.
Async<Result<hypervisor::GuestIdentity>> Agents::identity(std::string uuid) {
  CO_TRY(auto socket, socket_of_(uuid));
  json::value told[2];
  for (bool second : {false, true}) {
    auto answer = co_await ask_agent(socket, second ? "guest-get-osinfo" : "guest-get-host-name",
                                     {}, short_limit);
    if (!answer && answer.error().code == Code::unavailable)
      co_return std::unexpected(std::move(answer).error());
    if (answer) told[second ? 1 : 0] = *std::move(answer);
  }
  co_return identity_in(told[0], told[1]);
}

Async<Result<hypervisor::ExecResult>> Agents::exec(std::string uuid, std::vector<std::string> argv,
                                                   Duration limit) {
  if (argv.empty()) co_return fail(Code::invalid, "no program to run is named");
  CO_TRY(auto socket, socket_of_(uuid));
  auto deadline = std::chrono::steady_clock::now() + limit;
  json::object call{{"path", argv[0]}, {"capture-output", true}};
  call["arg"] = json::array(argv.begin() + 1, argv.end());
  CO_TRY(auto started,
         co_await ask_agent(socket, "guest-exec", std::move(call), std::max(short_limit, limit)));
  auto pid = integer_in(started, "pid");
  // The agent tells nothing by itself: it has to be asked, less and less often.
  for (Duration pause = 10ms; std::chrono::steady_clock::now() < deadline;
       pause = std::min(pause * 2, Duration(500ms))) {
    CO_TRY(auto status, co_await ask_agent(socket, "guest-exec-status", {{"pid", pid}},
                                           std::max(short_limit, limit)));
    const auto* object = status.if_object();
    const auto* exited = object != nullptr ? object->if_contains("exited") : nullptr;
    if (exited == nullptr || !exited->is_bool())
      co_return fail(Code::corrupt, "guest agent: an odd guest-exec-status");
    if (exited->get_bool()) co_return exec_result(status);
    co_await sleep_for(pause);
  }
  co_return fail(Code::timeout, "{} has not ended within {:g} s; it runs on in the guest", argv[0],
                 static_cast<double>(limit.count()) / 1000);
}

// All that is written is on the disk before the answer comes, which may take a while.
Async<Result<int>> Agents::freeze(std::string uuid) {
  CO_TRY(auto socket, socket_of_(uuid));
  CO_TRY(auto frozen, co_await ask_agent(std::move(socket), "guest-fsfreeze-freeze", {}, 30s));
  if (!frozen.is_int64()) co_return fail(Code::corrupt, "guest agent: an odd answer to freeze");
  co_return static_cast<int>(frozen.get_int64());
}

Async<Result<void>> Agents::thaw(std::string uuid) {
  CO_TRY(auto socket, socket_of_(uuid));
  CO_TRY_VOID(co_await ask_agent(std::move(socket), "guest-fsfreeze-thaw", {}, 10s));
  co_return Result<void>{};
}

}  // namespace truce::qemu
