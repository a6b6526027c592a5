// Encrypted disks, with QEMU as the other program that reads and writes them.
#include <thread>

#include "base/process.h"
#include "qcow2_disk.h"
#include "run.h"
#include "storage/folder_pool.h"
#include "storage/keys.h"
#include "storage/layers.h"
#include "storage/places.h"

namespace truce::storage {
namespace {

namespace fs = std::filesystem;

constexpr const char* key_text = "a key of at least sixteen characters";
const SecretPtr key = std::make_shared<const Secret>(std::string_view(key_text));
const SecretPtr other_key = std::make_shared<const Secret>(std::string_view("not the right key"));

class EncryptedDisk : public testing::Test {
 protected:
  /// `layers`: the encrypted files, the uppermost first.
  static std::string options(const std::vector<fs::path>& layers) {
    std::string text, before;
    for (const auto& layer : layers) {
      text += fmt::format("{0}driver=qcow2,{0}encrypt.key-secret=s,{0}file.filename={1},", before,
                          layer.string());
      before += "backing.";
    }
    text.pop_back();
    return text;
  }
  static Result<std::string> qemu(std::vector<std::string> words) {
    Command command;
    command.argv = std::move(words);
    command.argv.insert(command.argv.begin() + (command.argv[0] == "qemu-io" ? 1 : 2),
                        {"--object", fmt::format("secret,id=s,data={}", key_text)});
    return run_to_end(run_checked(std::move(command), 60s));
  }
  void io(const std::vector<fs::path>& layers, const std::string& what) {
    auto done = qemu({"qemu-io", "-c", what, "--image-opts", options(layers)});
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_FALSE(done->contains("verification failed")) << what << "\n" << *done;
  }
  void expect_sound(const fs::path& disk) {
    auto done = qemu({"qemu-img", "check", "-q", "--image-opts", options({disk})});
    EXPECT_TRUE(done) << done.error().message;
  }
  static bool shows(const fs::path& file, std::string_view what) {
    auto bytes = read_file(file);
    return !bytes || bytes->contains(what);
  }
  [[nodiscard]] fs::path at(const std::string& name) const { return folder_.path() / name; }
  [[nodiscard]] OwnPlaces own(const SecretPtr& with = key) const {
    return {folder_.path(), folder_.path() / "templates", with};
  }
  TestFolder folder_;
  Watch watch_;
};

TEST_F(EncryptedDisk, qemu_writes_to_a_new_one_and_nothing_of_it_is_in_the_file) {
  ASSERT_TRUE(make_qcow2(at("disk"), mib(16), {}, key));
  EXPECT_TRUE(shows(at("disk"), "LUKS\xba\xbe"));
  io({at("disk")}, "write -P 0x5a 1M 128k");
  io({at("disk")}, "read -P 0x5a 1M 128k");
  io({at("disk")}, "read -P 0 0 64k");
  EXPECT_FALSE(shows(at("disk"), std::string(512, '\x5a')));
  expect_sound(at("disk"));
  EXPECT_TRUE(look_at_qcow2(at("disk"))->encrypted);
}

TEST_F(EncryptedDisk, only_its_key_opens_it) {
  ASSERT_TRUE(make_qcow2(at("disk"), mib(1), {}, key));
  EXPECT_TRUE(try_key(at("disk"), key));
  EXPECT_EQ(try_key(at("disk"), other_key).error().code, Code::forbidden);
  EXPECT_EQ(try_key(at("disk"), nullptr).error().code, Code::forbidden);
  ASSERT_TRUE(make_qcow2(at("plain"), mib(1)));
  EXPECT_EQ(try_key(at("plain"), key).error().code, Code::corrupt);
}

TEST_F(EncryptedDisk, one_that_qemu_made_is_opened) {
  auto create = [this] {
    return qemu({"qemu-img", "create", "-q", "-f", "qcow2", "-o",
                 "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10",
                 at("disk").string(), "8M"});
  };
  auto made = create();
  // On a crowded host qemu-img cannot measure how fast its key derivation is.
  for (int i = 0; i < 5 && !made && made.error().message.contains("accurate CPU usage"); ++i)
    made = create();
  ASSERT_TRUE(made) << made.error().message;
  io({at("disk")}, "write -P 0x77 3M 64k");
  ASSERT_TRUE(try_key(at("disk"), key));
  ASSERT_TRUE(copy_chain(at("disk"), at("copy"), own(), watch_));
  io({at("copy")}, "read -P 0x77 3M 64k");
}

TEST_F(EncryptedDisk, it_grows_and_what_is_new_is_zero) {
  ASSERT_TRUE(make_qcow2(at("disk"), {mib(1).count + 512}, {}, key));
  io({at("disk")}, "write -P 0x11 1M 512");
  ASSERT_TRUE(grow_qcow2(at("disk"), mib(32), own()));
  io({at("disk")}, "read -P 0x11 1M 512");
  io({at("disk")}, "read -P 0 1049088 64k");
  EXPECT_EQ(grow_qcow2(at("disk"), mib(64), own(nullptr)).error().code, Code::forbidden);
  EXPECT_EQ(look_at_qcow2(at("disk"))->virtual_size, mib(32));
  expect_sound(at("disk"));
}

TEST_F(EncryptedDisk, a_copy_of_a_plain_one_is_encrypted_all_through) {
  folder_.write("raw", std::string(300'000, 'x') + random_hex(100'000));
  Command convert;
  convert.argv = {"qemu-img", "convert", "-O", "qcow2", "raw", "plain"};
  convert.folder = folder_.path();
  ASSERT_TRUE(run_to_end(run_checked(convert, 60s)));
  auto copied = copy_qcow2(at("plain"), at("copy"), mib(8), key, watch_);
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_TRUE(shows(at("plain"), std::string(100, 'x')));
  EXPECT_FALSE(shows(at("copy"), std::string(100, 'x')));
  io({at("copy")}, "read -P 0x78 0 256k");
  expect_sound(at("copy"));
}

TEST_F(EncryptedDisk, layers_of_it_are_merged_and_nothing_is_in_plain_text) {
  ASSERT_TRUE(make_qcow2(at("lower"), mib(8), {}, key));
  io({at("lower")}, "write -P 0x21 0 256k");
  ASSERT_TRUE(make_qcow2(at("upper"), mib(8), at("lower"), key));
  io({at("upper"), at("lower")}, "write -P 0x42 100k 3k");
  EXPECT_EQ(merge_qcow2(at("upper"), at("lower"), own(other_key), watch_).error().code,
            Code::forbidden);
  EXPECT_EQ(merge_qcow2(at("upper"), at("lower"), own(nullptr), watch_).error().code,
            Code::forbidden);
  auto merged = merge_qcow2(at("upper"), at("lower"), own(), watch_);
  ASSERT_TRUE(merged) << merged.error().message;
  io({at("lower")}, "read -P 0x42 100k 3k");
  io({at("lower")}, "read -P 0x21 0 100k");
  io({at("lower")}, "read -P 0x21 103k 153k");
  EXPECT_FALSE(shows(at("lower"), std::string(512, '\x42')));
  expect_sound(at("lower"));
}

TEST_F(EncryptedDisk, a_layer_that_is_not_encrypted_is_not_worked_with) {
  ASSERT_TRUE(make_qcow2(at("lower"), mib(8)));
  ASSERT_TRUE(make_qcow2(at("upper"), mib(8), at("lower"), key));
  io({at("upper")}, "write -P 0x42 0 64k");
  EXPECT_EQ(merge_qcow2(at("upper"), at("lower"), own(), watch_).error().code, Code::corrupt);
  EXPECT_FALSE(shows(at("lower"), std::string(512, '\x42')));
}

TEST_F(EncryptedDisk, another_image_below_is_named_without_the_key) {
  ASSERT_TRUE(make_qcow2(at("a"), mib(8), {}, key));
  ASSERT_TRUE(make_qcow2(at("b"), mib(8), {}, key));
  ASSERT_TRUE(make_qcow2(at("top"), mib(8), at("a"), key));
  io({at("top"), at("a")}, "write -P 0x33 0 64k");
  auto moved = stand_on_qcow2(at("top"), at("b"));
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_EQ(look_at_qcow2(at("top"))->backing, at("b"));
  io({at("top"), at("b")}, "read -P 0x33 0 64k");
}

/// Disks of a pool, with keys by their names.
class EncryptedPool : public EncryptedDisk {
 protected:
  EncryptedPool() {
    EXPECT_TRUE(pool_.recover());
    keys_.add("db", key_text);
    auto home = pool_.vm_folder("vm");
    EXPECT_TRUE(home);
    home_ = home.value_or("");
    EXPECT_TRUE(note_key(home_, "disk0", "db"));
  }
  Layers& layers() { return *pool_.layers(); }
  void take(const std::string& name) {
    ASSERT_TRUE(run_to_end(layers().add("vm", name)));
    ASSERT_TRUE(run_to_end(layers().keep("vm", {.name = name}, name, {})));
  }
  bool merge_one() {
    auto next = run_to_end(layers().next_merge("vm"));
    if (!next || !*next) return false;
    auto merged = run_to_end(layers().merge(**next, {}));
    EXPECT_TRUE(merged) << merged.error().message;
    EXPECT_TRUE(run_to_end(layers().merged("vm", **next)));
    return true;
  }
  fs::path root_ = folder_.path() / "pool", home_;
  asio::thread_pool threads_{1};
  FakeKeys keys_;
  FolderPool pool_{threads_, root_, this_program(), &keys_};
};

TEST_F(EncryptedPool, a_disk_with_a_noted_key_is_made_encrypted) {
  auto made = run_to_end(pool_.create_disk("vm/disk0", mib(8)));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->encrypted, 1U);
  auto opened = run_to_end(pool_.disk_key("vm/disk0"));
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ((*opened)->text(), key_text);
  auto plain = run_to_end(pool_.create_disk("vm/disk1", mib(8)));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->encrypted, 0U);
  EXPECT_EQ(*run_to_end(pool_.disk_key("vm/disk1")), nullptr);
}

