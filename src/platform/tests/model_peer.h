// A model of somebody else's platform (tests/peers), which ends with the test, and a client that is
// not ours.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "../../store/tests/in_loop.h"
#include "../../store/tests/temporary_folder.h"
#include "base/file.h"
#include "base/process.h"
#include "http/client.h"
#include "platform/platform.h"

namespace truce::platform {

class ModelPeer {
 public:
  /// `model`: its folder; `user`: who signs in there.
  ModelPeer(std::string model, std::string user, std::string address)
      : model_(std::move(model)), user_(std::move(user)) {
    Fd theirs_in, theirs_out;
    std::tie(theirs_in, in_) = pipe();
    std::tie(out_, theirs_out) = pipe();
    Command command;
    command.argv = {"/usr/bin/python3", path("server"), "--address", std::move(address)};
    command.descriptors = {{theirs_in.get(), 0}, {theirs_out.get(), 1}, {STDERR_FILENO, 2}};
    command.environment.emplace_back("TMPDIR", folder_.path().string());
    command.environment.emplace_back("PATH", "/usr/sbin:/usr/bin:/bin");
    auto process = Process::start(command);
    if (!process) throw std::runtime_error(process.error().message);
    process_.emplace(*std::move(process));
    theirs_in = Fd();
    theirs_out = Fd();
    address_ = read_line();
    if (address_.empty()) throw std::runtime_error("the model has not started");
  }
  ~ModelPeer() {
    in_ = Fd();  // then it ends
    asio::io_context loop;
    EXPECT_TRUE(store::in_loop(loop, process_->wait()));
  }
  ModelPeer(const ModelPeer&) = delete;
  ModelPeer& operator=(const ModelPeer&) = delete;

  /// What the model answers to an order: `ok`, or what was asked for.
  std::string order(const std::vector<std::string>& words) {
    std::string line;
    for (const auto& word : words) line += (line.empty() ? "" : "\t") + word;
    line += '\n';
    if (::write(in_.get(), line.data(), line.size()) < 0) return {};
    auto answer = read_line();
    EXPECT_FALSE(answer.empty()) << line;
    return answer;
  }
  int calls(const std::string& method) { return std::stoi(order({"calls", method})); }

  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] Account account() const {
    Account account;
    account.url = "https://" + address_;
    account.user = user_;
    account.password = std::make_shared<Secret>("pass");
    account.trust.fingerprint = fingerprint();
    return account;
  }
  [[nodiscard]] std::string fingerprint() const {
    asio::io_context loop;
    auto shown =
        store::in_loop(loop, http::server_fingerprint(loop.get_executor(), "https://" + address_));
    EXPECT_TRUE(shown);
    return shown.value_or("");
  }

  /// What the client that is not ours prints; empty, with a failure, when it fails.
  std::string other(std::vector<std::string> words) {
    words.insert(words.begin(), {"/usr/bin/python3", path("other.py"), address_, "pass"});
    Command command;
    command.argv = std::move(words);
    asio::io_context loop;
    auto done = store::in_loop(loop, run_checked(std::move(command), 10min));
    if (done) return *done + "\n";
    ADD_FAILURE() << done.error().message;
    return {};
  }

 private:
  [[nodiscard]] std::string path(const std::string& name) const {
    return std::string(TRUCE_TEST_FILES) + "/../../../tests/peers/" + model_ + "/" + name;
  }
  static std::pair<Fd, Fd> pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    return {Fd(ends[0]), Fd(ends[1])};
  }
  std::string read_line() {
    std::string line;
    for (char c = 0; ::read(out_.get(), &c, 1) == 1 && c != '\n';) line += c;
    return line;
  }

  store::TemporaryFolder folder_;
  std::string model_, user_, address_;
  Fd in_, out_;
  std::optional<Process> process_;
};

}  // namespace truce::platform
