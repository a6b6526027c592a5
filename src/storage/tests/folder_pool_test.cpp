#include "storage/folder_pool.h"

#include <signal.h>
#include <sys/stat.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/thread_pool.hpp>
#include <fstream>

#include "base/process.h"
#include "base/random.h"
#include "run.h"

namespace truce::storage {
namespace {

namespace fs = std::filesystem;

constexpr const char* good_recipe =
    "#!/bin/sh\nset -e\necho 'progress 0.5 half way'\necho chatter\n"
    "mkdir \"$1/.work\"\necho x >\"$1/leftover\"\necho kernel >\"$1/vmlinux\"\n"
    "qemu-img create -q -f qcow2 \"$1/disk.qcow2\" 16M\n"
    "echo '{\"disk\": \"disk.qcow2\", \"kernel\": \"vmlinux\", \"command_line\": \"quiet\"}' "
    ">\"$1/manifest.json\"\necho 'progress 1 done'\n";

class FolderPoolTest : public testing::Test {
 protected:
  FolderPoolTest() { EXPECT_TRUE(pool_.recover()); }
  Result<TemplateContent> build(const std::string& script, Progress progress = {}) {
    return run_to_end(pool_.build_template("base@1", folder_.write("recipe", script), progress));
  }
  // Nothing but what is finished is in the folder of templates.
  std::vector<std::string> templates() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(root_ / "templates")) {
      names.push_back(entry.path().filename());
    }
    return names;
  }
  std::string sh(const std::string& script) {
    Command command;
    command.argv = {"sh", "-c", script};
    command.folder = folder_.path();
    auto output = run_to_end(run_checked(std::move(command), 60s));
    EXPECT_TRUE(output) << output.error().message;
    return output.value_or("");
  }
  Result<TemplateContent> import(const std::string& name) {
    return run_to_end(pool_.import_template("base@1", folder_.path() / name, {}));
  }

  TestFolder folder_;
  fs::path root_ = folder_.path() / "pool";
  asio::thread_pool threads_{1};
  FolderPool pool_{threads_, root_, this_program()};
};

TEST_F(FolderPoolTest, a_finished_template_is_complete_and_read_only_and_readable_by_all) {
  std::vector<std::string> steps;
  double last = 0;
  auto content = build(good_recipe, [&](double fraction, std::string step) {
    EXPECT_GE(fraction, last);
    last = fraction;
    steps.push_back(std::move(step));
  });
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_EQ(last, 1);
  EXPECT_EQ(steps.front(), "half way");
  EXPECT_EQ(content->disk_size, mib(16));
  EXPECT_EQ(content->kernel, "vmlinux");
  ASSERT_EQ(content->files.size(), 2U);
  EXPECT_EQ(content->files[1].name, "vmlinux");
  EXPECT_EQ(content->files[1].size, Bytes{7});
  EXPECT_EQ(content->files[1].sha256, sha256_hex("kernel\n"));
  auto place = pool_.template_folder("base@1");
  EXPECT_EQ(sh("ls " + place.string()), "disk.qcow2\nmanifest.json\nvmlinux\n");
  EXPECT_EQ(sh("stat -c %a " + place.string() + " " + place.string() + "/*"),
            "555\n444\n444\n444\n");
}

TEST_F(FolderPoolTest, a_disk_is_opened_by_one_that_writes_or_by_several_that_read) {
  auto id = random_uuid() + "/disk0";
  ASSERT_TRUE(run_to_end(pool_.create_disk(id, mib(4))));
  auto open = [&](Access access) { return run_to_end(pool_.open_disk(id, access)); };
  {
    auto writing = open(Access::write);
    ASSERT_TRUE(writing) << writing.error().message;
    ASSERT_NE((*writing)->writable(), nullptr);
    std::vector<std::byte> content(4096, std::byte{9});
    EXPECT_TRUE((*writing)->writable()->write(1 << 20, content));
    EXPECT_EQ(open(Access::write).error().code, Code::conflict);
    EXPECT_EQ(open(Access::read).error().code, Code::conflict);
    EXPECT_TRUE((*writing)->writable()->close());
  }
  auto reading = open(Access::read);
  ASSERT_TRUE(reading && open(Access::read));
  EXPECT_EQ((*reading)->writable(), nullptr);
  EXPECT_EQ(open(Access::write).error().code, Code::conflict);
  std::vector<std::byte> content(4096);
  ASSERT_TRUE((*reading)->read(1 << 20, content));
  EXPECT_EQ(content, std::vector<std::byte>(4096, std::byte{9}));
  EXPECT_EQ(run_to_end(pool_.open_disk(random_uuid() + "/disk0", Access::read)).error().code,
            Code::not_found);
}

