// Templates that are sent and fetched, by the real program against a daemon that the test plays.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/json.hpp>
#include <csignal>
#include <fstream>

#include "base/random.h"
#include "fake_daemon.h"
#include "http/ranges.h"
#include "library/patience.h"

namespace truce::cli {
namespace {

constexpr auto made_text =
    R"({"name":"t-1","kind":"template.create","target":"templates/rescue@1","state":"succeeded",)"
    R"("progress":1,"created":"2026-11-22T11:13:47.000Z"})";

TEST(Patience, pieces_grow_on_a_fast_line_and_shrink_on_a_slow_one) {
  EXPECT_EQ(next_piece(first_piece, 10ms), 2 * first_piece);
  EXPECT_EQ(next_piece(first_piece, 3s), first_piece);
  EXPECT_EQ(next_piece(first_piece, 20s), first_piece / 2);
  EXPECT_EQ(next_piece(largest_piece, 1ms), largest_piece);
  EXPECT_EQ(next_piece(smallest_piece, 60s), smallest_piece);
}

TEST(Patience, only_what_can_pass_by_itself_is_tried_again) {
  auto is = [](Exit exit, Code code) { return is_temporary(Failure(exit, Error{code, "x", {}})); };
  EXPECT_TRUE(is(Exit::no_answer, Code::unavailable));
  EXPECT_TRUE(is(Exit::failed, Code::timeout));
  EXPECT_TRUE(is(Exit::failed, Code::conflict));
  EXPECT_FALSE(is(Exit::failed, Code::limit));
  EXPECT_FALSE(is(Exit::failed, Code::io));
  EXPECT_FALSE(is(Exit::failed, Code::forbidden));
}

/// A daemon that keeps one upload, and has one template.
class Transfer : public testing::Test {
 protected:
  int status(const Output& output) { return output.status.code.value_or(-1); }

  std::string shown() {
    return fmt::format(
        R"({{"name":"00aa","template":"rescue","size":{},"received":{},"sha256":"{}","user":"root",)"
        R"("problem":"{}","created":"2026-11-22T11:13:47.000Z","expires":"2026-11-23T11:13:47.000Z"}})",
        content.size(), received.size(), sha256_hex(content), problem);
  }
  static http::Response answer(int code, std::string body) {
    http::Response response;
    response.status = code;
    response.body = std::move(body);
    return response;
  }
  http::Response take(const http::Request& request) {
    if (full && !received.empty()) return http::problem(Error{Code::limit, "there is no room", {}});
    if (failures > 0) {
      --failures;
      return http::problem(Error{Code::unavailable, "the host is not connected", {}});
    }
    if (request.query.at("offset") != std::to_string(received.size()))
      return http::problem(Error{Code::conflict, "another offset", {}});
    received += request.body;
    return answer(200, shown());
  }
  void start_uploads() {
    std::ofstream(daemon.folder() / "rescue.iso") << content;
    daemon.on("GET /v1/uploads", [this](const http::Request&) {
      return answer(
          200, fmt::format(R"({{"revision":1,"items":[{}],"next":""}})", begun ? shown() : ""));
    });
    daemon.on("POST /v1/uploads", [this](const http::Request&) {
      begun = true;
      problem.clear();
      return answer(201, shown());
    });
    daemon.on("DELETE /v1/uploads/00aa", [this](const http::Request&) {
      received.clear();
      return answer(204, "");
    });
    daemon.on("GET /v1/uploads/00aa",
              [this](const http::Request&) { return answer(200, shown()); });
    daemon.on("PUT /v1/uploads/00aa/content",
              [this](const http::Request& request) { return take(request); });
    daemon.on("POST /v1/uploads/00aa/finish", 202, made_text);
    daemon.start();
  }
  Output upload() { return daemon.run({"template", "upload", "rescue", "rescue.iso"}); }

  void start_downloads() {
    daemon.on("GET /v1/templates/rescue", 200,
              R"({"name":"rescue@2","kind":"iso","created":"2026-11-22T11:13:47.000Z"})");
    daemon.on("GET /v1/templates/rescue@2/content", [this](const http::Request& request) {
      auto file = http::answer_file(request, content.size(), tag);
      if (!file.range) return std::move(file.response);
      file.response.stream = [this, range = *file.range](http::BodyWriter& to) -> Async<void> {
        auto sent = cut.exchange(0);
        auto end = sent > 0 ? std::min(range.length, sent) : range.length;
        co_await to.write(content.substr(range.first, end));
      };
      return std::move(file.response);
    });
    daemon.start();
  }
  [[nodiscard]] std::string fetched(const std::string& name) const {
    return read_file(daemon.folder() / name).value_or("(none)");
  }
  [[nodiscard]] std::size_t parts() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(daemon.folder()))
      count += entry.path().extension() == ".part" ? 1 : 0;
    return count;
  }

