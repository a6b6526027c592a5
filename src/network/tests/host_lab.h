// What tests of HostNetwork begin with: networks on real bridges in a namespace of their own.
#pragma once

#include <gtest/gtest.h>

#include "conformance.h"
#include "guest.h"
#include "names.h"
#include "network/host_network.h"
#include "sandbox.h"

namespace truce::network {

inline constexpr auto host_label_of_tests = "testhost";

class HostSubject {
 public:
  explicit HostSubject(std::string name = host_label_of_tests) : name_(std::move(name)) {}
  ~HostSubject() {
    if (!why_not().empty()) return;
    for (const auto& name : host_.present()) EXPECT_TRUE(run(host_.remove(name)));
  }
  std::string why_not() {
    if (!own_namespace) return "it needs root for a network namespace";
    return host_.why_not_nat();
  }
  HostNetwork& provider() { return host_; }
  template <class T>
  T run(Async<T> work) {
    return wait_for(loop_, std::move(work));
  }
  asio::io_context& loop() { return loop_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  std::string name_;
  TempFolder folder_;
  asio::io_context loop_;
  HostNetwork host_{
      loop_.get_executor(), folder_.path() / "run", folder_.path() / "state", {.host_name = name_}};
};

inline constexpr Mac web_mac{2, 0, 0, 0, 0, 0x11};
inline constexpr Mac db_mac{2, 0, 0, 0, 0, 0x12};
inline constexpr auto web_mac_text = "02:00:00:00:00:11";
inline constexpr auto db_mac_text = "02:00:00:00:00:12";
inline constexpr Duration patience = 5s;
inline constexpr Duration silence = 300ms;  // how long to listen for what must not come

inline const Config lab{"lab", Mode::nat, "10.98.7.0/24", "truce.internal"};
inline const Address gateway = *parse_address("10.98.7.1");

class HostNetworkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (auto why = subject_.why_not(); !why.empty()) GTEST_SKIP() << "skipped, because " << why;
  }
  HostNetwork& host() { return subject_.provider(); }
  template <class T>
  T run(Async<T> work) {
    return subject_.run(std::move(work));
  }
  void ensure(const Config& config = lab) {
    auto done = run(host().ensure(config));
    ASSERT_TRUE(done) << done.error().message;
  }
  void reserve(const std::string& vm, const std::string& mac) {
    auto done = run(host().reserve("lab", {vm, mac}));
    ASSERT_TRUE(done) << done.error().message;
  }
  Guest plug(const Mac& mac, const std::string& text) {
    auto plug = run(host().plug("lab", "vm", text));
    EXPECT_TRUE(plug) << plug.error().message;
    return Guest(plug ? std::move(plug->tap) : Fd(), mac);
  }
  Guest plug_web() { return plug(web_mac, web_mac_text); }
  std::string output(std::vector<std::string> argv, std::string input = {}) {
    return output_of(subject_.loop(), std::move(argv), std::move(input));
  }
  std::string read(const std::filesystem::path& path) {
    auto text = read_file(subject_.folder() / path);
    EXPECT_TRUE(text) << path;
    return text.value_or("");
  }
  pid_t server_pid() { return std::stoi(read("run/networks/lab/process")); }

  HostSubject subject_;
};

// Two guests: what `web` sends, `db` may hear.
class PairTest : public HostNetworkTest {
 protected:
  void SetUp() override {
    HostNetworkTest::SetUp();
    if (IsSkipped()) return;
    ensure();
    if (!output({"nft", "list", "tables"}).contains("table bridge truce-lab")) {
      GTEST_SKIP() << "skipped, because this kernel has no nftables for bridges";
    }
    reserve("web01", web_mac_text);
    reserve("db", db_mac_text);
    web_.emplace(plug_web());
    db_.emplace(plug(db_mac, db_mac_text));
    ASSERT_TRUE(web_->dhcp(patience));
    ASSERT_TRUE(db_->dhcp(patience));
    web_address_ = web_->address();
  }
  bool datagram_arrives(Address from, std::uint16_t from_port = 4000,
                        std::uint16_t to_port = 5000) {
    web_->send_ip(db_mac, {from, db_->address(), from_port, to_port, {'x'}});
    auto heard = db_->receive_udp(to_port, silence);
    return heard && heard->from == from;
  }

  Address web_address_;
  std::optional<Guest> web_;
  std::optional<Guest> db_;
};

// A tap `wan0` with 192.0.2.1/24 stands for the way to the world; the test is the world.
class NatTest : public HostNetworkTest {
 protected:
  void SetUp() override {
    HostNetworkTest::SetUp();
    if (IsSkipped()) return;
    ensure();
    reserve("web01", web_mac_text);
    auto tap = make_tap("/dev/net/tun", "wan0");
    ASSERT_TRUE(tap);
    output({"ip", "address", "add", "192.0.2.1/24", "dev", "wan0"});
    output({"ip", "link", "set", "wan0", "up"});
    world_.emplace(std::move(*tap), Mac{2, 0, 0, 0, 9, 9});
    world_->set_address(outside_);
    guest_.emplace(plug_web());
    auto offer = guest_->dhcp(patience);
    ASSERT_TRUE(offer);
    inside_ = offer->address;
  }

  const Address outside_ = *parse_address("192.0.2.9");
  const Address host_outside_ = *parse_address("192.0.2.1");
  Address inside_;
  std::optional<Guest> world_;
  std::optional<Guest> guest_;
};

}  // namespace truce::network
