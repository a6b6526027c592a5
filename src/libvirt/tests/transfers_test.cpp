// Machines that leave a host with QEMU and come to it, with real disks.
#include "platform/transfers.h"

#include <sys/stat.h>

#include "../../platform/tests/conformance_lab.h"
#include "image/formats.h"
#include "qemu_lab.h"

namespace truce::libvirt {
namespace {

namespace fs = std::filesystem;
using platform::Arrival, platform::Departure, platform::NewMachine, platform::OpenDisk;

constexpr std::uint64_t disk_size = std::uint64_t{24} << 20;

/// Does something else once it has been read so often.
class Watched final : public image::Image {
 public:
  Watched(image::Image& from, int reads, std::function<void()> then)
      : from_(from), reads_(reads), then_(std::move(then)) {}
  [[nodiscard]] const image::Description& description() const override {
    return from_.description();
  }
  Result<void> read(std::uint64_t offset, image::Span into) override {
    if (--reads_ == 0) then_();
    return from_.read(offset, into);
  }
  Result<image::Extent> extent(std::uint64_t offset, std::uint64_t length) override {
    TRY(auto extent, from_.extent(offset, length));
    if (extent.kind == image::Kind::data) extent.kind = image::Kind::compressed;  // so by read()
    return extent;
  }
  Result<image::CheckReport> check() override { return from_.check(); }

 private:
  image::Image& from_;
  std::atomic<int> reads_;
  std::function<void()> then_;
};

class Moved : public QemuTest {
 protected:
  void SetUp() override {
    QemuTest::SetUp();
    if (!IsSkipped()) make_content();
  }
  /// Something at its ends and between, the rest is empty.
  void make_content() {
    content_.assign(disk_size, '\0');
    for (std::size_t at = 0; at < content_.size(); ++at)
      if (at % (4 << 20) < (1 << 19) || at + 4096 > content_.size())
        content_[at] = static_cast<char>(at * 31 >> 5);
    std::ofstream(raw(), std::ios::binary) << content_;
  }
  [[nodiscard]] fs::path raw() const { return host_.folder() / "content.raw"; }
  void convert_to(const fs::path& path, const std::string& format) {
    ASSERT_TRUE(host_.run_here(
        {"qemu-img", "convert", "-f", "raw", "-O", format, raw().string(), path.string()}));
  }
  std::string pool_named(const std::string& name) {
    for (const auto& [id, pool] : inventory_.pools())
      if (pool.name == name) return id;
    return {};
  }
  Result<OpenDisk> open_disk(const std::string& machine = "web01",
                             const std::string& disk = "vda") {
    TRY(auto departure, wait(platform_->transfers()->depart(id_of(machine))));
    return departure->open(disk, cancelled_);
  }
  std::unique_ptr<image::Image> content_image() {
    auto file = image::DiskFile::open(raw(), image::DiskFile::Access::read_only);
    EXPECT_TRUE(file);
    return *image::open(*file, {}, "raw");
  }
  NewMachine new_machine(const std::string& name = "new01") {
    NewMachine made;
    made.name = name;
    made.uuid = "11111111-2222-3333-4444-555555555555";
    made.cpus = 2;
    made.memory = mib(64);
    made.pool = pool_named("images");
    made.disks = {{.size = {disk_size}, .bus = model::DiskBus::virtio}};
    made.nics = {{.mac = "52:54:00:00:00:01", .network = "user", .model = model::NicModel::virtio}};
    return made;
  }
  std::string machines() { return host_.virsh({"list", "--all", "--name"}); }
  std::string volumes() { return host_.virsh({"vol-list", "images"}); }
  void expect_nothing_left() {
    EXPECT_FALSE(machines().contains("new01")) << machines();
    EXPECT_FALSE(volumes().contains("new01")) << volumes();
    for (const auto& entry : fs::directory_iterator(host_.images()))
      EXPECT_FALSE(entry.path().filename().string().starts_with("new01")) << entry.path();
  }

