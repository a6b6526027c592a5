// Templates that come from another host: whole and as they are there, or not at all.
#include <boost/asio/thread_pool.hpp>

#include "run.h"
#include "storage/folder_pool.h"
#include "storage/library.h"

namespace truce::storage {
namespace {

namespace fs = std::filesystem;

constexpr const char* recipe =
    "#!/bin/sh\nset -e\nqemu-img create -q -f qcow2 \"$1/disk.qcow2\" 16M\n"
    "head -c 700000 /dev/urandom >\"$1/vmlinux\"\n"
    "echo '{\"disk\": \"disk.qcow2\", \"kernel\": \"vmlinux\"}' >\"$1/manifest.json\"\n";

/// The files of a template in another pool, over a connection that can fail.
class OtherHost final : public TemplateSource {
 public:
  explicit OtherHost(Library& library) : library_(library) {}

  Async<Result<std::string>> manifest() override {
    CO_TRY(auto reader, co_await library_.open("base@1", "manifest.json"));
    CO_TRY(auto text, co_await reader->read(0, 1 << 20));
    if (!replaced_manifest.empty()) co_return replaced_manifest;
    co_return text;
  }
  Async<Result<void>> read(std::string file, std::uint64_t offset, Take take) override {
    ++reads;
    CO_TRY(auto reader, co_await library_.open("base@1", file));
    for (auto at = offset;;) {
      CO_TRY(auto bytes, co_await reader->read(at, 64 << 10));
      if (bytes.empty()) co_return Result<void>{};
      if (at == spoiled_at) bytes[0] = static_cast<char>(bytes[0] ^ 1);
      if (at >= breaks_at && breaks > 0) {
        --breaks;
        co_return fail(Code::unavailable, "the connection ended");
      }
      at += bytes.size();
      CO_TRY_VOID(co_await take(std::move(bytes)));
    }
  }

  std::uint64_t breaks_at = 0, spoiled_at = ~std::uint64_t{0};
  int breaks = 0, reads = 0;
  std::string replaced_manifest;

 private:
  Library& library_;
};

class FetchTest : public testing::Test {
 protected:
  FetchTest() {
    EXPECT_TRUE(there_.recover());
    EXPECT_TRUE(here_.recover());
    auto built = run_to_end(there_.build_template("base@1", folder_.write("recipe", recipe), {}));
    EXPECT_TRUE(built) << built.error().message;
    content_ = built.value_or(TemplateContent{});
  }
  Result<TemplateContent> fetch() {
    return run_to_end(here_.fetch_template("base@1", source_, [this](double fraction, auto) {
      EXPECT_GE(fraction, fraction_);
      fraction_ = fraction;
    }));
  }
  // Nothing is left of one that failed.
  void expect_nothing_here() {
    EXPECT_EQ(run_to_end(here_.template_content("base@1")).error().code, Code::not_found);
    EXPECT_TRUE(fs::is_empty(folder_.path() / "here/templates"));
  }

  TestFolder folder_;
  asio::thread_pool threads_{2};
  FolderPool there_{threads_, folder_.path() / "there", this_program()};
  FolderPool here_{threads_, folder_.path() / "here", this_program()};
  OtherHost source_{*there_.library()};
  TemplateContent content_;
  double fraction_ = 0;
};

TEST_F(FetchTest, a_template_is_here_as_it_is_there) {
  auto fetched = fetch();
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_EQ(fraction_, 1);
  ASSERT_EQ(fetched->files.size(), content_.files.size());
  for (std::size_t i = 0; i < content_.files.size(); ++i) {
    EXPECT_EQ(fetched->files[i].name, content_.files[i].name);
    EXPECT_EQ(fetched->files[i].sha256, content_.files[i].sha256);
  }
  EXPECT_EQ(fetched->disk_size, content_.disk_size);
  EXPECT_TRUE(run_to_end(here_.verify_template("base@1")));
  EXPECT_TRUE(run_to_end(here_.clone_disk("vm1/disk0", "base@1", {0}, CloneKind::linked, {})));
  EXPECT_EQ(*run_to_end(here_.templates()), std::vector<std::string>{"base@1"});
  auto reads = source_.reads;
  EXPECT_TRUE(fetch()) << "once it is here it is not fetched again";
  EXPECT_EQ(source_.reads, reads);
}

TEST_F(FetchTest, a_connection_that_breaks_is_gone_on_with_where_it_was) {
  source_.breaks_at = 128 << 10;
  source_.breaks = 2;
  auto fetched = fetch();
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_TRUE(run_to_end(here_.verify_template("base@1")));
}

TEST_F(FetchTest, a_host_that_does_not_come_back_leaves_nothing) {
  source_.breaks = 1000;
  auto fetched = fetch();
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code, Code::unavailable) << fetched.error().message;
  expect_nothing_here();
  source_.breaks = 0;
  fraction_ = 0;
  EXPECT_TRUE(fetch());
}

TEST_F(FetchTest, bytes_that_changed_on_the_way_are_refused_and_removed) {
  source_.spoiled_at = 640 << 10;
  auto fetched = fetch();
  ASSERT_FALSE(fetched);
  EXPECT_EQ(fetched.error().code, Code::corrupt) << fetched.error().message;
  EXPECT_TRUE(fetched.error().message.contains("vmlinux")) << fetched.error().message;
  expect_nothing_here();
}

TEST_F(FetchTest, a_manifest_that_leads_elsewhere_or_says_nothing_is_refused) {
  for (
      const auto* manifest :
      {"", "{}", R"({"disk": "../../etc/passwd"})", R"({"disk": "disk.qcow2"})",
       R"({"disk": "disk.qcow2", "files": [{"name": "disk.qcow2", "size": 5, "sha256": ""}]})",
       R"({"disk": "disk.qcow2", "files": [{"name": "manifest.json", "size": 5, "sha256": "00"}]})",
       R"({"disk": "disk.qcow2", "files": [{"name": "../x", "size": 5, "sha256": "00"}]})"}) {
    source_.replaced_manifest = *manifest != '\0' ? manifest : " ";
    EXPECT_FALSE(fetch()) << manifest;
    expect_nothing_here();
  }
}

TEST_F(FetchTest, what_was_cut_off_in_the_middle_is_removed_at_the_next_start) {
  // As kill -9 leaves it: a part of a file in a hidden folder.
  auto rest = folder_.path() / "here/templates/.new-base@1-00000000";
  fs::create_directories(rest);
  ASSERT_TRUE(write_file_durably(rest / "vmlinux", "a part"));
  FolderPool other_life(threads_, folder_.path() / "here", this_program());
  EXPECT_FALSE(other_life.recover()) << "while the first one lives";
  ASSERT_TRUE(here_.recover());
  expect_nothing_here();
  EXPECT_TRUE(fetch());
}

TEST_F(FetchTest, a_part_that_is_none_of_a_templates_is_not_read) {
  auto open = [&](const std::string& part) {
    return run_to_end(there_.library()->open("base@1", part));
  };
  EXPECT_EQ(open("../../vms/vm1/disk0.qcow2").error().code, Code::not_found);
  EXPECT_EQ(open(".lock").error().code, Code::not_found);
  EXPECT_TRUE(open("vmlinux"));
  EXPECT_TRUE(open("manifest.json"));
}

}  // namespace
}  // namespace truce::storage
