// Machines that leave a server that is not ours while they run, with disks that are written.
#include <thread>

#include "image/convert.h"
#include "image/formats.h"
#include "moving/changes.h"
#include "with_disk.h"

namespace truce::vsphere {
namespace {

using platform::Range;

Value parsed(pugi::xml_document& document, std::string_view inside) {
  return parse(document, fmt::format("<returnval>{}</returnval>", inside));
}

TEST(ChangedAreas, areas_are_in_order_within_what_was_asked_for_and_neighbours_are_one) {
  pugi::xml_document document;
  std::vector<Range> areas;
  auto area = [](int start, int length) {
    return fmt::format("<changedArea><start>{}</start><length>{}</length></changedArea>", start,
                       length);
  };
  auto take = [&](std::string_view inside, std::uint64_t start) {
    return take_changes(parsed(document, inside), start, 1000, areas);
  };
  EXPECT_EQ(
      take("<startOffset>0</startOffset><length>500</length>" + area(0, 10) + area(90, 10), 0),
      500U);
  EXPECT_EQ(
      take("<startOffset>500</startOffset><length>500</length>" + area(500, 20) + area(520, 480),
           500),
      1000U);
  EXPECT_EQ(areas, (std::vector<Range>{{0, 10}, {90, 10}, {500, 500}}));
  for (const auto& wrong :
       {std::string("<startOffset>500</startOffset><length>0</length>"),
        std::string("<startOffset>500</startOffset><length>501</length>"),
        std::string("<startOffset>0</startOffset><length>500</length>"), std::string(),
        "<startOffset>500</startOffset><length>500</length>" + area(499, 10),
        "<startOffset>500</startOffset><length>500</length>" + area(990, 11),
        "<startOffset>500</startOffset><length>500</length>" + area(600, 0),
        "<startOffset>500</startOffset><length>500</length>" + area(600, -1),
        "<startOffset>500</startOffset><length>500</length>" + area(700, 10) + area(600, 10)})
    EXPECT_EQ(take(wrong, 500).error().code, Code::corrupt) << wrong;
}

TEST(ChangedAreas, disks_that_snapshots_leave_out_are_refused) {
  pugi::xml_document document;
  auto check = [&](std::string_view backing) {
    return check_can_be_followed(parsed(
        document, fmt::format("<device xmlns:xsi=\"x\" xsi:type=\"VirtualDisk\"><key>2000</key>"
                              "<backing>{}</backing></device>",
                              backing)));
  };
  EXPECT_TRUE(check("<diskMode>persistent</diskMode><sharing>sharingNone</sharing>"));
  for (const auto* wrong :
       {"<diskMode>independent_persistent</diskMode>", "<sharing>sharingMultiWriter</sharing>",
        "<compatibilityMode>physicalMode</compatibilityMode>"}) {
    auto refused = check(wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().code, Code::unsupported);
    EXPECT_TRUE(refused.error().message.contains("2000")) << refused.error().message;
  }
}

class Warm : public WithDisk {
 protected:
  using Departure = std::shared_ptr<platform::WarmDeparture>;
  void SetUp() override {
    WithDisk::SetUp();
    if (IsSkipped()) return;
    vcsim_.other("start", "web01");
    disk_ = inventory_.machines().at(id_).disks.at(0).id;
  }
  Result<Departure> depart() {
    TRY(auto departure, wait(platform_->transfers()->depart_warm(id_, "t-000000012")));
    return Departure(std::move(departure));
  }
  // All of a disk, as it comes once and in order.
  Result<std::string> copy(platform::WarmDeparture& from, int since) {
    TRY(auto opened, from.open(disk_, since, cancelled_));
    auto raw = std::make_shared<image::MemoryFile>("copy");
    TRY_VOID(raw->resize(opened.image->size()));
    TRY(auto builder, image::build(*image::find_format("raw"), raw, {.size = raw->size()}));
    TRY_VOID(image::convert(*opened.image, *builder, {.threads = 2}));
    std::string bytes(raw->size(), '\0');
    TRY_VOID(raw->read(0, std::as_writable_bytes(std::span(bytes))));
    return bytes;
  }
  void stop() { ASSERT_TRUE(wait(platform_->request_stop(id_))); }
  std::size_t snapshots() {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder_))
      if (file.path().string().ends_with("-delta.vmdk")) ++count;
    return count;
  }
  std::string flat() {
    std::ifstream file(folder_ / "web01-flat.vmdk", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string disk_;
};

TEST_F(Warm, a_disk_comes_as_it_was_and_then_what_was_written_until_it_was_off) {
  auto first = depart();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE((*first)->once());
  auto held = wait((*first)->hold(1));
  ASSERT_TRUE(held) << held.error().message;
  EXPECT_EQ(snapshots(), 1U);
  std::this_thread::sleep_for(300ms);  // the guest writes meanwhile
  auto came = copy(**first, 0);
  ASSERT_TRUE(came) << came.error().message;
  EXPECT_TRUE(*came == content_) << "as it was when the snapshot was made";
  EXPECT_TRUE(wait((*first)->tell(0.5)));
  EXPECT_EQ((*first)->open(disk_, 1, cancelled_).error().code, Code::unavailable) << "it runs";
  EXPECT_EQ(wait((*first)->hold(2)).error().code, Code::unsupported);
  wait((*first)->end_pass());

  stop();
  auto last = depart();
  ASSERT_TRUE(last) << last.error().message;
  EXPECT_EQ(wait((*last)->hold(1)).error().code, Code::precondition);
  auto opened = (*last)->open(disk_, 1, cancelled_);
  ASSERT_TRUE(opened) << opened.error().message;
  ASSERT_TRUE(opened->changed);
  EXPECT_GT(opened->changed->size(), 0U);
  std::uint64_t changed = 0;
  for (const auto& [start, length] : *opened->changed) {
    changed += length;
    std::vector<std::byte> bytes(length);
    ASSERT_TRUE(opened->image->read(start, bytes));
    std::memcpy(came->data() + start, bytes.data(), length);
  }
  EXPECT_LT(changed, disk_size);
  EXPECT_FALSE(*came == content_);
  ASSERT_TRUE(wait((*last)->let_go()));
  EXPECT_EQ(snapshots(), 0U) << "its disk is one file again";
  EXPECT_TRUE(flat() == *came) << "nothing that was written is missing";
  EXPECT_TRUE(wait((*depart())->let_go())) << "again";
}

TEST_F(Warm, what_was_begun_is_found_again_and_let_go_while_it_runs) {
  auto first = depart();
  ASSERT_TRUE(first);
  ASSERT_TRUE(wait((*first)->hold(1)));
  // Who held it has crashed: its lease has to end before another one is had.
  auto second = depart();
  ASSERT_TRUE(second);
  EXPECT_EQ(wait((*second)->hold(1)).error().code, Code::unavailable);
  EXPECT_EQ(wait((*second)->let_go()).error().code, Code::unavailable);
  wait((*first)->end_pass());
  ASSERT_TRUE(wait((*second)->hold(1)));
  EXPECT_EQ(snapshots(), 1U) << "the same one";
  EXPECT_TRUE(copy(**second, 0));
  wait((*second)->end_pass());
  ASSERT_TRUE(wait((*second)->let_go()));
  EXPECT_EQ(snapshots(), 0U);
  connect(vcsim_.account());
  EXPECT_EQ(inventory_.machines().at(id_).state, model::Observed::running);
  EXPECT_TRUE(inventory_.machines().at(id_).snapshots.empty());
}

TEST_F(Warm, one_with_snapshots_that_are_not_tracked_is_refused_before_anything_is_done) {
  vcsim_.other("snapshot", "web01");
  auto departure = depart();
  ASSERT_TRUE(departure);
  auto held = wait((*departure)->hold(1));
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code, Code::unsupported);
  EXPECT_TRUE(held.error().message.contains("delete them")) << held.error().message;
  EXPECT_TRUE(wait((*departure)->let_go()));
  EXPECT_EQ(snapshots(), 1U);
}

TEST_F(Warm, a_snapshot_that_somebody_has_deleted_ends_it) {
  auto first = depart();
  ASSERT_TRUE(first);
  ASSERT_TRUE(wait((*first)->hold(1)));
  wait((*first)->end_pass());
  ASSERT_TRUE(wait((*first)->let_go()));
  stop();
  auto last = depart();
  ASSERT_TRUE(last);
  auto opened = (*last)->open(disk_, 1, cancelled_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::conflict) << opened.error().message;
}

}  // namespace
}  // namespace truce::vsphere
