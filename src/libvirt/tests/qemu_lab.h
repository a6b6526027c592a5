// A connection to a host with QEMU (peer.h), of which disks are read.
#pragma once

#include <fstream>

#include "image/image.h"
#include "link.h"
#include "peer.h"
#include "platform/inventory.h"

namespace truce::libvirt {

class QemuTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!host_.why_not().empty()) GTEST_SKIP() << "skipped, because " << host_.why_not();
    platform_ = open_with(loop_.get_executor(), host_.account(), keep_);
    look();
  }
  void TearDown() override {
    if (platform_) wait(close());
  }
  /// Reads what there is until something was told and `so`.
  void look(const std::function<bool()>& so = [] { return true; }) {
    for (bool told = false; !told || !so();) {
      auto update = wait(platform_->next(std::chrono::seconds(2)));
      told = update.has_value();
      if (told) inventory_.apply(*std::move(update));
    }
  }
  template <class T>
  T wait(Async<T> work) {
    return store::in_loop(loop_, std::move(work));
  }
  [[nodiscard]] std::filesystem::path image_file(const std::string& name) const {
    return host_.images() / name;
  }
  std::string id_of(const std::string& name) {
    auto id = host_.virsh({"domuuid", name});
    return id.substr(0, id.find('\n'));
  }
  static std::string bytes_of(image::Image& disk) {
    std::vector<std::byte> bytes(disk.size());
    auto read = disk.read(0, bytes);
    EXPECT_TRUE(read) << read.error().message;
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  QemuHost host_;
  KeepAlive keep_;
  asio::io_context loop_;
  std::unique_ptr<platform::Platform> platform_;
  platform::Inventory inventory_;
  std::atomic<bool> cancelled_ = false;

 private:
  Async<Result<void>> close() {
    co_await platform_->close();
    co_return Result<void>();
  }
};

}  // namespace truce::libvirt
