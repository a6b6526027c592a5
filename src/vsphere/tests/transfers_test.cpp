// Machines that leave a server that is not ours, and come to it, with real disks.
#include "moving/transfers.h"

#include "image/formats.h"
#include "moving/datastore.h"
#include "with_disk.h"

namespace truce::vsphere {
namespace {

namespace fs = std::filesystem;
using platform::NewMachine;

TEST(DatastorePath, has_a_store_a_folder_and_a_file) {
  auto path = read_datastore_path("[store 1] web [01]/a/web01.vmdk");
  ASSERT_TRUE(path);
  EXPECT_EQ(path->store, "store 1");
  EXPECT_EQ(path->folder, "web [01]/a");
  EXPECT_EQ(path->file, "web01.vmdk");
  EXPECT_EQ(read_datastore_path("[s] w.vmdk")->folder, "");
  for (const auto* text : {"", "[", "[s]", "[s] ", "web01.vmdk", "[s] w/", "s] w.vmdk"})
    EXPECT_FALSE(read_datastore_path(text)) << text;
}

NewMachine wish() {
  NewMachine wish;
  wish.name = "a/b <c>";
  wish.uuid = "11111111-2222-3333-4444-555555555555";
  wish.cpus = 4;
  wish.cores = 2;
  wish.memory = mib(512);
  wish.pool = "datastore-1";
  return wish;
}

TEST(ImportSpec, disks_have_places_that_are_no_controllers) {
  auto machine = wish();
  machine.disks.resize(18, {.size = mib(4), .bus = model::DiskBus::pvscsi});
  machine.disks.push_back({.size = mib(4), .bus = model::DiskBus::ide});
  auto spec = import_spec(machine, "s & t", {});
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(("<x xmlns:xsi=\"x\">" + spec + "</x>").c_str()));
  std::set<std::pair<std::string, std::string>> places;
  int controllers = 0, disks = 0;
  for (auto change : document.child("x").child("configSpec").children("deviceChange")) {
    auto device = change.child("device");
    std::string type = device.attribute("xsi:type").value();
    if (type.ends_with("Controller")) ++controllers;
    if (type != "VirtualDisk") continue;
    ++disks;
    EXPECT_STREQ(device.child("capacityInKB").child_value(), "4096");
    EXPECT_STREQ(device.child("backing").child("fileName").child_value(), "[s & t]");
    EXPECT_TRUE(places
                    .emplace(device.child("controllerKey").child_value(),
                             device.child("unitNumber").child_value())
                    .second);
    EXPECT_STRNE(device.child("unitNumber").child_value(), "7") << "the adapter's own";
  }
  EXPECT_EQ(disks, 19);
  EXPECT_EQ(controllers, 3);
  EXPECT_EQ(places.count({"1001", "0"}), 1U);
  EXPECT_EQ(places.count({"200", "0"}), 1U);
  EXPECT_STREQ(document.child("x").child("configSpec").child("name").child_value(), "a%2fb <c>");
}

TEST(ImportSpec, elements_stand_in_the_order_of_the_wsdl) {
  auto machine = wish();
  machine.firmware = model::Firmware::uefi;
  machine.secure_boot = true;
  machine.disks = {{.size = mib(4), .bus = model::DiskBus::sata}};
  machine.nics = {{.mac = "52:54:00:00:00:01", .network = "n", .model = model::NicModel::e1000}};
  auto spec = import_spec(machine, "store", {"<backing/>"});
  std::size_t before = 0;
  for (const auto* tag : {"<name>", "<uuid>", "<guestId>", "<annotation>", "<files>", "<numCPUs>",
                          "<numCoresPerSocket>", "<memoryMB>", "<deviceChange>", "VirtualAHCI",
                          "VirtualDisk", "VirtualE1000\"", "<bootOptions>", "<firmware>"}) {
    auto at = spec.find(tag);
    ASSERT_NE(at, spec.npos) << tag;
    EXPECT_GT(at, before) << tag;
    before = at;
  }
}

class Transferred : public WithDisk {
 protected:
  Result<platform::OpenDisk> open_disk() {
    TRY(auto departure, wait(platform_->transfers()->depart(id_)));
    return departure->open(inventory_.machines().at(id_).disks.at(0).id, cancelled_);
  }
  NewMachine new_machine() {
    auto made = wish();
    made.name = "new01";
    made.pool = inventory_.pools().begin()->first;
    made.disks = {{.size = {disk_size}, .bus = model::DiskBus::pvscsi}};
    for (const auto& [id, network] : inventory_.networks())
      made.nics.push_back({.mac = fmt::format("52:54:00:00:00:{:02x}", made.nics.size()),
                           .network = id,
                           .model = model::NicModel::vmxnet3});
    return made;
  }
  std::size_t machines_named(const std::string& name) {
    std::size_t count = 0;
    std::istringstream lines(vcsim_.other("list"));
    for (std::string line; std::getline(lines, line);)
      if (line.contains("\"" + name + "\"")) ++count;
    return count;
  }
};

TEST_F(Transferred, a_disk_is_read_as_it_is_and_tells_its_version) {
  auto first = open_disk();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE(bytes_of(*first->image) == content_);
  EXPECT_EQ(open_disk()->version, first->version);
  fs::last_write_time(folder_ / "web01-flat.vmdk", fs::file_time_type::clock::now() + 1h);
  EXPECT_NE(open_disk()->version, first->version) << "it was written meanwhile";
}

TEST_F(Transferred, only_a_machine_that_is_off_leaves) {
  vcsim_.other("start", "web01");
  EXPECT_EQ(wait(platform_->transfers()->depart(id_)).error().code, Code::precondition);
  EXPECT_EQ(wait(platform_->transfers()->depart("vm-none")).error().code, Code::not_found);
}

TEST_F(Transferred, what_lies_elsewhere_is_refused) {
  write("web01.vmdk", fmt::format("# Disk DescriptorFile\nversion=1\nCID=fffffffe\n"
                                  "parentCID=ffffffff\ncreateType=\"vmfs\"\n"
                                  "RW {} VMFS \"../other/web01-flat.vmdk\"\n",
                                  disk_size / 512));
  auto opened = open_disk();
  ASSERT_FALSE(opened);
  EXPECT_TRUE(opened.error().message.contains("linked clone")) << opened.error().message;
}

TEST_F(Transferred, another_certificate_gives_no_bytes) {
  auto departure = wait(platform_->transfers()->depart(id_));
  ASSERT_TRUE(departure);
  auto account = vcsim_.account();
  account.trust.fingerprint = std::string(64, 'a');
  image::HttpFileOptions options;
  options.fingerprint = account.trust.fingerprint;
  auto file = image::HttpFile::open(account.url + "/folder/web01/web01.vmdk?dcPath=DC0", options);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Code::forbidden) << file.error().message;
}