  std::string content_;
};

// --- what leaves
// ------------------------------------------------------------------------------------

TEST_F(Moved, a_qcow2_disk_is_read_as_it_is_and_tells_its_version) {
  convert_to(image_file("web01.qcow2"), "qcow2");
  auto first = open_disk();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->image->description().format, "qcow2");
  EXPECT_TRUE(bytes_of(*first->image) == content_);
  EXPECT_EQ(open_disk()->version, first->version);
  ASSERT_TRUE(host_.run_here({"qemu-io", "-c", "write 8M 4k", image_file("web01.qcow2").string()}));
  EXPECT_NE(open_disk()->version, first->version) << "it was written meanwhile";
  EXPECT_EQ(open_disk("web01", "vdx").error().code, Code::not_found);
}

TEST_F(Moved, a_compressed_disk_is_read_too) {
  ASSERT_TRUE(host_.run_here({"qemu-img", "convert", "-c", "-f", "raw", "-O", "qcow2",
                              raw().string(), image_file("web01.qcow2").string()}));
  auto opened = open_disk();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_TRUE(bytes_of(*opened->image) == content_);
}

TEST_F(Moved, holes_of_a_raw_disk_are_not_sent) {
  auto large = image_file("large.img");
  ASSERT_TRUE(host_.run_here({"truncate", "-s", "64G", large.string()}));
  ASSERT_TRUE(host_.run_here({"dd", "if=" + raw().string(), "of=" + large.string(), "bs=1M",
                              "seek=30000", "conv=notrunc,sparse", "status=none"}));
  host_.define("raw01", host_.disk(large.string(), "vdb", "raw"));
  auto opened = open_disk("raw01", "vdb");  // a file that the pool has not seen yet
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->image->size(), std::uint64_t{64} << 30);
  auto used = image::usage(*opened->image);
  ASSERT_TRUE(used) << used.error().message;
  EXPECT_LE(used->stored, std::uint64_t{1} << 30);
  auto file = image::DiskFile::open(large, image::DiskFile::Access::read_only);
  ASSERT_TRUE(file);
  auto differs = image::compare(**image::open(*file, {}, "raw"), *opened->image, {.threads = 4});
  ASSERT_TRUE(differs) << differs.error().message;
  EXPECT_FALSE(*differs);
}

TEST_F(Moved, a_chain_is_followed_as_far_as_there_are_volumes) {
  convert_to(image_file("base.qcow2"), "qcow2");
  auto overlay = image_file("web01.qcow2").string();
  auto make_over = [&](const std::string& below, const std::string& format) {
    fs::remove(overlay);
    return host_.run_here(
               {"qemu-img", "create", "-q", "-f", "qcow2", "-b", below, "-F", format, overlay}) &&
           host_.run_here({"qemu-io", "-c", "write -P 7 1M 64k", overlay});
  };
  auto expected = content_;
  std::fill_n(expected.begin() + (1 << 20), 65536, '\7');
  ASSERT_TRUE(make_over("base.qcow2", "qcow2"));
  auto beside = open_disk();
  ASSERT_TRUE(beside) << beside.error().message;
  EXPECT_TRUE(bytes_of(*beside->image) == expected);
  EXPECT_TRUE(beside->version.contains("base.qcow2"));

  auto elsewhere = host_.folder() / "elsewhere";
  ASSERT_TRUE(make_folder(elsewhere));
  convert_to(elsewhere / "base.img", "raw");
  ASSERT_TRUE(make_over((elsewhere / "base.img").string(), "raw"));
  auto outside = open_disk();
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error().code, Code::unsupported);
  EXPECT_TRUE(outside.error().message.contains("virsh pool-create-as NAME dir --target " +
                                               elsewhere.string()))
      << outside.error().message;
  host_.virsh({"pool-create-as", "more", "dir", "--target", elsewhere.string()});
  auto inside = open_disk();
  ASSERT_TRUE(inside) << inside.error().message;
  EXPECT_TRUE(bytes_of(*inside->image) == expected);
}