TEST_F(EncryptedPool, a_key_that_is_not_there_or_not_the_right_one_is_told_by_its_name) {
  keys_.remove("db");
  auto made = run_to_end(pool_.create_disk("vm/disk0", mib(8)));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "disk0 is encrypted: key 'db': there is none");
  EXPECT_FALSE(fs::exists(home_ / "disk0.qcow2"));
  keys_.add("db", key_text);
  ASSERT_TRUE(run_to_end(pool_.create_disk("vm/disk0", mib(8))));
  keys_.add("db", "somebody changed the key");
  auto wrong = run_to_end(pool_.disk_key("vm/disk0"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message,
            "disk0: key 'db' (memory of db) does not open it: is it another key by now?");
}

TEST_F(EncryptedPool, a_snapshot_with_another_key_than_its_disk_has_is_refused) {
  ASSERT_TRUE(run_to_end(pool_.create_disk("vm/disk0", mib(8))));
  keys_.add("db", "somebody changed the key");
  auto refused = run_to_end(layers().add("vm", "t-1"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "disk0: key 'db' does not open it: is it another key by now?");
  keys_.add("db", key_text);
  EXPECT_EQ(run_to_end(pool_.disk("vm/disk0"))->path, home_ / "disk0.qcow2");
  EXPECT_TRUE(run_to_end(pool_.grow_disk("vm/disk0", mib(9))));
}

TEST_F(EncryptedPool, a_file_that_is_not_encrypted_any_more_is_not_run) {
  ASSERT_TRUE(run_to_end(pool_.create_disk("vm/disk0", mib(8))));
  fs::remove(home_ / "disk0.qcow2");
  ASSERT_TRUE(make_qcow2(home_ / "disk0.qcow2", mib(8)));
  EXPECT_EQ(run_to_end(pool_.disk("vm/disk0")).error().code, Code::corrupt);
}

TEST_F(EncryptedPool, snapshots_stand_on_one_another_encrypted_and_become_one_again) {
  ASSERT_TRUE(run_to_end(pool_.create_disk("vm/disk0", mib(8))));
  io({home_ / "disk0.qcow2"}, "write -P 0x61 0 64k");
  take("first");
  auto top = run_to_end(pool_.disk("vm/disk0"));
  ASSERT_TRUE(top) << top.error().message;
  EXPECT_EQ(top->encrypted, 2U);
  io({top->path, home_ / "disk0.qcow2"}, "write -P 0x62 64k 64k");
  EXPECT_FALSE(shows(top->path, std::string(512, 'b')));

  auto cloned = run_to_end(layers().clone("vm", "first", "copy", {}, {}));
  ASSERT_TRUE(cloned) << cloned.error().message;
  auto copy = root_ / "vms/copy/disk0.qcow2";
  io({copy}, "read -P 0x61 0 64k");
  io({copy}, "read -P 0 64k 64k");
  EXPECT_FALSE(shows(copy, std::string(512, 'a')));

  ASSERT_TRUE(run_to_end(layers().forget("vm", {"first"})));
  keys_.remove("db");
  auto next = run_to_end(layers().next_merge("vm"));
  ASSERT_TRUE(next && *next);
  EXPECT_EQ(run_to_end(layers().merge(**next, {})).error().code, Code::not_found);
  keys_.add("db", key_text);
  while (merge_one()) {
  }
  EXPECT_EQ(run_to_end(pool_.disk("vm/disk0"))->path, home_ / "disk0.qcow2");
  io({home_ / "disk0.qcow2"}, "read -P 0x61 0 64k");
  io({home_ / "disk0.qcow2"}, "read -P 0x62 64k 64k");
  expect_sound(home_ / "disk0.qcow2");
}

TEST_F(EncryptedPool, a_snapshot_is_restored_and_grown_from) {
  ASSERT_TRUE(run_to_end(pool_.create_disk("vm/disk0", mib(8))));
  io({home_ / "disk0.qcow2"}, "write -P 0x61 0 64k");
  take("first");
  auto top = run_to_end(pool_.disk("vm/disk0"));
  io({top->path, home_ / "disk0.qcow2"}, "write -P 0x62 0 64k");
  auto restored = run_to_end(layers().restore("vm", "first", "t-1"));
  ASSERT_TRUE(restored) << restored.error().message;
  top = run_to_end(pool_.disk("vm/disk0"));
  ASSERT_TRUE(top) << top.error().message;
  io({top->path, home_ / "disk0.qcow2"}, "read -P 0x61 0 64k");
}

}  // namespace
}  // namespace truce::storage
