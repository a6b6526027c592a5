// The guest's agent: JSON lines over a virtio port, answered by whatever runs in the guest
// (qemu.git qga/qapi-schema.json). Nothing that it says is trusted.
#pragma once

#include <boost/json.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hypervisor/hypervisor.h"

namespace truce::qemu {

namespace json = boost::json;

/// Reads one answer: what is in `return`, or the agent's refusal as an error. Code::corrupt for
/// anything else.
Result<json::value> parse_agent_reply(std::string_view line);

/// The addresses in an answer to guest-network-get-interfaces: IPv4 first, without loopback,
/// link-local and multicast ones, each once, at most 64.
std::vector<std::string> addresses_in(const json::value& interfaces);

/// Who the guest is by the answers to guest-get-host-name and guest-get-osinfo: printable, and
/// short.
hypervisor::GuestIdentity identity_in(const json::value& host, const json::value& os);

/// Base64 (RFC 4648) to bytes; Code::corrupt when it is not.
Result<std::string> decode_base64(std::string_view text);

/// One command to the agent behind a socket. Waits for its turn where the socket is in use.
/// Errors: unavailable when no agent answers within `limit`.
Async<Result<json::value>> ask_agent(std::filesystem::path socket, std::string command,
                                     json::object arguments, Duration limit);

/// The agents of all machines of one hypervisor.
class Agents final : public hypervisor::GuestAgent {
 public:
  /// `socket_of` answers the path of a running machine's socket, or an error.
  using SocketOf = std::function<Result<std::filesystem::path>(const std::string& uuid)>;
  explicit Agents(SocketOf socket_of) : socket_of_(std::move(socket_of)) {}

  Async<Result<void>> ping(std::string uuid) override;
  Async<Result<std::vector<std::string>>> addresses(std::string uuid) override;
  Async<Result<hypervisor::GuestIdentity>> identity(std::string uuid) override;
  /// A program that a signal ended answers 128 + its number, as shells do. When it has not ended
  /// within `limit`: Code::timeout, and it runs on.
  Async<Result<hypervisor::ExecResult>> exec(std::string uuid, std::vector<std::string> argv,
                                             Duration limit) override;
  Async<Result<int>> freeze(std::string uuid) override;
  Async<Result<void>> thaw(std::string uuid) override;

 private:
  SocketOf socket_of_;
};

}  // namespace truce::qemu
