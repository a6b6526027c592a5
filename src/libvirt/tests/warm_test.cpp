// Machines that leave a host with QEMU while they run: their disks are written by QEMU meanwhile,
// as by a guest.
#include "platform/transfers.h"
#include "qemu_lab.h"

namespace truce::libvirt {
namespace {

namespace fs = std::filesystem;
using platform::Range, platform::WarmDeparture;

constexpr std::size_t disk_size = std::size_t{16} << 20, mib1 = 1 << 20;
const std::string move = "t-000000012";

class Warm : public QemuTest {
 protected:
  void SetUp() override {
    QemuTest::SetUp();
    if (IsSkipped()) return;
    expected_.assign(disk_size, '\0');
    host_.virsh({"start", "web01"});
  }
  std::unique_ptr<WarmDeparture> depart(const std::string& machine = "web01") {
    auto departure = wait(platform_->transfers()->depart_warm(id_of(machine), move));
    EXPECT_TRUE(departure) << departure.error().message;
    return departure ? std::move(*departure) : nullptr;
  }
  /// As its guest would.
  void write(std::size_t at, std::size_t length, char value) {
    std::fill_n(expected_.begin() + static_cast<std::ptrdiff_t>(at), length, value);
    auto said =
        host_.virsh({"qemu-monitor-command", "web01", "--hmp",
                     fmt::format("qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend "
                                 "\"write -P {} {} {}\"",
                                 static_cast<int>(value), at, length)});
    EXPECT_FALSE(said.contains("rror")) << said;  // what it has done it says to nobody
  }
  void hold(WarmDeparture& departure, int moment) {
    auto held = wait(departure.hold(moment));
    ASSERT_TRUE(held) << held.error().message;
  }
  /// What a disk had at the moment after `since`, and what of it was written after that.
  std::pair<std::string, std::vector<Range>> read(WarmDeparture& departure, int since) {
    auto opened = departure.open("vda", since, cancelled_);
    EXPECT_TRUE(opened) << opened.error().message;
    if (!opened) return {};
    EXPECT_EQ(opened->changed.has_value(), since > 0);
    return {bytes_of(*opened->image), opened->changed.value_or(std::vector<Range>())};
  }
  void let_go(WarmDeparture& departure) {
    auto gone = wait(departure.let_go());
    EXPECT_TRUE(gone) << gone.error().message;
  }
  /// It is as if nobody had ever read it.
  void expect_untouched() {
    for (const auto& entry : fs::directory_iterator(host_.images()))
      EXPECT_FALSE(entry.path().string().contains(move)) << entry.path();
    for (const auto* which : {"--inactive", "--security-info"}) {
      auto xml = host_.virsh({"dumpxml", which, "web01"});
      EXPECT_TRUE(xml.contains("web01.qcow2'")) << xml;
      EXPECT_FALSE(xml.contains(move)) << xml;
    }
  }
  void expect_content() {
    auto departure = wait(platform_->transfers()->depart(id_of("web01")));
    ASSERT_TRUE(departure) << departure.error().message;
    auto opened = (*departure)->open("vda", cancelled_);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_TRUE(bytes_of(*opened->image) == expected_);
  }

  std::string expected_;
};

TEST_F(Warm, each_moment_stands_still_while_the_machine_writes_and_tells_what_is_another) {
  EXPECT_TRUE(platform_->transfers()->warm());
  auto departure = depart();
  write(mib1, 65536, 'a');
  hold(*departure, 1);
  hold(*departure, 1);  // of somebody who did not hear that it was
  auto first = expected_;
  write(2 * mib1, 65536, 'b');
  EXPECT_TRUE(read(*departure, 0).first == first);
  EXPECT_EQ(departure->open("vda", 1, cancelled_).error().code, Code::unavailable)
      << "it is being written";

  hold(*departure, 2);
  auto second = expected_;
  write(mib1, 65536, 'c');
  auto [bytes, changed] = read(*departure, 1);
  EXPECT_TRUE(bytes == second);
  EXPECT_EQ(changed, (std::vector<Range>{{2 * mib1, 65536}}));

  host_.virsh({"destroy", "web01"});
  auto again = depart();  // by another manager
  std::tie(bytes, changed) = read(*again, 2);
  EXPECT_TRUE(bytes == expected_);
  EXPECT_EQ(changed, (std::vector<Range>{{mib1, 65536}}));
  EXPECT_EQ(wait(again->hold(3)).error().code, Code::precondition);

  let_go(*again);
  expect_untouched();
  EXPECT_TRUE(host_.virsh({"domstate", "web01"}).contains("shut off"));
  expect_content();
  let_go(*again);  // again, where nothing is kept apart
}

TEST_F(Warm, one_that_runs_is_put_together_while_it_does) {
  auto departure = depart();
  hold(*departure, 1);
  write(3 * mib1, 65536, 'x');
  hold(*departure, 2);
  write(4 * mib1, 4096, 'y');
  let_go(*departure);
  expect_untouched();
  EXPECT_TRUE(host_.virsh({"domstate", "web01"}).contains("running"));
  write(5 * mib1, 4096, 'z');
  host_.virsh({"destroy", "web01"});
  expect_content();
}

TEST_F(Warm, a_raw_disk_has_its_format_also_when_it_is_under_an_overlay) {
  auto file = image_file("raw01.img");
  std::ofstream(file, std::ios::binary) << std::string(mib1, 'r');
  host_.define("raw01", host_.disk(file.string(), "vdb", "raw"));
  host_.virsh({"start", "raw01"});
  auto departure = depart("raw01");
  hold(*departure, 1);
  for (const auto* disk : {"vda", "vdb"}) {
    auto opened = departure->open(disk, 0, cancelled_);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->image->description().format, disk == std::string("vda") ? "qcow2" : "raw");
    EXPECT_EQ(opened->image->size(), disk == std::string("vda") ? disk_size : mib1);
  }
  let_go(*departure);
  EXPECT_FALSE(host_.virsh({"dumpxml", "raw01"}).contains(move));
}

TEST_F(Warm, what_cannot_be_kept_apart_is_refused_before_anything_is) {
  auto refused = [&](const std::string& machine) {
    auto departure = wait(platform_->transfers()->depart_warm(machine, move));
    return departure ? Error{Code::internal, "it leaves", {}} : departure.error();
  };
  EXPECT_EQ(refused("11111111-2222-3333-4444-555555555555").code, Code::not_found);
  host_.define("out01",
               host_.disk(host_.file("outside.img", std::string(65536, 'x')), "vdb", "raw"));
  EXPECT_EQ(refused(id_of("out01")).code, Code::unsupported);
  host_.virsh({"start", "web02"});
  auto id = id_of("web02");
  host_.virsh({"undefine", "web02"});
  EXPECT_EQ(refused(id).code, Code::unsupported) << "nothing defines it";
  auto departure = depart();
  EXPECT_EQ(departure->open("vdx", 0, cancelled_).error().code, Code::not_found);
  expect_untouched();
}

TEST_F(Warm, a_server_that_ends_meanwhile_takes_nothing_along) {
  auto departure = depart();
  hold(*departure, 1);
  write(mib1, 65536, 'a');
  host_.kill();
  EXPECT_FALSE(wait(departure->hold(2)));
  host_.start();
  look();
  auto again = depart();
  hold(*again, 2);
  EXPECT_EQ(read(*again, 1).second, (std::vector<Range>{{mib1, 65536}}));
  let_go(*again);
  expect_untouched();
  host_.virsh({"destroy", "web01"});
  expect_content();
}

}  // namespace
}  // namespace truce::libvirt
