// Against libvirt's own drivers in a libvirtd: what every platform promises.
#include "../../platform/tests/conformance.h"
#include "connection.h"
#include "libvirt/open.h"
#include "peer.h"

namespace truce::libvirt {
namespace {

using platform::Platform;

class QemuLab final : public platform::ConformanceLab {
 public:
  std::string why_not() override { return host_.why_not(); }
  std::unique_ptr<Platform> open(asio::any_io_executor loop) override {
    return libvirt::open(std::move(loop), host_.account());
  }
  std::string unusual_name() override { return "copy of <100%> & more"; }  // '/' is not for QEMU
  void restart_with_fewer() override {
    host_.virsh({"undefine", "web02"});
    host_.kill();
    host_.start();
  }

 private:
  QemuHost host_;
};

class XenLab final : public platform::ConformanceLab {
 public:
  std::string why_not() override { return host_.why_not(); }
  std::unique_ptr<Platform> open(asio::any_io_executor loop) override {
    return libvirt::open(std::move(loop), host_.peer().account());
  }
  std::string unusual_name() override { return "copy of <100%> & more"; }
  void restart_with_fewer() override {
    host_.peer().virsh({"undefine", "web02"});
    host_.peer().kill();
    host_.peer().start();
  }

 private:
  XenHost host_;
};

/// The test driver's host is in the memory of libvirtd, as long as somebody is connected to it.
class TestDriverLab final : public platform::ConformanceLab {
 public:
  TestDriverLab() {
    if (peer_.why_not().empty()) fill({"web01", "web02"});
  }
  std::string why_not() override { return peer_.why_not(); }
  std::unique_ptr<Platform> open(asio::any_io_executor loop) override {
    return libvirt::open(std::move(loop), peer_.account());
  }
  std::string unusual_name() override { return "copy of <100%> & more"; }
  void restart_with_fewer() override {
    peer_.kill();
    peer_.start();
    fill({"web01"});
  }

 private:
  void fill(const std::vector<std::string>& names) {
    auto held = Connection::open(peer_.account(), {}, std::make_shared<News>(nullptr));
    if (!held) throw std::runtime_error(held.error().message);
    held_ = *std::move(held);
    peer_.virsh({"destroy", "test"});
    peer_.virsh({"undefine", "test"});
    for (const auto& name : names) {
      peer_.virsh({"vol-create-as", "default-pool", name + ".img", "16M"});
      auto xml = fmt::format(
          "<domain type='test'><name>{0}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>"
          "<os><type arch='i686'>hvm</type></os><devices><disk type='file' device='disk'>"
          "<source file='/default-pool/{0}.img'/><target dev='vda' bus='virtio'/></disk>"
          "<interface type='network'><source network='default'/></interface></devices></domain>",
          name);
      peer_.virsh({"define", peer_.file(name + ".xml", xml)});
    }
  }

  Peer peer_{"test"};
  ConnectionPtr held_;
};

}  // namespace
}  // namespace truce::libvirt

namespace truce::platform {

static std::string name_of(const testing::TestParamInfo<MakeLab>& info) {
  constexpr std::array names = {"qemu", "test_driver", "xen"};
  return names[info.index];
}

INSTANTIATE_TEST_SUITE_P(
    Libvirt, PlatformConformance,
    testing::Values(MakeLab([] { return std::make_unique<libvirt::QemuLab>(); }),
                    MakeLab([] { return std::make_unique<libvirt::TestDriverLab>(); }),
                    MakeLab([] { return std::make_unique<libvirt::XenLab>(); })),
    name_of);

}  // namespace truce::platform
