#include "kernel/netlink.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace truce::network {
namespace {

constexpr std::size_t answer_limit = 32 * 1024;
constexpr std::size_t list_limit = 16 * 1024 * 1024;

Result<std::string> receive(const Fd& socket, const std::string& what) {
  std::string answer(answer_limit, '\0');
  auto length = ::recv(socket.get(), answer.data(), answer.size(), 0);
  if (length < 0) return fail_errno(errno, what);
  answer.resize(static_cast<std::size_t>(length));
  return answer;
}

// The error that a message of type NLMSG_ERROR holds.
Result<void> verdict(std::string_view message, const std::string& what) {
  nlmsgerr error{};
  if (message.size() < sizeof(nlmsghdr) + sizeof error.error)
    return fail(Code::io, "{}: cut off", what);
  std::memcpy(&error.error, message.data() + sizeof(nlmsghdr), sizeof error.error);
  if (error.error != 0) return fail_errno(-error.error, what);
  return {};
}

}  // namespace

void NetlinkRequest::begin(std::uint16_t type, std::uint16_t flags) {
  nlmsghdr head{};
  head.nlmsg_type = type;
  head.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  append(&head, sizeof head);
}

void NetlinkRequest::append(const void* data, std::size_t size) {
  bytes_.append(static_cast<const char*>(data), size);
  bytes_.resize(NLMSG_ALIGN(bytes_.size()));
}

void NetlinkRequest::put_bytes(std::uint16_t kind, std::string_view bytes) {
  rtattr head{static_cast<std::uint16_t>(sizeof head + bytes.size()), kind};
  append(&head, sizeof head);
  append(bytes.data(), bytes.size());
}

std::size_t NetlinkRequest::open(std::uint16_t kind) {
  auto at = bytes_.size();
  put_bytes(kind, {});
  return at;
}

void NetlinkRequest::close(std::size_t opened) {
  auto size = static_cast<std::uint16_t>(bytes_.size() - opened);
  std::memcpy(&bytes_[opened], &size, sizeof size);
}

Result<Fd> NetlinkRequest::send_alone(const std::string& what) {
  auto size = static_cast<std::uint32_t>(bytes_.size());
  std::memcpy(bytes_.data(), &size, sizeof size);
  Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) return fail_errno(errno, "netlink socket");
  if (::send(socket.get(), bytes_.data(), bytes_.size(), 0) < 0) return fail_errno(errno, what);
  return socket;
}

Result<std::string> NetlinkRequest::ask(const std::string& what) {
  TRY(auto socket, send_alone(what));
  TRY(auto answer, receive(socket, what));
  nlmsghdr head{};
  if (answer.size() < sizeof head) return fail(Code::io, "{}: unexpected answer", what);
  std::memcpy(&head, answer.data(), sizeof head);
  if (head.nlmsg_type != NLMSG_ERROR) return answer;
  TRY_VOID(verdict(answer, what));
  return std::string();
}

Result<std::vector<std::string>> NetlinkRequest::list(const std::string& what) {
  TRY(auto socket, send_alone(what));
  std::vector<std::string> messages;
  std::size_t total = 0;
  while (true) {
    TRY(auto answer, receive(socket, what));
    total += answer.size();
    if (total > list_limit) return fail(Code::limit, "{}: the answer has no end", what);
    std::string_view rest = answer;
    nlmsghdr head{};
    while (rest.size() >= sizeof head) {
      std::memcpy(&head, rest.data(), sizeof head);
      if (head.nlmsg_len < sizeof head || head.nlmsg_len > rest.size())
        return fail(Code::io, "{}: cut off", what);
      if (head.nlmsg_type == NLMSG_DONE) return messages;
      if (head.nlmsg_type == NLMSG_ERROR) {
        TRY_VOID(verdict(rest.substr(0, head.nlmsg_len), what));
        return messages;
      }
      messages.emplace_back(rest.substr(0, head.nlmsg_len));
      rest.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(head.nlmsg_len), rest.size()));
    }
  }
}

Result<void> NetlinkRequest::send(const std::string& what) {
  TRY(auto answer, ask(what));
  if (answer.empty()) return {};
  return fail(Code::io, "{}: unexpected answer", what);
}

std::map<std::uint16_t, std::string_view> attributes_in(std::string_view bytes) {
  std::map<std::uint16_t, std::string_view> found;
  rtattr head{};
  while (bytes.size() >= sizeof head) {
    std::memcpy(&head, bytes.data(), sizeof head);
    if (head.rta_len < sizeof head || head.rta_len > bytes.size()) break;
    constexpr std::uint16_t flags = NLA_F_NESTED | NLA_F_NET_BYTEORDER;
    auto kind = static_cast<std::uint16_t>(head.rta_type & ~flags);
    found[kind] = bytes.substr(sizeof head, head.rta_len - sizeof head);
    bytes.remove_prefix(std::min<std::size_t>(RTA_ALIGN(head.rta_len), bytes.size()));
  }
  return found;
}

std::string_view attributes_of(std::string_view message, std::size_t body) {
  auto before = sizeof(nlmsghdr) + NLMSG_ALIGN(body);
  return message.substr(std::min(before, message.size()));
}

}  // namespace truce::network
