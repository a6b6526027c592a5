#include "qcow2_disk.h"

#include <sys/stat.h>

#include <boost/json.hpp>

#include "base/process.h"
#include "run.h"

namespace truce::storage {
namespace {

class Qcow2Disk : public testing::Test {
 protected:
  std::string qemu_img(std::vector<std::string> words) {
    Command command;
    command.argv = {"qemu-img"};
    command.argv.insert(command.argv.end(), words.begin(), words.end());
    command.folder = folder_.path();
    auto output = run_to_end(run_checked(std::move(command), 60s));
    EXPECT_TRUE(output) << output.error().message;
    return output.value_or("");
  }
  boost::json::value info(const std::string& name) {
    return boost::json::parse(qemu_img({"info", "--output=json", name}));
  }
  [[nodiscard]] std::filesystem::path at(const std::string& name) const {
    return folder_.path() / name;
  }
  TestFolder folder_;
};

TEST_F(Qcow2Disk, an_empty_disk_is_private_and_as_qemu_wants_it) {
  ASSERT_TRUE(make_qcow2(at("disk"), gib(20)));
  EXPECT_EQ(info("disk").at("virtual-size").as_int64(), std::int64_t{20} << 30);
  qemu_img({"check", "-q", "disk"});
  struct stat status{};
  ASSERT_EQ(::stat(at("disk").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_FALSE(make_qcow2(at("disk"), gib(20))) << "nothing is written over";
}

TEST_F(Qcow2Disk, a_size_that_is_no_multiple_of_a_sector_is_rounded_up) {
  ASSERT_TRUE(make_qcow2(at("disk"), {1'000'001}));
  EXPECT_EQ(look_at_qcow2(at("disk"))->virtual_size.count, 1'000'448U);
}

TEST_F(Qcow2Disk, a_linked_disk_names_the_file_and_the_format_under_it) {
  ASSERT_TRUE(make_qcow2(at("base"), mib(64)));
  ASSERT_TRUE(make_qcow2(at("top"), mib(128), at("base")));
  auto facts = look_at_qcow2(at("top"));
  ASSERT_TRUE(facts) << facts.error().message;
  EXPECT_EQ(facts->backing, at("base"));
  EXPECT_EQ(facts->virtual_size, mib(128));
  EXPECT_EQ(info("top").at("backing-filename-format").as_string(), "qcow2");
  qemu_img({"check", "-q", "top"});
}

TEST_F(Qcow2Disk, a_copy_stands_alone_and_can_be_larger) {
  folder_.write("raw", random_hex(3'000'000));
  qemu_img({"convert", "-f", "raw", "-O", "qcow2", "-c", "raw", "disk"});
  Watch watch;
  auto copied = copy_qcow2(at("disk"), at("copy"), gib(100), nullptr, watch);
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(watch.fraction, 1);
  EXPECT_EQ(info("copy").at("virtual-size").as_int64(), std::int64_t{100} << 30);
  qemu_img({"check", "-q", "copy"});
  qemu_img({"compare", "-q", "disk", "copy"});
}

TEST_F(Qcow2Disk, a_copy_of_a_linked_disk_is_refused) {
  ASSERT_TRUE(make_qcow2(at("base"), mib(1)));
  ASSERT_TRUE(make_qcow2(at("top"), mib(1), at("base")));
  Watch watch;
  EXPECT_EQ(copy_qcow2(at("top"), at("copy"), mib(1), nullptr, watch).error().code,
            Code::forbidden);
}

TEST_F(Qcow2Disk, a_copy_that_is_cancelled_says_so) {
  folder_.write("raw", random_hex(3'000'000));
  qemu_img({"convert", "-f", "raw", "-O", "qcow2", "raw", "disk"});
  Watch watch;
  watch.cancelled = true;
  EXPECT_EQ(copy_qcow2(at("disk"), at("copy"), {0}, nullptr, watch).error().code, Code::cancelled);
}

TEST_F(Qcow2Disk, facts_of_what_is_no_qcow2_are_an_error) {
  folder_.write("text", "QFI");
  EXPECT_FALSE(look_at_qcow2(at("text")));
  EXPECT_EQ(look_at_qcow2(at("none")).error().code, Code::not_found);
}

}  // namespace
}  // namespace truce::storage
