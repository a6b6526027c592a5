// Machines with encrypted disks on real QEMUs, confined as all are.
#include "hypervisor/live_changes.h"
#include "lab.h"

namespace truce::qemu {
namespace {

namespace fs = std::filesystem;
using hypervisor::DiskFile;
using hypervisor::Machine;

constexpr std::string_view key_text = "a key of at least sixteen characters";
const SecretPtr key = std::make_shared<const Secret>(key_text);

class EncryptedTest : public testing::Test {
 public:
  using Body = std::function<Async<void>(EncryptedTest&, Qemu&)>;

  void on_host(Body body) {
    if (auto why = lab_.why_not(); !why.empty()) GTEST_SKIP() << "skipped, because " << why;
    asio::io_context loop;
    auto all = [](EncryptedTest& test, Body inner) -> Async<void> {
      auto qemu = co_await test.lab_.open_qemu();
      CO_ASSERT_OK(qemu);
      (*qemu)->on_notice([](const hypervisor::Notice&) {});
      co_await test.make_machine();
      co_await inner(test, **qemu);
      (void)co_await (*qemu)->kill(test.machine_.uuid);
      co_await (*qemu)->close();
    };
    asio::co_spawn(loop, all(*this, std::move(body)), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
    loop.run();
  }

  /// Runs qemu-img; `how` are options of encryption.
  static Async<void> image(std::vector<std::string> words) {
    Command command;
    command.argv = {"qemu-img", words[0],
                    "--object", fmt::format("secret,id=s,data={}", key_text),
                    "-o",       "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10"};
    command.argv.insert(command.argv.end(), words.begin() + 1, words.end());
    auto done = co_await run_checked(command, 120s);
    // On a crowded host qemu-img cannot measure how fast its key derivation is.
    for (int i = 0; i < 5 && !done && done.error().message.contains("accurate CPU usage"); ++i)
      done = co_await run_checked(command, 120s);
    CO_ASSERT_OK(done);
  }
  /// It boots from an encrypted disk.
  Async<void> make_machine() {
    machine_ = lab_.machine();
    auto raw = machine_.disks[0].path;
    auto path = machine_.folder / "disk0.qcow2";
    CO_ASSERT_OK(make_folder(machine_.folder / "layers", 0711));
    co_await image({"convert", "-f", "raw", "-O", "qcow2", raw, path});
    machine_.disks = {encrypted("disk0", path)};
    CO_ASSERT_OK(remove_tree(raw));
  }
  static DiskFile encrypted(std::string id, fs::path path) {
    DiskFile disk{std::move(id), std::move(path), "qcow2", {}};
    disk.encrypted = 1;
    disk.key = key;
    return disk;
  }
  Async<char> ask(Qemu& qemu, char letter) {
    auto serial = co_await Serial::open(qemu.socket(machine_.uuid, "serial"));
    EXPECT_TRUE(serial) << serial.error().message;
    co_return serial ? co_await serial->ask(letter) : '\0';
  }
  /// Nothing that others could read has the key.
  void expect_hidden() {
    auto record = Runtime(machine_.runtime).read();
    ASSERT_TRUE(record) << record.error().message;
    for (const char* what : {"cmdline", "environ"}) {
      auto seen = read_file(fmt::format("/proc/{}/{}", record->pid, what));
      EXPECT_TRUE(seen && !seen->contains(key_text)) << what;
    }
    for (const auto& entry : fs::recursive_directory_iterator(machine_.runtime)) {
      EXPECT_FALSE(entry.is_fifo()) << entry.path();
      if (!entry.is_regular_file()) continue;
      auto content = read_file(entry.path());
      EXPECT_TRUE(content && !content->contains(key_text)) << entry.path();
    }
  }

  QemuLab lab_;
  Machine machine_;
};

TEST_F(EncryptedTest, it_boots_writes_is_suspended_and_goes_on) {
  on_host([](EncryptedTest& test, Qemu& qemu) -> Async<void> {
    auto started = co_await qemu.start(test.machine_);
    CO_ASSERT_OK(started);
    EXPECT_EQ(co_await test.ask(qemu, 'c'), '1');
    EXPECT_EQ(co_await test.ask(qemu, 'w'), 'W');
    EXPECT_EQ(co_await test.ask(qemu, 'd'), '1');
    test.expect_hidden();
    auto files = co_await qemu.snapshots()->written(test.machine_.uuid);
    CO_ASSERT_OK(files);
    EXPECT_EQ((*files)["disk0"], test.machine_.disks[0].path);
    CO_ASSERT_OK(co_await qemu.suspend(test.machine_.uuid));
    CO_ASSERT_OK(co_await qemu.start(test.machine_));
    EXPECT_EQ(co_await test.ask(qemu, 'c'), '2');
    EXPECT_EQ(co_await test.ask(qemu, 'd'), '1');
  });
}

TEST_F(EncryptedTest, a_wrong_key_is_told_and_nothing_runs) {
  on_host([](EncryptedTest& test, Qemu& qemu) -> Async<void> {
    test.machine_.disks[0].key =
        std::make_shared<const Secret>(std::string_view("another key of many characters"));
    auto started = co_await qemu.start(test.machine_);
    CO_ASSERT(!started);
    EXPECT_TRUE(started.error().message.contains("Invalid password")) << started.error().message;
    EXPECT_FALSE(fs::exists(test.machine_.runtime));
  });
}

TEST_F(EncryptedTest, its_layers_are_encrypted_and_merged_while_it_runs) {
  on_host([](EncryptedTest& test, Qemu& qemu) -> Async<void> {
    auto& disk = test.machine_.disks[0];
    CO_ASSERT_OK(co_await qemu.start(test.machine_));
    EXPECT_EQ(co_await test.ask(qemu, 'c'), '1');
    EXPECT_EQ(co_await test.ask(qemu, 'w'), 'W');
    auto path = test.machine_.folder / "layers/disk0.2.qcow2";
    co_await test.image(
        {"create", "-q", "-f", "qcow2", "-u", "-F", "qcow2", "-b", disk.path, path, "1M"});
    struct stat status{};
    EXPECT_EQ(::stat(disk.path.c_str(), &status), 0);
    EXPECT_EQ(::chown(path.c_str(), status.st_uid, status.st_gid), 0);
    CO_ASSERT_OK(
        co_await qemu.snapshots()->take(test.machine_.uuid, {{{"disk0", path, true}}, {}, false}));
    EXPECT_EQ(co_await test.ask(qemu, 'c'), '2');
    EXPECT_EQ(co_await test.ask(qemu, 'w'), 'W');
    auto files = co_await qemu.snapshots()->written(test.machine_.uuid);
    CO_ASSERT_OK(files);
    EXPECT_EQ((*files)["disk0"], path);

    // Its next start has both, and a merge makes them one.
    CO_ASSERT_OK(co_await qemu.kill(test.machine_.uuid));
    auto lower = disk.path;
    disk.backing = {disk.path};
    disk.path = path;
    disk.encrypted = 2;
    CO_ASSERT_OK(co_await qemu.start(test.machine_));
    EXPECT_EQ(co_await test.ask(qemu, 'd'), '2');
    auto settled = []() -> Async<Result<void>> { co_return Result<void>{}; };
    auto merged =
        co_await qemu.snapshots()->merge(test.machine_.uuid, {"disk0", path, lower}, settled, {});
    CO_ASSERT_OK(merged);
    EXPECT_EQ(co_await test.ask(qemu, 'd'), '2');
    files = co_await qemu.snapshots()->written(test.machine_.uuid);
    CO_ASSERT_OK(files);
    EXPECT_EQ((*files)["disk0"], lower);
  });
}

TEST_F(EncryptedTest, a_disk_comes_with_its_key_and_is_known_to_the_next_daemon) {
  on_host([](EncryptedTest& test, Qemu& qemu) -> Async<void> {
    CO_ASSERT_OK(co_await qemu.start(test.machine_));
    auto disk = encrypted("disk1", test.machine_.folder / "disk1.qcow2");
    disk.port = 1;
    co_await test.image({"create", "-q", "-f", "qcow2", disk.path, "16M"});
    auto wrong = disk;
    wrong.key = std::make_shared<const Secret>(std::string_view("another key of many characters"));
    auto refused = co_await qemu.live_changes()->add_disk(test.machine_.uuid, wrong);
    CO_ASSERT(!refused);
    EXPECT_TRUE(refused.error().message.contains("Invalid password")) << refused.error().message;
    auto added = co_await qemu.live_changes()->add_disk(test.machine_.uuid, disk);
    CO_ASSERT_OK(added);
    test.expect_hidden();
    co_await qemu.close();

    auto second = co_await test.lab_.open_qemu();
    CO_ASSERT_OK(second);
    (*second)->on_notice([](const hypervisor::Notice&) {});
    CO_ASSERT_OK(co_await (*second)->adopt());
    auto files = co_await (*second)->snapshots()->written(test.machine_.uuid);
    CO_ASSERT_OK(files);
    EXPECT_EQ((*files)["disk1"], disk.path);
    CO_ASSERT_OK(
        co_await (*second)->live_changes()->grow_disk(test.machine_.uuid, "disk1", mib(32)));
    EXPECT_TRUE(co_await (*second)->kill(test.machine_.uuid));
    co_await (*second)->close();
  });
}

}  // namespace
}  // namespace truce::qemu
