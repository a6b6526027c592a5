// Several hosts on one wire, for tests of networks that extend over them: network namespaces, each
// with a provider of its own.
#pragma once

#include <sys/mount.h>

#include <list>

#include "host_lab.h"
#include "kernel/vxlan.h"

namespace truce::network {

/// The calling thread, and what it starts, are in another network namespace until destroyed.
class Inside {
 public:
  explicit Inside(const Fd& there) : home_(*open_file("/proc/thread-self/ns/net", O_RDONLY)) {
    EXPECT_EQ(::setns(there.get(), CLONE_NEWNET), 0);
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() { EXPECT_EQ(::setns(home_.get(), CLONE_NEWNET), 0); }

 private:
  Fd home_;
};

/// One of the hosts. Its address on the wire is 192.0.2.NUMBER.
class LabHost {
 public:
  explicit LabHost(int number) : number_(number), space_(new_namespace()) {
    Inside inside(space_);
    subject_.emplace(fmt::format("host{}", number));
  }
  ~LabHost() {
    Inside inside(space_);
    subject_.reset();
  }
  LabHost(const LabHost&) = delete;
  LabHost& operator=(const LabHost&) = delete;

  [[nodiscard]] std::string address() const { return fmt::format("192.0.2.{}", number_); }
  [[nodiscard]] const Fd& space() const { return space_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return subject_->folder(); }

  template <class Verb>
  auto call(Verb verb) {
    Inside inside(space_);
    return subject_->run(verb(subject_->provider()));
  }
  std::string output(std::vector<std::string> argv, std::string input = {}) {
    Inside inside(space_);
    return output_of(subject_->loop(), std::move(argv), std::move(input));
  }
  void must(const Result<void>& done) { EXPECT_TRUE(done) << done.error().message; }
  void ensure(const Config& config) {
    must(call([&](Provider& host) { return host.ensure(config); }));
  }
  void reserve(const std::string& network, const Nic& nic) {
    must(call([&](Provider& host) { return host.reserve(network, nic); }));
  }
  void release(const std::string& network, const std::string& mac) {
    must(call([&](Provider& host) { return host.release(network, mac); }));
  }
  void set_peers(const Peers& peers) {
    must(call([&](Provider& host) { return host.set_peers(peers); }));
  }
  Plug plug(const std::string& network, const std::string& mac) {
    auto plug = call([&](Provider& host) { return host.plug(network, "vm", mac); });
    EXPECT_TRUE(plug) << plug.error().message;
    return plug ? std::move(*plug) : Plug();
  }

 private:
  static Fd new_namespace() {
    auto home = open_file("/proc/thread-self/ns/net", O_RDONLY);
    EXPECT_EQ(::unshare(CLONE_NEWNET), 0);
    EXPECT_TRUE(set_up("lo"));
    auto made = open_file("/proc/thread-self/ns/net", O_RDONLY);
    EXPECT_EQ(::setns(home->get(), CLONE_NEWNET), 0);
    return std::move(*made);
  }

  int number_;
  Fd space_;
  std::optional<HostSubject> subject_;
};

/// Hosts 1 to 3 on one wire, which is a bridge in the test's own namespace.
class HostsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    HostSubject first;
    if (auto why = first.why_not(); !why.empty()) GTEST_SKIP() << "skipped, because " << why;
    home_.emplace(*open_file("/proc/thread-self/ns/net", O_RDONLY));
    command({"ip", "link", "add", "wire0", "type", "bridge"});
    command({"ip", "link", "set", "wire0", "up"});
    for (int number = 1; number <= 3; ++number) {
      auto& host = hosts_.emplace_back(number);
      auto end = fmt::format("wire-{}", number);
      command({"ip", "link", "add", end, "type", "veth", "peer", "name", "uplink", "netns",
               fmt::format("/proc/{}/fd/{}", ::getpid(), host.space().get())});
      command({"ip", "link", "set", end, "master", "wire0", "up"});
      host.output({"ip", "address", "add", host.address() + "/24", "dev", "uplink"});
      host.output({"ip", "link", "set", "uplink", "up"});
    }
  }
  void TearDown() override {
    hosts_.clear();
    if (home_) command({"ip", "link", "delete", "wire0"});
  }
  std::string command(std::vector<std::string> argv) { return output_of(loop_, std::move(argv)); }
  LabHost& host(int number) { return *std::next(hosts_.begin(), number - 1); }

  asio::io_context loop_;
  std::list<LabHost> hosts_;
  std::optional<Fd> home_;
};

}  // namespace truce::network