TEST_F(FolderPoolTest, a_recipe_that_fails_leaves_nothing_and_its_last_line_is_the_reason) {
  auto content =
      build("#!/bin/sh\necho x >$1/disk.qcow2\necho first >&2\necho 'no room left' >&2\nexit 3\n");
  ASSERT_FALSE(content);
  EXPECT_NE(content.error().message.find("no room left"), std::string::npos)
      << content.error().message;
  EXPECT_TRUE(templates().empty());
}

TEST_F(FolderPoolTest, a_recipe_that_promises_what_it_did_not_make_is_refused) {
  for (const auto* manifest :
       {"{}", "nonsense", R"({"disk": "disk.qcow2"})", R"({"disk": "../../etc/passwd"})",
        R"({"kernel": "/etc/passwd"})", R"({"kernel": "link"})", R"({"disk": 7})"}) {
    auto content = build(fmt::format(
        "#!/bin/sh\nln -s /etc/passwd $1/link\ncat >$1/manifest.json <<'END'\n{}\nEND\n",
        manifest));
    ASSERT_FALSE(content) << manifest;
    EXPECT_EQ(content.error().code, Code::invalid) << manifest;
    EXPECT_TRUE(templates().empty());
  }
}

TEST_F(FolderPoolTest, a_disk_of_a_recipe_that_leans_on_another_file_is_refused) {
  auto content = build(
      "#!/bin/sh\nset -e\ncd $1\nqemu-img create -q -f qcow2 /$1/a 1M\n"
      "qemu-img create -q -f qcow2 -F qcow2 -b $1/a disk.qcow2\n"
      "echo '{\"disk\": \"disk.qcow2\"}' >manifest.json\n");
  ASSERT_FALSE(content);
  EXPECT_NE(content.error().message.find("stand alone"), std::string::npos)
      << content.error().message;
}

// Starts a recipe that never ends, cancels it once it has started its children.
TEST_F(FolderPoolTest, cancelling_kills_the_recipe_with_its_children_and_removes_what_it_made) {
  auto recipe =
      folder_.write("recipe", "#!/bin/bash\necho x >$1/part\ntrap 'echo cleaned >" +
                                  (folder_.path() / "trap").string() +
                                  "; exit 1' TERM\n"
                                  "set -m\nsleep 1000 & echo $! >" +
                                  (folder_.path() / "child").string() +
                                  "\necho 'progress 0.1 started'\nwhile :; do wait; done\n");
  asio::io_context loop;
  asio::cancellation_signal cancel;
  std::optional<Result<TemplateContent>> built;
  auto progress = [&](double, const std::string&) {
    asio::post(loop, [&] { cancel.emit(asio::cancellation_type::terminal); });
  };
  asio::co_spawn(
      loop,
      [](FolderPool& pool, fs::path path, Progress on, auto& into) -> Async<void> {
        into = co_await pool.build_template("base@1", path, on);
      }(pool_, recipe, progress, built),
      asio::bind_cancellation_slot(cancel.slot(), [](const std::exception_ptr&) {}));
  loop.run();
  ASSERT_TRUE(built) << "the cancellation is told as a result";
  EXPECT_EQ(built->error().code, Code::cancelled);
  EXPECT_TRUE(templates().empty());
  EXPECT_EQ(read_file(folder_.path() / "trap").value_or(""), "cleaned\n");
  auto child = std::stoi(*read_file(folder_.path() / "child"));
  // It is dead, or dead and not yet collected by the system's first process.
  auto status = read_file(fmt::format("/proc/{}/stat", child));
  EXPECT_TRUE(!status || status->contains(") Z ")) << *status;
  EXPECT_TRUE(build(good_recipe)) << "the name is free again";
}

TEST_F(FolderPoolTest, a_recipe_that_closes_its_output_early_is_waited_for) {
  EXPECT_TRUE(build(std::string(good_recipe) + "exec >&- 2>&-\nsleep 0.3\n"));
}

TEST_F(FolderPoolTest, a_recipe_that_leaves_programs_running_ends_all_the_same) {
  auto content = build(std::string(good_recipe) + "sleep 1000 &\nsetsid sleep 1001 & echo $! >" +
                       (folder_.path() / "child").string() + "\n");
  EXPECT_TRUE(content) << content.error().message;
  ::kill(std::stoi(*read_file(folder_.path() / "child")), SIGKILL);
}