TEST_F(Transferred, a_machine_comes_with_its_disk_and_all_its_cards) {
  auto source = open_disk();
  ASSERT_TRUE(source);
  auto machine = new_machine();
  auto arrival = wait(platform_->transfers()->arrive(machine));
  ASSERT_TRUE(arrival) << arrival.error().message;
  EXPECT_TRUE(wait((*arrival)->tell(0.5)));
  auto filled = (*arrival)->fill(0, *source->image, {});
  ASSERT_TRUE(filled) << filled.error().message;
  ASSERT_TRUE(wait((*arrival)->finish()));
  auto devices = vcsim_.other("disks", "new01");
  EXPECT_TRUE(devices.contains("\"cpus\": 4")) << devices;
  EXPECT_TRUE(devices.contains("ParaVirtualSCSIController")) << devices;
  EXPECT_TRUE(devices.contains("52:54:00:00:00:00")) << devices;
  auto sent = vcsim_.sent();
  ASSERT_EQ(sent.size(), 1U);
  auto file = image::DiskFile::open(sent[0], image::DiskFile::Access::read_only);
  ASSERT_TRUE(file);
  auto stored = image::open(*file);
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ((*stored)->description().variant, "streamOptimized");
  EXPECT_TRUE(bytes_of(**stored) == content_);
}

TEST_F(Transferred, what_is_given_up_leaves_nothing) {
  auto arrival = wait(platform_->transfers()->arrive(new_machine()));
  ASSERT_TRUE(arrival) << arrival.error().message;
  EXPECT_EQ(machines_named("new01"), 1U);
  EXPECT_TRUE(wait((*arrival)->abandon()));
  EXPECT_EQ(machines_named("new01"), 0U);
  EXPECT_TRUE(wait((*arrival)->abandon())) << "again";
}

}  // namespace
}  // namespace truce::vsphere
