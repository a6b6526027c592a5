#pragma once

#include <filesystem>
#include <fstream>
#include <list>
#include <memory>
#include <string>

#include "base/frames.h"

namespace truce::node {

/// A machine's serial line: always read, so that the guest never waits; its last output is kept in
/// memory and in a file of bounded size (`serial.log`, and the part before it as `serial.log.1`);
/// any number of people may be attached to it.
class SerialLine {
 public:
  explicit SerialLine(std::filesystem::path log);

  /// Reads the line until it ends. `self` keeps the line alive meanwhile.
  Async<void> follow(std::shared_ptr<SerialLine> self, std::string socket_path);
  /// Carries bytes between a client and the line until either ends; begins with the last output.
  Async<void> attach(std::shared_ptr<SerialLine> self, UnixSocket client);
  /// The last `bytes` of output; also of a machine that is off.
  [[nodiscard]] std::string tail(std::size_t bytes) const;
  /// Throws away what was kept so far.
  void forget();

 private:
  struct Client;
  void keep(std::string_view output);
  Async<void> send(std::shared_ptr<Client> client);
  Async<void> receive(std::shared_ptr<Client> client);

  std::filesystem::path log_;
  std::ofstream file_;
  std::size_t file_size_ = 0;
  std::string recent_;
  std::optional<UnixSocket> line_;
  std::list<std::shared_ptr<Client>> clients_;
};

}  // namespace truce::node