TEST_F(FolderPoolTest, what_a_crash_left_is_removed_and_what_was_finished_stays) {
  ASSERT_TRUE(build(good_recipe));
  ASSERT_TRUE(run_to_end(pool_.create_disk("vm1/disk0", mib(1))));
  sh("cd pool && mkdir templates/.new-x@1-12 && touch templates/.new-x@1-12/disk.qcow2 && "
     "chmod 555 templates/.new-x@1-12 && touch vms/vm1/.new-ab && mkdir vms/.new-gone-1 && "
     "touch vms/.new-gone-1/disk0.qcow2 && mkdir vms/vm1/.seed-1");
  EXPECT_TRUE(pool_.recover());
  EXPECT_EQ(sh("cd pool && find . -name '.new*' -o -name '.seed*'"), "");
  EXPECT_EQ(templates(), std::vector<std::string>{"base@1"});
  EXPECT_TRUE(run_to_end(pool_.disk("vm1/disk0")));
}

TEST_F(FolderPoolTest, a_pool_is_used_by_one_program_at_a_time) {
  FolderPool other(threads_, root_, this_program());
  auto refused = other.recover();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
}

TEST_F(FolderPoolTest, a_template_that_is_being_made_is_not_made_twice_at_once) {
  auto recipe = folder_.write("recipe", good_recipe);
  auto both = [&]() -> Async<std::pair<bool, bool>> {
    auto [a, b] = co_await (pool_.build_template("base@1", recipe, {}) &&
                            pool_.build_template("base@1", recipe, {}));
    if (!b) EXPECT_EQ(b.error().code, Code::conflict);
    co_return std::pair(a.has_value(), b.has_value());
  };
  EXPECT_EQ(run_to_end(both()), std::pair(true, false));
}

TEST_F(FolderPoolTest, clones_hold_the_content_of_their_template) {
  ASSERT_TRUE(
      build("#!/bin/sh\nset -e\nhead -c 3000000 /dev/urandom >$1/raw\n"
            "qemu-img convert -f raw -O qcow2 -c $1/raw $1/disk.qcow2\n"
            "echo '{\"disk\": \"disk.qcow2\"}' >$1/manifest.json\n"));
  for (auto [id, kind] : {std::pair("a/disk0", CloneKind::linked), {"b/disk0", CloneKind::full}}) {
    auto disk = run_to_end(pool_.clone_disk(id, "base@1", mib(8), kind, {}));
    ASSERT_TRUE(disk) << disk.error().message;
    EXPECT_NE(sh(fmt::format("qemu-img compare -f qcow2 -F qcow2 {} {}", disk->path.string(),
                             (pool_.template_folder("base@1") / "disk.qcow2").string()))
                  .find("Images are identical"),
              std::string::npos);
    EXPECT_EQ(sh("stat -c %a " + disk->path.string()), "600\n");
  }
}

TEST_F(FolderPoolTest, a_disk_whose_header_leads_out_of_the_pool_is_not_followed) {
  auto disk = run_to_end(pool_.create_disk("vm1/disk0", mib(1)));
  ASSERT_TRUE(disk);
  sh("qemu-img rebase -u -f qcow2 -F raw -b /etc/passwd " + disk->path.string());
  EXPECT_EQ(run_to_end(pool_.disk("vm1/disk0")).error().code, Code::corrupt);
}

TEST_F(FolderPoolTest, snapshots_above_a_disk_are_counted_once) {
  ASSERT_TRUE(run_to_end(pool_.create_disk("vm1/disk0", mib(10))));
  sh("cd pool/vms/vm1 && qemu-img create -q -f qcow2 -F qcow2 -b $PWD/disk0.qcow2 top.qcow2");
  auto capacity = run_to_end(pool_.capacity());
  ASSERT_TRUE(capacity);
  EXPECT_EQ(capacity->allocated, mib(10));
  EXPECT_GT(capacity->used.count, 0U);
  EXPECT_GE(capacity->total, capacity->free);
}

TEST_F(FolderPoolTest, a_disk_that_another_machine_is_linked_to_is_not_deleted) {
  ASSERT_TRUE(run_to_end(pool_.create_disk("vm1/disk0", mib(1))));
  ASSERT_TRUE(pool_.vm_folder("vm2"));
  sh("cd pool/vms && qemu-img create -q -f qcow2 -F qcow2 -b $PWD/vm1/disk0.qcow2 vm2/disk0.qcow2");
  EXPECT_EQ(run_to_end(pool_.delete_vm("vm1")).error().code, Code::precondition);
  EXPECT_TRUE(run_to_end(pool_.delete_vm("vm2")));
  EXPECT_TRUE(run_to_end(pool_.delete_vm("vm1")));
}

