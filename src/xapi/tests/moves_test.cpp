// Machines that leave the model of a pool, and come to it, with real disks.
#include <signal.h>

#include <fstream>

#include "image/image.h"
#include "peer.h"
#include "platform/inventory.h"
#include "platform/transfers.h"
#include "session.h"
#include "xapi/xapi.h"

namespace truce::xapi {
namespace {

constexpr std::size_t disk_size = std::size_t{3} << 20;

class Moving : public testing::Test {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);
    for (std::size_t at = 0; at < disk_size; ++at)
      content_[at] = at % 700'000 < 300'000 ? static_cast<char>(at * 7 >> 3) : '\0';
    std::ofstream(folder_.path() / "disk", std::ios::binary) << content_;
    disk_ = peer_.order({"content", "web02", (folder_.path() / "disk").string()});
    platform_ = xapi::open(loop_.get_executor(), peer_.account());
    auto update = wait(platform_->next(1s));
    ASSERT_TRUE(update) << update.error().message;
    inventory_.apply(*std::move(update));
    for (const auto& [id, machine] : inventory_.machines()) {
      if (machine.name == "web02") id_ = id;
      if (machine.name == "web01") running_ = id;
    }
  }
  void TearDown() override { wait_for_nothing(platform_->close()); }
  template <class T>
  T wait(Async<T> work) {
    return store::in_loop(loop_, std::move(work));
  }
  void wait_for_nothing(Async<void> work) {
    auto after = [](Async<void> first) -> Async<bool> {
      co_await std::move(first);
      co_return true;
    };
    store::in_loop(loop_, after(std::move(work)));
  }
  Result<std::unique_ptr<platform::Departure>> depart() {
    return wait(platform_->transfers()->depart(id_));
  }
  // All of it, as it comes once and in order.
  static Result<std::string> bytes_of(image::Image& disk) {
    std::string bytes(disk.size(), '\0');
    auto all = std::as_writable_bytes(std::span(bytes));
    for (std::size_t at = 0; at < bytes.size();) {
      TRY(auto extent, disk.extent(at, bytes.size() - at));
      if (extent.kind != image::Kind::hole) TRY_VOID(disk.read(at, all.subspan(at, extent.length)));
      at += extent.length;
    }
    return bytes;
  }

  Peer peer_;
  asio::io_context loop_;
  store::TemporaryFolder folder_;
  std::unique_ptr<platform::Platform> platform_;
  platform::Inventory inventory_;
  std::string content_ = std::string(disk_size, '\0'), disk_, id_, running_;
  std::atomic<bool> cancelled_ = false;
};

TEST_F(Moving, a_disk_comes_as_it_is_and_only_of_a_machine_that_is_off) {
  EXPECT_EQ(wait(platform_->transfers()->depart(running_)).error().code, Code::precondition);
  auto departure = depart();
  ASSERT_TRUE(departure) << departure.error().message;
  auto opened = (*departure)->open(disk_, cancelled_);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->image->size(), disk_size);
  auto came = bytes_of(*opened->image);
  ASSERT_TRUE(came) << came.error().message;
  EXPECT_TRUE(*came == content_);
  EXPECT_EQ((*departure)->open(disk_, cancelled_)->version, opened->version);
  EXPECT_EQ((*departure)->open("none", cancelled_).error().code, Code::not_found);
}

TEST_F(Moving, one_that_was_started_meanwhile_has_another_version) {
  auto departure = depart();
  ASSERT_TRUE(departure);
  auto before = (*departure)->open(disk_, cancelled_);
  ASSERT_TRUE(before);
  before->image.reset();
  ASSERT_TRUE(wait(platform_->start(id_)));
  EXPECT_EQ((*departure)->open(disk_, cancelled_).error().code, Code::unavailable);
  ASSERT_TRUE(wait(platform_->kill(id_)));
  auto after = (*departure)->open(disk_, cancelled_);
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_NE(after->version, before->version);
}

TEST_F(Moving, a_stream_that_is_cut_or_refused_may_pass) {
  auto departure = depart();
  ASSERT_TRUE(departure);
  std::ofstream(folder_.path() / "disk", std::ios::binary) << content_.substr(0, 1'000'000);
  auto opened = (*departure)->open(disk_, cancelled_);
  ASSERT_TRUE(opened) << opened.error().message;
  auto came = bytes_of(*opened->image);
  ASSERT_FALSE(came);
  EXPECT_EQ(came.error().code, Code::unavailable) << came.error().message;
  peer_.order({"end-sessions"});
  auto ended = (*departure)->open(disk_, cancelled_);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Code::unavailable) << ended.error().message;
  EXPECT_TRUE(depart()) << "it signs in anew";
}