TEST_F(Moved, only_a_machine_that_is_off_leaves_and_only_from_pools) {
  auto departure = wait(platform_->transfers()->depart(id_of("web01")));
  ASSERT_TRUE(departure);
  host_.virsh({"start", "web01"});
  EXPECT_EQ(wait(platform_->transfers()->depart(id_of("web01"))).error().code, Code::precondition);
  EXPECT_EQ((*departure)->open("vda", cancelled_).error().code, Code::precondition);
  host_.virsh({"destroy", "web01"});
  EXPECT_EQ(
      wait(platform_->transfers()->depart("11111111-2222-3333-4444-555555555555")).error().code,
      Code::not_found);
  host_.define("out01",
               host_.disk(host_.file("outside.img", std::string(65536, 'x')), "vdb", "raw"));
  auto outside = wait(platform_->transfers()->depart(id_of("out01")));
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error().code, Code::unsupported);
  EXPECT_TRUE(outside.error().message.contains("disk vdb")) << outside.error().message;
}

TEST_F(Moved, a_server_that_ends_or_is_silent_holds_no_reader_up) {
  convert_to(image_file("web01.qcow2"), "qcow2");
  auto opened = open_disk();
  ASSERT_TRUE(opened) << opened.error().message;
  std::vector<std::byte> bytes(1 << 20);
  host_.freeze();
  cancelled_ = true;
  auto silent = opened->image->read(0, bytes);
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, Code::cancelled) << silent.error().message;
  host_.thaw();
  cancelled_ = false;
  EXPECT_TRUE(opened->image->read(0, bytes)) << "it goes on";
  host_.kill();
  auto ended = opened->image->read(4 << 20, bytes);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, Code::unavailable) << ended.error().message;
  host_.start();
  look();
  auto again = open_disk();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(bytes_of(*again->image) == content_);
}

// --- what comes
// -------------------------------------------------------------------------------------

TEST_F(Moved, a_machine_comes_with_its_disk_starts_and_can_be_removed) {
  auto from = content_image();
  auto arrival = wait(platform_->transfers()->arrive(new_machine()));
  ASSERT_TRUE(arrival) << arrival.error().message;
  EXPECT_EQ((*arrival)->machine(), id_of("new01"));
  EXPECT_TRUE(host_.virsh({"dumpxml", "new01"}).contains("do not start it"));
  EXPECT_TRUE(wait((*arrival)->tell(0.5)));
  auto filled = (*arrival)->fill(0, *from, {.threads = 3});
  ASSERT_TRUE(filled) << filled.error().message;
  auto finished = wait((*arrival)->finish());
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_FALSE(host_.virsh({"dumpxml", "new01"}).contains("do not start it"));
  EXPECT_TRUE(host_.virsh({"dominfo", "new01"}).contains("Autostart:      disable"));

  auto made = image_file("new01-vda.qcow2").string();
  EXPECT_TRUE(host_.run_here({"qemu-img", "check", "-q", made}));
  EXPECT_TRUE(host_.run_here(
      {"qemu-img", "compare", "-q", "-f", "raw", "-F", "qcow2", raw().string(), made}));
  struct stat seen{};
  ASSERT_EQ(::stat(made.c_str(), &seen), 0);
  EXPECT_LT(static_cast<std::uint64_t>(seen.st_blocks) * 512, disk_size / 2) << "holes are holes";
  auto back = open_disk("new01");
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_TRUE(bytes_of(*back->image) == content_);

  auto id = (*arrival)->machine();
  ASSERT_TRUE(wait(platform_->start(id)));
  EXPECT_TRUE(host_.virsh({"domstate", "new01"}).contains("running"));
  ASSERT_TRUE(wait(platform_->kill(id)));
  ASSERT_TRUE(wait(platform_->making()->remove(id)));
  expect_nothing_left();
}

