// Uploads as they come in and become templates, and templates as they go out.
#include "storage/library.h"

#include <boost/asio/thread_pool.hpp>

#include "run.h"
#include "storage/folder_pool.h"

namespace truce::storage {
namespace {

namespace fs = std::filesystem;

const std::string first_upload = "0123456789abcdef", second_upload = "fedcba9876543210";

class LibraryTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(pool_.recover());
    library_ = pool_.library();
    ASSERT_NE(library_, nullptr);
  }
  Result<void> write(const std::string& upload, std::uint64_t offset, std::string piece) {
    return run_to_end(library_->write(upload, offset, std::move(piece)));
  }
  Result<TemplateContent> make(const std::string& content, const std::string& sha256) {
    return run_to_end(
        library_->make_template({first_upload, {content.size()}, sha256}, "rescue@1", Progress{}));
  }
  [[nodiscard]] std::string stored(const std::string& upload) const {
    return read_file(uploads() / upload).value_or("(none)");
  }
  [[nodiscard]] fs::path uploads() const { return root_ / "uploads"; }

  TestFolder folder_;
  fs::path root_ = folder_.path() / "pool";
  asio::thread_pool threads_{1};
  FolderPool pool_{threads_, root_, this_program()};
  Library* library_ = nullptr;
};

// What an ISO is known by: descriptors from sector 16 on.
std::string small_iso() {
  std::string iso(40 * 2048, '\0');
  iso.replace(16 * 2048, 7, std::string("\1CD001\1", 7));
  iso.replace(17 * 2048, 7, std::string("\377CD001\1", 7));
  iso.back() = 'x';
  return iso;
}

TEST_F(LibraryTest, pieces_become_a_file_and_the_end_of_an_unanswered_one_is_written_again) {
  EXPECT_TRUE(write(first_upload, 0, "one,"));
  EXPECT_TRUE(write(first_upload, 4, "two, and more that nobody was told of"));
  EXPECT_TRUE(write(first_upload, 4, "2,"));
  EXPECT_EQ(stored(first_upload), "one,2,");
  EXPECT_TRUE(write(first_upload, 6, "3"));
  EXPECT_EQ(stored(first_upload), "one,2,3");
}

TEST_F(LibraryTest, a_piece_behind_a_gap_is_refused_and_changes_nothing) {
  EXPECT_TRUE(write(first_upload, 0, "one"));
  for (const auto& upload : {first_upload, second_upload}) {
    auto refused = write(upload, 4, "x");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::corrupt);
  }
  EXPECT_EQ(stored(first_upload), "one");
  EXPECT_FALSE(fs::exists(uploads() / second_upload));
}

TEST_F(LibraryTest, what_is_not_the_name_of_an_upload_never_becomes_a_path) {
  for (const std::string& bad :
       {std::string(), std::string("../../etc/cron.d/x"), std::string("0123456789ABCDEF"),
        std::string("0123"), std::string(65, 'a'), std::string("0123456789abcde/")}) {
    auto refused = write(bad, 0, "x");
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, Code::invalid);
  }
  ASSERT_TRUE(make_folder(uploads()));
  fs::create_symlink(folder_.path() / "outside", uploads() / first_upload);
  EXPECT_FALSE(write(first_upload, 0, "x")) << "links are not followed";
  EXPECT_FALSE(fs::exists(folder_.path() / "outside"));
}

TEST_F(LibraryTest, all_but_what_is_kept_is_removed_and_a_new_life_of_the_pool_removes_nothing) {
  EXPECT_TRUE(run_to_end(library_->keep({}))) << "where there never was one";
  EXPECT_TRUE(write(first_upload, 0, "one"));
  EXPECT_TRUE(write(second_upload, 0, "two"));
  EXPECT_TRUE(pool_.recover());
  EXPECT_TRUE(run_to_end(library_->keep({second_upload})));
  EXPECT_EQ(stored(first_upload), "(none)");
  EXPECT_EQ(stored(second_upload), "two");
  auto capacity = run_to_end(pool_.capacity());
  ASSERT_TRUE(capacity);
  EXPECT_GT(capacity->used.count, 0U) << "uploads count";
}

TEST_F(LibraryTest, an_upload_becomes_a_template_whose_file_can_be_read_in_parts) {
  auto iso = small_iso();
  EXPECT_TRUE(write(first_upload, 0, iso));
  auto content = make(iso, sha256_hex(iso));
  ASSERT_TRUE(content) << content.error().message;
  EXPECT_EQ(content->iso, "image.iso");
  EXPECT_EQ(stored(first_upload), iso) << "the manager says when it goes";
  EXPECT_TRUE(make(iso, sha256_hex(iso))) << "asked for again it is the same";
  auto reader = run_to_end(library_->open("rescue@1", {}));
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ((*reader)->file().sha256, sha256_hex(iso));
  EXPECT_EQ((*reader)->file().size.count, iso.size());
  EXPECT_TRUE(run_to_end(pool_.delete_template("rescue@1")));
  EXPECT_EQ(run_to_end((*reader)->read(16 * 2048, 8)).value_or(""), iso.substr(16 * 2048, 8));
  EXPECT_EQ(run_to_end((*reader)->read(iso.size() - 1, 100)).value_or(""), "x");
  EXPECT_EQ(run_to_end((*reader)->read(iso.size() + 1, 100)).value_or("x"), "");
  EXPECT_EQ(run_to_end(library_->open("rescue@1", {})).error().code, Code::not_found);
}

TEST_F(LibraryTest, an_upload_that_is_not_what_was_said_becomes_no_template) {
  auto iso = small_iso();
  EXPECT_TRUE(write(first_upload, 0, iso));
  auto wrong = make(iso, sha256_hex("something else"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::corrupt);
  EXPECT_TRUE(wrong.error().message.contains(sha256_hex(iso))) << wrong.error().message;
  EXPECT_EQ(make(iso + "x", "").error().code, Code::corrupt);
  EXPECT_TRUE(fs::is_empty(root_ / "templates"));
}

TEST_F(LibraryTest, a_template_whose_file_was_cut_off_is_not_handed_out) {
  auto iso = small_iso();
  EXPECT_TRUE(write(first_upload, 0, iso));
  ASSERT_TRUE(make(iso, ""));
  auto path = pool_.template_folder("rescue@1") / "image.iso";
  fs::permissions(path, fs::perms::owner_all);
  fs::resize_file(path, 100);
  EXPECT_EQ(run_to_end(library_->open("rescue@1", {})).error().code, Code::corrupt);
}

}  // namespace
}  // namespace truce::storage
