// A vcsim with a machine that has a disk, for tests of moves.
#pragma once

#include <fstream>

#include "image/image.h"
#include "platform/inventory.h"
#include "vcsim.h"
#include "vsphere/vsphere.h"

namespace truce::vsphere {

inline constexpr std::size_t disk_size = std::size_t{4} << 20;

/// A vcsim with a machine that is off, whose disk has content.
class WithDisk : public testing::Test {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);
    if (!vcsim_.why_not().empty()) GTEST_SKIP() << "skipped, because " << vcsim_.why_not();
    if (!Vcsim::has_other()) GTEST_SKIP() << "skipped, because there is no python3-pyvmomi here";
    vcsim_.other("create", {"web01", std::to_string(disk_size >> 10), "ParaVirtualSCSIController",
                            "VirtualVmxnet3"});
    folder_ = vcsim_.folder_of("web01");
    ASSERT_FALSE(folder_.empty());
    for (std::size_t at = 0; at < content_.size(); ++at)
      content_[at] =
          at < disk_size / 2 && at % 8192 < 4096 ? static_cast<char>(at * 31 >> 5) : '\0';
    write("web01-flat.vmdk", content_);
    write("web01.vmdk",
          fmt::format("# Disk DescriptorFile\nversion=1\nCID=fffffffe\n"
                      "parentCID=ffffffff\ncreateType=\"vmfs\"\n"
                      "RW {} VMFS \"web01-flat.vmdk\"\nddb.adapterType = \"lsilogic\"\n",
                      disk_size / 512));
    connect(vcsim_.account());
    for (const auto& [id, machine] : inventory_.machines())
      if (machine.name == "web01") id_ = id;
    ASSERT_FALSE(id_.empty());
  }
  void connect(platform::Account account) {
    platform_ = vsphere::open(loop_.get_executor(), std::move(account));
    auto update = wait(platform_->next(1s));
    ASSERT_TRUE(update) << update.error().message;
    inventory_.apply(*std::move(update));
  }
  template <class T>
  T wait(Async<T> work) {
    return store::in_loop(loop_, std::move(work));
  }
  void write(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }
  static std::string bytes_of(image::Image& disk) {
    std::vector<std::byte> bytes(disk.size());
    EXPECT_TRUE(disk.read(0, bytes));
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  Vcsim vcsim_{Vcsim::Kind::center, {"-locks"}};
  asio::io_context loop_;
  std::unique_ptr<platform::Platform> platform_;
  platform::Inventory inventory_;
  std::filesystem::path folder_;
  std::string content_ = std::string(disk_size, '\0'), id_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace truce::vsphere
