// govmomi's simulator as a server to test against: not ours, and not vCenter either.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "../../store/tests/in_loop.h"
#include "../../store/tests/temporary_folder.h"
#include "base/file.h"
#include "base/process.h"
#include "http/client.h"
#include "platform/platform.h"

namespace truce::vsphere {

/// A vcsim on loopback, which ends with the test. Made of source when it is first asked for.
class Vcsim {
 public:
  enum class Kind { center, host };
  /// `more`: further options of it.
  explicit Vcsim(Kind kind, std::vector<std::string> more = {})
      : kind_(kind), more_(std::move(more)) {
    auto built = run_here({peer("build")}, 20min);
    if (!built || !built->status.success()) {
      why_not_ = "vcsim cannot be built: " + (built ? built->err : built.error().message);
      return;
    }
    program_ = built->out.substr(0, built->out.find('\n'));
    start(2, "pass");
  }
  ~Vcsim() { stop(); }
  Vcsim(const Vcsim&) = delete;
  Vcsim& operator=(const Vcsim&) = delete;

  [[nodiscard]] const std::string& why_not() const { return why_not_; }

  /// At the address that it had before, if it has been started before.
  void start(int machines, const std::string& password) {
    password_ = password;
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    Fd out(ends[0]), in(ends[1]);
    Command command;
    command.argv = {"setpriv",   "--pdeathsig",
                    "KILL",      program_,
                    "-l",        address_.empty() ? "127.0.0.1:0" : address_,
                    "-machines", std::to_string(machines),
                    "-password", password,
                    "-keep",     folder_.path().string()};
    if (kind_ == Kind::host) command.argv.push_back("-esx");
    command.argv.insert(command.argv.end(), more_.begin(), more_.end());
    // Where its datastores are: they stay when it is killed.
    command.environment.emplace_back("TMPDIR", folder_.path().string());
    command.descriptors = {{in.get(), 1}, {STDERR_FILENO, 2}};
    auto process = Process::start(command);
    if (!process) throw std::runtime_error(process.error().message);
    process_.emplace(*std::move(process));
    in = Fd();
    std::string line;
    for (char c = 0; ::read(out.get(), &c, 1) == 1 && c != '\n';) line += c;
    if (line.empty()) throw std::runtime_error("vcsim has not started");
    address_ = line;
  }
  void stop() {
    if (!process_) return;
    EXPECT_TRUE(process_->signal(SIGKILL));
    asio::io_context loop;
    EXPECT_TRUE(store::in_loop(loop, process_->wait()));
    process_.reset();
  }

  [[nodiscard]] platform::Account account() const {
    platform::Account account;
    account.url = "https://" + address_;
    account.user = "user";
    account.password = std::make_shared<Secret>(password_);
    asio::io_context loop;
    auto shown = store::in_loop(loop, http::server_fingerprint(loop.get_executor(), account.url));
    EXPECT_TRUE(shown);
    account.trust.fingerprint = shown.value_or("");
    return account;
  }

  /// What the client that is not ours prints; empty when there is none here, or it has failed.
  std::string other(const std::string& verb, const std::string& name = {}) {
    return other(verb, name.empty() ? std::vector<std::string>() : std::vector{name});
  }
  std::string other(const std::string& verb, const std::vector<std::string>& words) {
    std::vector<std::string> argv = {"/usr/bin/python3", peer("other.py"), address_, password_,
                                     verb};
    argv.insert(argv.end(), words.begin(), words.end());
    auto done = run_here(argv, 10min);
    if (done && done->status.success()) return done->out + "\n";
    ADD_FAILURE() << verb << ": " << (done ? done->err : done.error().message);
    return {};
  }
  /// Where the files of a machine are; empty: it has none.
  [[nodiscard]] std::filesystem::path folder_of(const std::string& machine) const {
    for (const auto& store : std::filesystem::directory_iterator(folder_.path()))
      if (std::filesystem::exists(store.path() / machine)) return store.path() / machine;
    return {};
  }
  /// Disks that leases have got.
  [[nodiscard]] std::vector<std::filesystem::path> sent() const {
    std::vector<std::filesystem::path> files;
    for (const auto& file : std::filesystem::directory_iterator(folder_.path()))
      if (file.path().extension() == ".vmdk") files.push_back(file.path());
    return files;
  }
  static bool has_other() {
    auto done = run_here({"/usr/bin/python3", "-W", "ignore", "-c", "import pyVmomi"}, 5min);
    return done && done->status.success();
  }

 private:
  static std::string peer(const std::string& name) {
    return std::string(TRUCE_TEST_FILES) + "/../../../tests/peers/vcsim/" + name;
  }
  static Result<Output> run_here(std::vector<std::string> argv, Duration limit) {
    Command command;
    command.argv = std::move(argv);
    for (const auto* name : {"HOME", "TRUCE_PEERS", "XDG_CACHE_HOME"})
      if (const auto* value = std::getenv(name)) command.environment.emplace_back(name, value);
    asio::io_context loop;
    return store::in_loop(loop, run(command, limit));
  }

  store::TemporaryFolder folder_;
  Kind kind_;
  std::vector<std::string> more_;
  std::string why_not_, program_, address_, password_;
  std::optional<Process> process_;
};

}  // namespace truce::vsphere
