// A libvirtd of the test's own (tests/peers/libvirt/peer; for Xen in an emulated computer,
// tests/peers/xen/peer), and virsh as the other client of it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "../../store/tests/in_loop.h"
#include "../../store/tests/temporary_folder.h"
#include "base/file.h"
#include "base/process.h"
#include "platform/platform.h"

namespace truce::libvirt {

/// Ends with the test, and all its machines with it.
class Peer {
 public:
  explicit Peer(std::string driver = "qemu") : driver_(std::move(driver)) {
    Fd theirs_in, theirs_out;
    std::tie(theirs_in, in_) = pipe();
    std::tie(out_, theirs_out) = pipe();
    auto log = folder_.path() / "peer.log";
    Fd err(::open(log.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    Command command;
    command.argv = {fmt::format("{}/../../../tests/peers/{}/peer", TRUCE_TEST_FILES,
                                driver_ == "xen" ? "xen" : "libvirt"),
                    folder_.path().string()};
    for (const auto* name : {"HOME", "TRUCE_PEERS", "XDG_CACHE_HOME"})
      if (const auto* value = std::getenv(name)) command.environment.emplace_back(name, value);
    command.descriptors = {{theirs_in.get(), 0}, {theirs_out.get(), 1}, {err.get(), 2}};
    auto process = Process::start(command);
    if (!process) throw std::runtime_error(process.error().message);
    process_.emplace(*std::move(process));
    theirs_in = Fd();
    theirs_out = Fd();
    if (order("start")) return;
    why_not_ = "libvirtd does not run: " + read_file(log, kib(64)).value_or("");
  }
  ~Peer() {
    in_ = Fd();  // then it ends
    asio::io_context loop;
    EXPECT_TRUE(store::in_loop(loop, process_->wait()));
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  [[nodiscard]] const std::string& why_not() const { return why_not_; }
  [[nodiscard]] std::filesystem::path folder() const { return folder_.path(); }
  [[nodiscard]] platform::Account account() const {
    platform::Account account;
    if (driver_ == "xen")
      account.url = fmt::format("xen+ssh://root@127.0.0.1:{}/system?keyfile={}/id&no_verify=1",
                                port_, folder_.path().string());
    else
      account.url = fmt::format("{}+unix:///{}?socket={}/run/libvirt-sock", driver_,
                                driver_ == "test" ? "default" : "system", folder_.path().string());
    return account;
  }

  /// Of a process in its namespaces.
  [[nodiscard]] pid_t pid() const { return process_->pid(); }

  void start() { EXPECT_TRUE(order("start")); }
  void kill() { EXPECT_TRUE(order("kill")); }
  void freeze() { EXPECT_TRUE(order("freeze")); }
  void thaw() { EXPECT_TRUE(order("thaw")); }

  /// What another client prints; empty when it has failed.
  std::string virsh(std::vector<std::string> words) {
    words.insert(words.begin(), {"virsh", "-q", "-c", account().url});
    auto done = run_here(std::move(words));
    if (done) return *done;
    ADD_FAILURE() << done.error().message;
    return {};
  }
  Result<std::string> run_here(std::vector<std::string> argv) {
    Command command;
    command.argv = std::move(argv);
    asio::io_context loop;
    return store::in_loop(loop, run_checked(std::move(command), 10min));
  }
  std::string file(const std::string& name, const std::string& content) {
    auto path = folder_.path() / name;
    EXPECT_TRUE(write_file_durably(path, content));
    return path.string();
  }

 private:
  static std::pair<Fd, Fd> pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    return {Fd(ends[0]), Fd(ends[1])};
  }
  bool order(const std::string& word) {
    auto line = word + "\n";
    if (::write(in_.get(), line.data(), line.size()) < 0) return false;
    std::string answer;
    for (char c = 0; ::read(out_.get(), &c, 1) == 1 && c != '\n';) answer += c;
    bool done = answer.starts_with("ok");
    if (done && answer.size() > 3) port_ = answer.substr(3);
    return done;
  }

  store::TemporaryFolder folder_;
  std::string driver_, why_not_, port_;
  Fd in_, out_;
  std::optional<Process> process_;
};

/// A host with Xen: the pool `images` with tiny disks, and two HVM machines that boot nothing.
/// TRUCE_LONG_TESTS=1 only, as it is emulated: each test takes a minute.
class XenHost {
 public:
  XenHost() {
    if (std::getenv("TRUCE_LONG_TESTS") == nullptr) return;
    peer_.emplace("xen");
    if (!why_not().empty()) return;
    peer_->virsh({"pool-define-as", "images", "dir", "--target", "/var/lib/libvirt/images"});
    peer_->virsh({"pool-start", "images"});
    for (const std::string name : {"web01", "web02"}) {
      peer_->virsh({"vol-create-as", "images", name + ".img", "16M"});
      auto xml = fmt::format(
          "<domain type='xen'><name>{0}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>"
          "<os><type arch='x86_64' machine='xenfv'>hvm</type></os><devices>"
          "<interface type='bridge'><source bridge='xenbr0'/></interface>"
          "<disk type='file' device='disk'><driver name='qemu' type='raw'/>"
          "<source file='/var/lib/libvirt/images/{0}.img'/><target dev='sda' bus='scsi'/></disk>"
          "</devices></domain>",
          name);
      peer_->virsh({"define", peer_->file(name + ".xml", xml)});
    }
  }
  [[nodiscard]] std::string why_not() const {
    return peer_ ? peer_->why_not() : "it takes minutes: TRUCE_LONG_TESTS=1";
  }
  Peer& peer() { return *peer_; }

 private:
  std::optional<Peer> peer_;
};

/// A host with QEMU: the pool `images` with tiny disks, and two machines that boot nothing.
class QemuHost : public Peer {
 public:
  QemuHost() {
    if (!why_not().empty()) return;
    EXPECT_TRUE(make_folder(images()));
    virsh({"pool-define-as", "images", "dir", "--target", images().string()});
    virsh({"pool-start", "images"});
    define("web01");
    define("web02");
  }
  [[nodiscard]] std::filesystem::path images() const { return folder() / "images"; }

  void make_disk(const std::string& name) {
    virsh({"vol-create-as", "images", name, "16M", "--format", "qcow2"});
  }
  std::string disk(const std::string& path, const std::string& target, const std::string& format) {
    return fmt::format(
        "<disk type='file' device='disk'><driver name='qemu' type='{}'/><source file='{}'/>"
        "<target dev='{}' bus='virtio'/></disk>",
        format, path, target);
  }
  void define(const std::string& name, const std::string& more = {}) {
    make_disk(name + ".qcow2");
    auto own = disk((images() / (name + ".qcow2")).string(), "vda", "qcow2");
    auto xml = fmt::format(
        "<domain type='qemu'><name>{}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>"
        "<os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/></features><devices>"
        "<interface type='user'><model type='virtio'/></interface>{}{}<memballoon model='none'/>"
        "</devices></domain>",
        name, own, more);
    virsh({"define", file(name + ".xml", xml)});
  }
};

}  // namespace truce::libvirt