TEST_F(Moved, all_its_hardware_is_what_libvirt_takes) {
  for (auto bus : {model::DiskBus::scsi, model::DiskBus::pvscsi, model::DiskBus::lsisas,
                   model::DiskBus::sata, model::DiskBus::ide}) {
    auto wish = new_machine();
    wish.disks.resize(2, {.size = mib(1), .bus = bus});
    wish.disks[0].bus = bus;
    wish.nics[0].model =
        bus == model::DiskBus::ide ? model::NicModel::e1000 : model::NicModel::e1000e;
    auto arrival = wait(platform_->transfers()->arrive(wish));
    ASSERT_TRUE(arrival) << arrival.error().message;
    ASSERT_TRUE(wait((*arrival)->finish()));
    look([&] { return inventory_.machines().contains(wish.uuid); });
    const auto& machine = inventory_.machines().at(wish.uuid);
    EXPECT_EQ(machine.disks.at(1).bus, bus) << machine.disks.at(1).controller;
    EXPECT_EQ(machine.cpus, 2);
    auto started = wait(platform_->start(wish.uuid));
    ASSERT_TRUE(started) << to_string(bus) << ": " << started.error().message;
    ASSERT_TRUE(wait(platform_->kill(wish.uuid)));
    ASSERT_TRUE(wait((*arrival)->abandon()));
    expect_nothing_left();
    platform::Update gone;
    gone.machines.gone = {wish.uuid};
    inventory_.apply(std::move(gone));
  }
}

TEST_F(Moved, what_is_given_up_leaves_nothing) {
  auto arrival = wait(platform_->transfers()->arrive(new_machine()));
  ASSERT_TRUE(arrival) << arrival.error().message;
  EXPECT_TRUE(machines().contains("new01"));
  EXPECT_TRUE(volumes().contains("new01-vda.qcow2"));
  EXPECT_TRUE(wait((*arrival)->abandon()));
  expect_nothing_left();
  EXPECT_TRUE(wait((*arrival)->abandon())) << "again";
}

TEST_F(Moved, what_is_there_is_not_touched) {
  auto refused = [&](NewMachine wish) {
    auto arrival = wait(platform_->transfers()->arrive(std::move(wish)));
    return arrival ? Error{Code::internal, "it came", {}} : arrival.error();
  };
  auto before = host_.virsh({"dumpxml", "web01"});
  EXPECT_EQ(refused(new_machine("web01")).code, Code::conflict);
  auto same_id = new_machine();
  same_id.uuid = id_of("web01");
  EXPECT_TRUE(refused(same_id).message.contains("'web01' has this machine's id"));
  auto no_network = new_machine();
  no_network.nics[0].network = "11111111-2222-3333-4444-555555555555";
  EXPECT_EQ(refused(no_network).code, Code::invalid);
  EXPECT_EQ(refused(new_machine("a/b")).code, Code::invalid);
  auto no_pool = new_machine();
  no_pool.pool = no_network.nics[0].network;
  EXPECT_EQ(refused(no_pool).code, Code::not_found);
  EXPECT_EQ(host_.virsh({"dumpxml", "web01"}), before);
  expect_nothing_left();

  // A file that libvirt has not seen, of the name that it would have.
  std::ofstream(image_file("new01-vda.qcow2")) << "somebody's";
  auto arrival = wait(platform_->transfers()->arrive(new_machine()));
  ASSERT_TRUE(arrival) << arrival.error().message;
  EXPECT_TRUE(volumes().contains("new01-vda-2.qcow2")) << volumes();
  ASSERT_TRUE(wait((*arrival)->abandon()));
  EXPECT_EQ(*read_file(image_file("new01-vda.qcow2"), kib(4)), "somebody's");
}