  FakeDaemon daemon;
  std::string content = std::string(1'500'000, 'x') + "end", received, problem;
  std::string tag = sha256_hex(content);
  bool begun = false, full = false;
  int failures = 0;
  std::atomic<std::uint64_t> cut = 0;  ///< the next answer ends after so many bytes
};

TEST_F(Transfer, a_file_is_sent_in_pieces_and_becomes_a_template) {
  start_uploads();
  auto got = upload();
  EXPECT_EQ(status(got), 0) << got.err;
  EXPECT_EQ(received, content);
  EXPECT_TRUE(got.out.starts_with("template.create templates/rescue@1: done")) << got.out;
}

TEST_F(Transfer, what_has_arrived_is_not_sent_again) {
  begun = true;
  received = content.substr(0, 1'000'000);
  start_uploads();
  auto got = upload();
  EXPECT_EQ(status(got), 0) << got.err;
  EXPECT_EQ(received, content);
  EXPECT_TRUE(got.err.contains("going on at")) << got.err;
  for (const auto& request : daemon.requests())
    EXPECT_FALSE(request.starts_with("PUT") && request.contains("offset=0 "));
}

TEST_F(Transfer, an_upload_that_became_no_template_is_begun_anew) {
  begun = true;
  received = std::string(content.size(), 'y');
  problem = "what arrived has another SHA-256";
  start_uploads();
  auto got = upload();
  EXPECT_EQ(status(got), 0) << got.err;
  EXPECT_EQ(received, content);
}

TEST_F(Transfer, a_failure_that_passes_is_waited_for) {
  failures = 2;
  start_uploads();
  auto got = upload();
  EXPECT_EQ(status(got), 0) << got.err;
  EXPECT_EQ(received, content);
  EXPECT_TRUE(got.err.contains("the host is not connected; trying again in 0.5 s")) << got.err;
}

TEST_F(Transfer, a_refusal_says_how_to_go_on) {
  full = true;
  start_uploads();
  auto got = upload();
  EXPECT_EQ(status(got), 1);
  EXPECT_TRUE(got.err.contains("there is no room; 512KiB of 1.4MiB have arrived")) << got.err;
  EXPECT_TRUE(got.err.contains("truce upload delete 00aa")) << got.err;
}

TEST_F(Transfer, what_is_no_file_is_refused_before_anybody_is_asked) {
  std::ofstream(daemon.folder() / "empty");
  daemon.start();
  for (const auto* name : {"none", "empty", "/dev/null", "/"})
    EXPECT_NE(status(daemon.run({"template", "upload", "rescue", name})), 0) << name;
  EXPECT_TRUE(daemon.requests().empty());
}

TEST_F(Transfer, a_download_has_its_name_when_it_is_whole_also_after_it_was_cut_off) {
  cut = 700'000;
  start_downloads();
  auto got = daemon.run({"template", "download", "rescue"});
  EXPECT_EQ(status(got), 0) << got.err;
  EXPECT_EQ(fetched("rescue@2.iso"), content);
  EXPECT_EQ(parts(), 0U);
  EXPECT_TRUE(got.err.contains("trying again")) << got.err;
  EXPECT_EQ(got.out, "rescue@2.iso: 1.4MiB\n");
  got = daemon.run({"template", "download", "rescue"});
  EXPECT_EQ(status(got), 2);
  EXPECT_TRUE(got.err.contains("--output")) << got.err;
}

TEST_F(Transfer, a_download_goes_on_from_what_an_earlier_one_left) {
  auto part = daemon.folder() / fmt::format("new.iso.{}.part", tag.substr(0, 16));
  std::ofstream(part) << content.substr(0, 1'499'999);
  start_downloads();
  auto got = daemon.run({"template", "download", "rescue", "--output", "new.iso", "--quiet"});
  EXPECT_EQ(status(got), 0) << got.err;
  EXPECT_EQ(fetched("new.iso"), content);
  EXPECT_EQ(got.out, "new.iso\n");
  EXPECT_EQ(got.err, "");
}

TEST_F(Transfer, a_download_that_is_not_what_it_should_be_is_removed) {
  tag = sha256_hex("something else");
  start_downloads();
  auto got = daemon.run({"template", "download", "rescue", "--output", "new.iso"});
  EXPECT_EQ(status(got), 1);
  EXPECT_TRUE(got.err.contains("SHA-256")) << got.err;
  EXPECT_EQ(fetched("new.iso"), "(none)");
  EXPECT_EQ(parts(), 0U);
}

}  // namespace
}  // namespace truce::cli
