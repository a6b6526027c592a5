// rtnetlink(7): a request about the host's links and addresses, as bytes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace truce::network {

/// One request to the kernel, attribute by attribute. Blocks for well under a millisecond.
class NetlinkRequest {
 public:
  /// Of a type such as RTM_NEWADDR; NLM_F_REQUEST and NLM_F_ACK are added to `flags`.
  template <class Body>
  NetlinkRequest(std::uint16_t type, std::uint16_t flags, const Body& body) {
    begin(type, flags);
    append(&body, sizeof body);
  }

  template <class Value>
  void put(std::uint16_t kind, const Value& value) {
    put_bytes(kind, {reinterpret_cast<const char*>(&value), sizeof value});
  }
  void put_bytes(std::uint16_t kind, std::string_view bytes);
  /// An attribute that holds those that follow, until close() with what open() gave.
  [[nodiscard]] std::size_t open(std::uint16_t kind);
  void close(std::size_t opened);

  /// Success when the kernel has done it. `what` begins the error's message.
  Result<void> send(const std::string& what);
  /// The same for a question with one message as its answer.
  Result<std::string> ask(const std::string& what);
  /// The same for a question with many: the messages, each with its header. At most 16 MiB.
  Result<std::vector<std::string>> list(const std::string& what);

  /// As it goes to the kernel, but for its length.
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void begin(std::uint16_t type, std::uint16_t flags);
  void append(const void* data, std::size_t size);
  Result<Fd> send_alone(const std::string& what);
  std::string bytes_;
};

/// The attributes of a part of a message, by kind. What is cut off is left out.
std::map<std::uint16_t, std::string_view> attributes_in(std::string_view bytes);

/// What lies behind the header and the `body` bytes of a message; empty when it is shorter.
std::string_view attributes_of(std::string_view message, std::size_t body);

}  // namespace truce::network