TEST_F(Moved, what_is_called_off_in_the_middle_leaves_nothing) {
  auto from = content_image();
  auto arrival = wait(platform_->transfers()->arrive(new_machine()));
  ASSERT_TRUE(arrival) << arrival.error().message;
  Watched watched(*from, 3, [&] { cancelled_ = true; });
  auto filled = (*arrival)->fill(0, watched, {.threads = 2, .cancelled = &cancelled_});
  ASSERT_FALSE(filled);
  EXPECT_EQ(filled.error().code, Code::cancelled) << filled.error().message;
  auto gone = wait((*arrival)->abandon());
  EXPECT_TRUE(gone) << gone.error().message;
  expect_nothing_left();
}

TEST_F(Moved, a_server_that_ends_in_the_middle_is_told_and_what_was_made_is_removed_later) {
  auto from = content_image();
  auto arrival = wait(platform_->transfers()->arrive(new_machine()));
  ASSERT_TRUE(arrival) << arrival.error().message;
  Watched watched(*from, 3, [&] { host_.kill(); });
  auto filled = (*arrival)->fill(0, watched, {.threads = 2, .cancelled = &cancelled_});
  ASSERT_FALSE(filled);
  EXPECT_TRUE(filled.error().code == Code::unavailable || filled.error().code == Code::io)
      << filled.error().message;
  auto away = wait((*arrival)->abandon());
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code, Code::unavailable) << away.error().message;
  host_.start();
  auto gone = wait((*arrival)->abandon());
  EXPECT_TRUE(gone) << gone.error().message;
  expect_nothing_left();
}

TEST_F(Moved, a_silent_server_holds_no_writer_up) {
  auto from = content_image();
  auto arrival = wait(platform_->transfers()->arrive(new_machine()));
  ASSERT_TRUE(arrival) << arrival.error().message;
  Watched watched(*from, 3, [&] {
    host_.freeze();
    cancelled_ = true;
  });
  auto filled = (*arrival)->fill(0, watched, {.threads = 2, .cancelled = &cancelled_});
  ASSERT_FALSE(filled);
  EXPECT_EQ(filled.error().code, Code::cancelled) << filled.error().message;
  host_.thaw();
  auto gone = wait((*arrival)->abandon());
  EXPECT_TRUE(gone) << gone.error().message;
  expect_nothing_left();
}

TEST_F(Moved, a_full_pool_is_told) {
  auto small = host_.folder() / "small";
  ASSERT_TRUE(make_folder(small));
  ASSERT_TRUE(host_.run_here({"nsenter", "-m", "-t", std::to_string(host_.pid()), "mount", "-t",
                              "tmpfs", "-o", "size=2m", "small", small.string()}));
  host_.virsh({"pool-create-as", "small", "dir", "--target", small.string()});
  look([&] { return !pool_named("small").empty(); });
  auto wish = new_machine();
  wish.pool = pool_named("small");
  auto arrival = wait(platform_->transfers()->arrive(wish));
  ASSERT_TRUE(arrival) << arrival.error().message;
  auto from = content_image();
  auto filled = (*arrival)->fill(0, *from, {});
  ASSERT_FALSE(filled);
  EXPECT_TRUE(filled.error().message.contains("No space left")) << filled.error().message;
  EXPECT_TRUE(wait((*arrival)->abandon()));
  EXPECT_FALSE(host_.virsh({"vol-list", "small"}).contains("new01"));
}

TEST_F(Moved, what_is_started_before_it_is_whole_does_not_become_so) {
  auto arrival = wait(platform_->transfers()->arrive(new_machine()));
  ASSERT_TRUE(arrival) << arrival.error().message;
  host_.virsh({"start", "new01"});
  auto finished = wait((*arrival)->finish());
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code, Code::precondition) << finished.error().message;
  host_.virsh({"destroy", "new01"});
  EXPECT_TRUE(wait((*arrival)->abandon()));
}

}  // namespace
}  // namespace truce::libvirt
