#include "http/pages.h"

#include <gtest/gtest.h>

#include <fstream>

#include "loopback.h"

namespace truce::http {
namespace {

class PagesTest : public testing::Test {
 protected:
  PagesTest() {
    put("index.html", "<html>");
    put("assets/app-1a2b.js", "let x");
    put("assets/app-1a2b.js.gz", "packed");
  }
  void put(const std::string& name, std::string_view content) const {
    auto path = folder_.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << content;
  }
  [[nodiscard]] Response get(std::string path,
                             std::map<std::string, std::string> headers = {}) const {
    auto pages = Pages::load(folder_.path());
    EXPECT_TRUE(pages) << pages.error().message;
    Request request;
    request.method = "GET";
    request.path = std::move(path);
    request.headers = std::move(headers);
    return pages->answer(request);
  }

  TemporaryFolder folder_;
};

TEST_F(PagesTest, a_file_is_answered_with_its_type_and_a_policy) {
  auto page = get("/");
  EXPECT_EQ(page.body, "<html>");
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(page.headers["Cache-Control"], "no-cache");
  EXPECT_NE(page.headers["Content-Security-Policy"].find("script-src 'self';"), std::string::npos);
  auto script = get("/assets/app-1a2b.js");
  EXPECT_EQ(script.body, "let x");
  EXPECT_NE(script.headers["Cache-Control"].find("immutable"), std::string::npos);
}

TEST_F(PagesTest, who_takes_gzip_gets_the_packed_file) {
  auto script = get("/assets/app-1a2b.js", {{"accept-encoding", "gzip, br"}});
  EXPECT_EQ(script.body, "packed");
  EXPECT_EQ(script.headers["Content-Encoding"], "gzip");
  EXPECT_EQ(get("/assets/app-1a2b.js.gz").status, 404);
}

TEST_F(PagesTest, what_is_unchanged_is_not_sent_again) {
  auto first = get("/");
  auto again = get("/", {{"if-none-match", first.headers["ETag"]}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
}

TEST_F(PagesTest, a_view_has_a_path_of_its_own_and_other_things_do_not) {
  EXPECT_EQ(get("/machines/web01", {{"accept", "text/html,*/*"}}).body, "<html>");
  EXPECT_EQ(get("/assets/absent.js", {{"accept", "*/*"}}).status, 404);
  EXPECT_EQ(get("/../etc/passwd").status, 404);
}

TEST_F(PagesTest, only_reading_is_possible) {
  auto pages = Pages::load(folder_.path());
  Request request;
  request.method = "POST";
  request.path = "/";
  EXPECT_EQ(pages->answer(request).status, 405);
}

TEST_F(PagesTest, a_folder_without_a_page_says_what_to_do) {
  TemporaryFolder empty;
  auto pages = Pages::load(empty.path());
  ASSERT_FALSE(pages);
  EXPECT_EQ(pages.error().code, Code::not_found);
  EXPECT_NE(pages.error().message.find("npm"), std::string::npos);
}

}  // namespace
}  // namespace truce::http
