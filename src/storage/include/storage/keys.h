// The keys that disks are encrypted with. People give a key a name; the name is all that is stored.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/async.h"
#include "base/result.h"
#include "base/secret.h"

namespace truce::storage {

/// A key has this many printable ASCII characters.
inline constexpr std::size_t shortest_key = 16, longest_key = 1024;

/// Gives keys by their names. They are kept nowhere, so each is asked for whenever a disk is
/// opened.
class Keys {
 public:
  virtual ~Keys() = default;
  /// Errors name the key, where it was looked for, and what to do. Code::invalid for what is no
  /// name of a key (letters, digits, `-` and `_`).
  virtual Async<Result<SecretPtr>> find(std::string name) = 0;
  /// Where a key is looked for, for messages: `/etc/truce/keys/db`.
  [[nodiscard]] virtual std::string place(const std::string& name) const = 0;
};

/// One file a key, in a folder: root's, and readable by nobody else. A line break at its end is no
/// part of the key.
class FolderKeys final : public Keys {
 public:
  FolderKeys(asio::thread_pool& threads, std::filesystem::path folder)
      : threads_(threads), folder_(std::move(folder)) {}
  Async<Result<SecretPtr>> find(std::string name) override;
  [[nodiscard]] std::string place(const std::string& name) const override;

 private:
  asio::thread_pool& threads_;
  std::filesystem::path folder_;
};

/// A program that is run with the name as its only argument and prints the key.
class CommandKeys final : public Keys {
 public:
  explicit CommandKeys(std::string program, Duration limit = std::chrono::seconds(30))
      : program_(std::move(program)), limit_(limit) {}
  Async<Result<SecretPtr>> find(std::string name) override;
  [[nodiscard]] std::string place(const std::string& name) const override;

 private:
  std::string program_;
  Duration limit_;
};

/// For the tests of others.
class FakeKeys final : public Keys {
 public:
  void add(const std::string& name, std::string_view key);
  void remove(const std::string& name) { keys_.erase(name); }
  Async<Result<SecretPtr>> find(std::string name) override;
  [[nodiscard]] std::string place(const std::string& name) const override;

 private:
  std::map<std::string, SecretPtr> keys_;
};

}  // namespace truce::storage