TEST_F(FolderPoolTest, images_of_other_formats_become_qcow2_with_the_same_content) {
  // Random content behind a partition table, so that a raw file shows itself as a disk.
  sh("head -c 4194304 /dev/urandom >disk.raw && printf 'label: dos\\n64,,83\\n' | sfdisk -q "
     "disk.raw");
  for (const auto* format : {"raw", "qcow2", "vmdk", "vdi", "vpc", "vhdx"}) {
    std::string options = std::string_view(format) == "vpc" ? "-o force_size=on " : "";
    if (format != std::string_view("raw")) {
      sh(fmt::format("qemu-img convert -f raw -O {} {}disk.raw disk.{}", format, options, format));
    }
    double last = 0;
    auto content = run_to_end(
        pool_.import_template("base@1", folder_.path() / fmt::format("disk.{}", format),
                              [&last](double fraction, const std::string&) { last = fraction; }));
    ASSERT_TRUE(content) << format << ": " << content.error().message;
    EXPECT_EQ(content->disk_size, mib(4)) << format;
    EXPECT_EQ(last, 1);
    EXPECT_NE(sh("qemu-img compare -f raw -F qcow2 disk.raw pool/templates/base@1/disk.qcow2")
                  .find("identical"),
              std::string::npos);
    EXPECT_TRUE(run_to_end(pool_.delete_template("base@1")));
  }
}

TEST_F(FolderPoolTest, an_iso_is_kept_as_it_is) {
  sh("mkdir files && head -c 300000 /dev/urandom >files/a && "
     "xorriso -as genisoimage -quiet -o x.iso files");
  auto content = import("x.iso");
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_EQ(content->iso, "image.iso");
  EXPECT_TRUE(content->disk.empty());
  sh("cmp x.iso pool/templates/base@1/image.iso");
  sh("truncate -s 200000 x.iso");
  ASSERT_TRUE(run_to_end(pool_.delete_template("base@1")));
  EXPECT_EQ(import("x.iso").error().code, Code::corrupt);
}

TEST_F(FolderPoolTest, hostile_images_are_refused_and_leave_nothing) {
  sh("qemu-img create -q -f qcow2 -u -F raw -b /etc/passwd backing.qcow2 1M\n"
     "qemu-img create -q -f qcow2 -o data_file=other.raw data.qcow2 1M\n"
     "printf '# Disk DescriptorFile\\nversion=1\\nCID=1\\nparentCID=ffffffff\\n"
     "createType=\"monolithicFlat\"\\nRW 8 FLAT \"/etc/passwd\" 0\\n' >flat.vmdk\n"
     "qemu-img create -q -f vmdk -o subformat=monolithicSparse base.vmdk 1M\n"
     "qemu-img create -q -f vmdk -F vmdk -b base.vmdk child.vmdk\n"
     "cp /etc/passwd passwd.img\nmkfifo fifo\nmkdir folder\n: >empty");
  const std::pair<const char*, Code> cases[] = {
      {"backing.qcow2", Code::invalid}, {"data.qcow2", Code::invalid}, {"flat.vmdk", Code::invalid},
      {"child.vmdk", Code::invalid},    {"passwd.img", Code::invalid}, {"fifo", Code::invalid},
      {"folder", Code::invalid},        {"empty", Code::invalid},      {"none", Code::not_found}};
  for (auto [name, code] : cases) {
    auto content = import(name);
    ASSERT_FALSE(content) << name;
    EXPECT_EQ(content.error().code, code) << name << ": " << content.error().message;
    EXPECT_TRUE(content.error().message.contains(name)) << content.error().message;
    EXPECT_TRUE(templates().empty()) << name;
  }
  EXPECT_EQ(run_to_end(pool_.import_template("base@1", "relative", {})).error().code,
            Code::invalid);
}

TEST_F(FolderPoolTest, truncated_images_are_refused) {
  sh("head -c 4194304 /dev/urandom >disk.raw && printf 'label: dos\\n64,,83\\n' | sfdisk -q "
     "disk.raw\n"
     "for f in qcow2 vmdk vdi vhdx vpc; do qemu-img convert -f raw -O $f disk.raw disk.$f; "
     "truncate -s 2M disk.$f; done\n"
     "qemu-img convert -f raw -O vpc -o subformat=fixed disk.raw fixed.vpc; truncate -s 2M "
     "fixed.vpc\n"
     "truncate -s 2M disk.raw");
  for (const auto* name :
       {"disk.raw", "disk.qcow2", "disk.vmdk", "disk.vdi", "disk.vhdx", "disk.vpc", "fixed.vpc"}) {
    auto content = import(name);
    ASSERT_FALSE(content) << name;
    EXPECT_EQ(content.error().code, Code::corrupt) << name << ": " << content.error().message;
    EXPECT_TRUE(templates().empty()) << name;
  }
}

}  // namespace
}  // namespace truce::storage