platform::NewMachine wish_of(const platform::Inventory& all) {
  platform::NewMachine wish{.name = "new01", .mark = "t-000000012"};
  wish.description = "moved from Truce by t-000000012";
  wish.cpus = 4;
  wish.cores = 2;
  wish.memory = mib(512);
  for (const auto& [id, pool] : all.pools())
    if (pool.name == "Shared disks") wish.pool = id;
  wish.disks = {{.size = {disk_size}}, {.size = {1 << 20}}};
  wish.nics = {{.mac = "52:54:00:00:00:01",
                .network = all.networks().begin()->first,
                .model = model::NicModel::e1000}};
  return wish;
}

TEST_F(Moving, a_machine_comes_with_its_disks_and_cannot_be_started_before) {
  auto arrival = wait(platform_->transfers()->arrive(wish_of(inventory_)));
  ASSERT_TRUE(arrival) << arrival.error().message;
  auto id = (*arrival)->machine();
  EXPECT_EQ(wait(platform_->start(id)).error().code, Code::precondition);
  auto departure = depart();
  ASSERT_TRUE(departure);
  auto opened = (*departure)->open(disk_, cancelled_);
  ASSERT_TRUE(opened);
  auto filled = (*arrival)->fill(0, *opened->image, {});
  ASSERT_TRUE(filled) << filled.error().message;
  EXPECT_TRUE(wait((*arrival)->tell(0.5)));
  auto finished = wait((*arrival)->finish());
  ASSERT_TRUE(finished) << finished.error().message;
  auto record = json::parse(peer_.order({"show", "VM", "new01"})).as_object();
  EXPECT_EQ(text_at(record, "uuid"), id);
  EXPECT_EQ(number_at(record, "VCPUs_max"), 4);
  EXPECT_EQ(text_in(record, "platform", "cores-per-socket"), "2");
  EXPECT_EQ(text_in(record, "platform", "nic_type"), "e1000");
  std::ifstream file(peer_.order({"file", "new01"}), std::ios::binary);
  std::string got{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(got == content_);
  EXPECT_TRUE(wait(platform_->start(id)));
  EXPECT_EQ(wait(platform_->transfers()->arrive(wish_of(inventory_))).error().code, Code::conflict);
}

TEST_F(Moving, what_is_given_up_leaves_neither_machine_nor_disks) {
  auto machines = peer_.count("VM"), disks = peer_.count("VDI"), cards = peer_.count("VIF");
  auto arrival = wait(platform_->transfers()->arrive(wish_of(inventory_)));
  ASSERT_TRUE(arrival) << arrival.error().message;
  EXPECT_EQ(peer_.count("VDI"), disks + 2);
  ASSERT_TRUE(wait((*arrival)->abandon()));
  EXPECT_TRUE(wait((*arrival)->abandon())) << "again";
  // A repository that has no more room, in the middle.
  peer_.order({"fail", "VIF.create", "INTERNAL_ERROR", "x"});
  EXPECT_FALSE(wait(platform_->transfers()->arrive(wish_of(inventory_))));
  EXPECT_EQ(peer_.count("VM"), machines);
  EXPECT_EQ(peer_.count("VDI"), disks);
  EXPECT_EQ(peer_.count("VIF"), cards);
}

TEST_F(Moving, what_a_pool_cannot_have_is_said_before) {
  auto wish = wish_of(inventory_);
  wish.xen.kind = model::XenKind::pv;
  EXPECT_EQ(wait(platform_->transfers()->arrive(wish)).error().field, "/xen");
  wish = wish_of(inventory_);
  wish.pool = "none";
  EXPECT_FALSE(wait(platform_->transfers()->arrive(wish)));
  EXPECT_EQ(peer_.calls("VM.create"), 0);
}

TEST(HostOfAPool, is_at_the_same_port_and_no_text_of_another_kind) {
  EXPECT_EQ(at_host("https://a.example:4443", "10.0.0.2"), "https://10.0.0.2:4443");
  EXPECT_EQ(at_host("https://a.example", "10.0.0.2"), "https://10.0.0.2");
  EXPECT_EQ(at_host("https://a.example", "fd00::2"), "https://[fd00::2]");
  for (const auto* wrong : {"", "a/b", "a b", "a@b", "-a", "a?b"})
    EXPECT_EQ(at_host("https://a.example", wrong), "") << wrong;
}

}  // namespace
}  // namespace truce::xapi
