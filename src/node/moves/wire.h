// The connection between the node that a machine leaves and the one that it comes to: words, and
// files piece by piece.
#pragma once

#include <filesystem>
#include <functional>

#include "base/file.h"
#include "base/frames.h"
#include "base/sha256.h"
#include "moves/words.h"

namespace truce::node {

/// Goes to whoever counts what was sent.
using Sent = std::function<void(Bytes)>;

class Wire {
 public:
  /// `files` reads and writes what lies on disks.
  Wire(UnixSocket socket, asio::thread_pool& files) : socket_(std::move(socket)), files_(files) {}

  Async<Result<void>> say(Word word);
  /// The next word, which must be of that kind; `refused` is the error that it tells.
  Async<Result<Word>> hear(Word::Kind wanted);
  /// Any next word.
  Async<Result<Word>> hear();
  /// Bytes that come after a word.
  Async<Result<std::string>> bytes();

  /// What the way takes in a second, measured in a fraction of one.
  Async<Result<Bytes>> probe();
  /// Sends the file under a name. Holes stay holes. With `bandwidth` no faster than that a second.
  /// What lies before `from` is left out: the other side has it.
  Async<Result<void>> send_file(std::filesystem::path path, Word header, Sent sent,
                                Bytes bandwidth = {}, std::uint64_t from = 0);
  /// What comes after a `file` word, to where `to` says; it is there whole and durably, or not at
  /// all. What is there already of a file that is continued is kept.
  Async<Result<void>> take_file(Word header, std::filesystem::path to);

  /// Ends what is waited for on it, now and later.
  void close();

 private:
  UnixSocket socket_;
  asio::thread_pool& files_;
};

}  // namespace truce::node
