// Uploads and downloads through the API, with a node that the test plays.
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "estate.h"

namespace truce::manager {
namespace {

const std::string all_of_it = "0123456789";

Async<void> report_room(Estate& estate, Bytes free, std::string problem = {}) {
  model::FromNode message;
  message.report.emplace();
  model::Pool pool;
  pool.name = "default";
  pool.host = "h1";
  pool.path = "/var/lib/truce/pool";
  pool.total = gib(10);
  pool.free = free;
  pool.problem = std::move(problem);
  message.report->pools.push_back(std::move(pool));
  co_await estate.node.send(std::move(message));
  for (int i = 0; i < 200; ++i) {
    auto shown = co_await estate.call("GET", "/v1/pools/default");
    if (shown.text("/free") == std::to_string(free.count)) co_return;
    co_await sleep_for(5ms);
  }
  ADD_FAILURE() << "the report was not taken in";
}

std::string wish(std::uint64_t size, const std::string& sha256 = {}) {
  return fmt::format(R"({{"template":"rescue","size":{},"sha256":"{}"}})", size, sha256);
}

Async<std::string> begin(Estate& estate, std::uint64_t size = all_of_it.size()) {
  auto made = co_await estate.call("POST", "/v1/uploads", wish(size));
  EXPECT_EQ(made.status, 201) << boost::json::serialize(made.body);
  co_return made.text("/name");
}

/// The node's end of a call that opens a stream.
Async<UnixSocket> opened(Estate& estate, model::CallVerb verb, model::Call& call) {
  for (int i = 0; i < 50; ++i) {
    auto message = co_await estate.node.next();
    if (!message.call || message.call->verb != verb) continue;
    call = *message.call;
    break;
  }
  auto socket = co_await connect_unix((estate.folder / "node.sock").string());
  EXPECT_TRUE(socket);
  model::FromNode hello;
  hello.hello = model::Hello{.host = "h1", .stream = call.stream};
  co_await write_frame(*socket, model::to_text(hello));
  model::FromNode agreed;
  agreed.reply.emplace();
  agreed.reply->id = call.id;
  co_await estate.node.send(agreed);
  co_return std::move(*socket);
}

Async<void> take_piece(Estate& estate, std::string& got, std::string error = {}) {
  model::Call call;
  auto socket = co_await opened(estate, model::CallVerb::put_piece, call);
  std::string piece(static_cast<std::size_t>(call.bytes), '\0');
  co_await asio::async_read(socket, asio::buffer(piece), as_result);
  EXPECT_EQ(static_cast<std::size_t>(call.offset), got.size());
  got += piece;
  model::CallReply told;
  told.error = std::move(error);
  told.code = told.error.empty() ? "" : "limit";
  co_await write_frame(socket, model::to_text(told));
}

Async<Answer> put(Estate& estate, std::string name, std::string offset, std::string piece) {
  return estate.call("PUT", fmt::format("/v1/uploads/{}/content?offset={}", name, offset), piece);
}

/// A piece that the node stores.
Async<Answer> stored(Estate& estate, std::string name, std::string offset, std::string piece) {
  std::string got(std::stoul(offset), '-');
  auto answer = co_await (put(estate, name, offset, piece) && take_piece(estate, got));
  EXPECT_EQ(got.substr(std::stoul(offset)), piece);
  co_return answer;
}

TEST(UploadsApi, pieces_come_in_order_and_what_is_promised_is_with_the_node) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await report_room(estate, gib(4));
    auto name = co_await begin(estate);
    EXPECT_EQ((co_await stored(estate, name, "0", "0123")).text("/received"), "4");
    for (const auto* offset : {"0", "3", "5"}) {
      auto wrong = co_await put(estate, name, offset, "4567");
      EXPECT_EQ(wrong.status, 409) << offset;
      EXPECT_TRUE(wrong.text("/detail").contains("begins at offset 4")) << wrong.text("/detail");
    }
    EXPECT_EQ((co_await put(estate, name, "4", "")).status, 400);
    EXPECT_EQ((co_await put(estate, name, "4", "4567890")).status, 400) << "it ends behind the end";
    EXPECT_EQ((co_await estate.call("PUT", "/v1/uploads/" + name + "/content", "4")).text("/field"),
              "?offset");
    EXPECT_EQ((co_await estate.call("POST", "/v1/uploads/" + name + "/finish")).status, 409);
    EXPECT_EQ((co_await stored(estate, name, "4", "456789")).text("/received"), "10");
    auto events = co_await estate.call("GET", "/v1/events?target=uploads/" + name);
    EXPECT_EQ(events.body.at("items").as_array().size(), 1U) << "none for a piece";
    co_await estate.restart();
    auto shown = co_await estate.call("GET", "/v1/uploads/" + name);
    EXPECT_EQ(shown.text("/received"), "10");
    EXPECT_EQ(shown.text("/user"), "root");
  });
}

TEST(UploadsApi, two_who_send_the_same_piece_do_not_mix) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await report_room(estate, gib(4));
    auto name = co_await begin(estate);
    std::string got;
    auto [one, two] = co_await (put(estate, name, "0", "aaaa") &&
                                (put(estate, name, "0", "bbbb") && take_piece(estate, got)));
    EXPECT_EQ(one.status, 200);
    EXPECT_EQ(two.status, 409);
    EXPECT_EQ(got, "aaaa");
  });
}

TEST(UploadsApi, a_piece_that_the_node_could_not_store_is_not_promised) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await report_room(estate, gib(4));
    auto name = co_await begin(estate);
    std::string got;
    auto answer =
        co_await (put(estate, name, "0", "0123") && take_piece(estate, got, "there is no room"));
    EXPECT_EQ(answer.status, 429);
    EXPECT_EQ(answer.text("/detail"), "there is no room");
    EXPECT_EQ((co_await estate.call("GET", "/v1/uploads/" + name)).text("/received"), "0");
  });
}

TEST(UploadsApi, with_its_template_an_upload_is_gone_and_without_it_stays_with_the_reason) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await report_room(estate, gib(4));
    auto name = co_await begin(estate);
    co_await stored(estate, name, "0", all_of_it);
    auto task = co_await estate.call("POST", "/v1/uploads/" + name + "/finish");
    EXPECT_EQ(task.status, 202);
    EXPECT_EQ(task.text("/target"), "templates/rescue@1");
    auto again = co_await estate.call("POST", "/v1/uploads/" + name + "/finish");
    EXPECT_EQ(again.text("/name"), task.text("/name"));
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/uploads/" + name)).status, 409);
    EXPECT_EQ((co_await put(estate, name, "10", "x")).status, 409);
    auto sent = co_await estate.node.assignment([](const auto& a) { return !a.jobs.empty(); });
    EXPECT_EQ(sent.jobs.at(0).kind, model::JobKind::import_upload);
    EXPECT_EQ(sent.jobs.at(0).source, name);
    EXPECT_EQ(sent.jobs.at(0).size, Bytes{10});
    model::JobReport report{.task = task.text("/name")};
    report.done = true;
    report.error = "it is damaged";
    co_await estate.node.report(report);
    EXPECT_EQ(co_await estate.task_ends(task.text("/name")), "failed");
    auto shown = co_await estate.call("GET", "/v1/uploads/" + name);
    EXPECT_EQ(shown.text("/problem"), "it is damaged");
    EXPECT_EQ(shown.text("/task"), "");
    task = co_await estate.call("POST", "/v1/uploads/" + name + "/finish");
    report.task = task.text("/name");
    report.error.clear();
    report.template_ = model::Template{};
    report.template_->name = "rescue@1";
    report.template_->created = now();
    co_await estate.node.report(report);
    EXPECT_EQ(co_await estate.task_ends(report.task), "succeeded");
    EXPECT_EQ((co_await estate.call("GET", "/v1/uploads/" + name)).status, 404);
    EXPECT_EQ((co_await estate.call("GET", "/v1/templates/rescue")).status, 200);
  });
}

TEST(UploadsApi, a_node_is_told_which_uploads_stay) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await report_room(estate, gib(4));
    auto told = [&]() -> Async<std::vector<std::string>> {
      auto sent =
          co_await estate.node.assignment([](const auto& a) { return a.uploads.has_value(); });
      co_return sent.uploads.value_or(std::vector<std::string>{});
    };
    auto name = co_await begin(estate);
    EXPECT_EQ(co_await told(), std::vector<std::string>{name});
    EXPECT_EQ((co_await estate.call("DELETE", "/v1/uploads/" + name)).status, 204);
    EXPECT_EQ(co_await told(), std::vector<std::string>{});
    EXPECT_EQ((co_await put(estate, name, "0", "x")).status, 404);
  });
}

TEST(UploadsApi, what_cannot_be_stored_is_refused_before_it_is_sent) {
  with_estate([](Estate& estate) -> Async<void> {
    auto refused = [&](std::string body) { return estate.call("POST", "/v1/uploads", body); };
    EXPECT_EQ((co_await refused(wish(1))).status, 503) << "no host has reported a pool";
    co_await report_room(estate, gib(4));
    EXPECT_EQ((co_await refused(wish(0))).text("/field"), "/size");
    EXPECT_EQ((co_await refused(wish(1, "abc"))).text("/field"), "/sha256");
    EXPECT_EQ((co_await refused(wish(1, std::string(64, 'F')))).text("/field"), "/sha256");
    EXPECT_EQ((co_await refused(R"({"template":"../x","size":1})")).text("/field"), "/template");
    co_await begin(estate, gib(1).count);  // takes half of what is free, with its template
    EXPECT_EQ((co_await refused(wish(gib(1).count + 1))).text("/field"), "/size");
    co_await begin(estate, gib(1).count);
    EXPECT_EQ((co_await refused(wish(1))).status, 429);
    co_await report_room(estate, gib(9), "it is broken");
    EXPECT_EQ((co_await refused(wish(1))).status, 503);
    co_await report_room(estate, gib(8));
    for (int i = 2; i < 8; ++i) co_await begin(estate, 1);
    auto many = co_await refused(wish(1));
    EXPECT_EQ(many.status, 429);
    EXPECT_TRUE(many.text("/detail").contains("truce upload list")) << many.text("/detail");
  });
}

TEST(UploadsApi, an_upload_that_nobody_goes_on_with_is_removed) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await report_room(estate, gib(4));
    auto name = co_await begin(estate);
    co_await stored(estate, name, "0", "0123");
    auto kept = co_await estate.store.get("uploads/" + name);
    auto upload = model::from_text<model::Upload>((*kept)->value, model::Unknown::ignore).value();
    upload.expires = now() - 1s;
    EXPECT_TRUE(co_await estate.store.commit({}, {{"uploads/" + name, model::to_text(upload)}}));
    for (int i = 0; i < 100; ++i) {
      if ((co_await estate.call("GET", "/v1/uploads/" + name)).status == 404) break;
      co_await sleep_for(100ms);
    }
    auto events = co_await estate.call("GET", "/v1/events?target=uploads/" + name);
    EXPECT_EQ(events.body.at("items").as_array().back().at("kind").as_string(), "upload.expired");
  });
}

/// Keeps what a handler streams.
class KeptBody final : public http::BodyWriter {
 public:
  Async<Result<void>> write(std::string piece) override {
    bytes += piece;
    co_return Result<void>{};
  }
  std::string bytes;
};

Async<http::Response> get_content(Estate& estate, std::map<std::string, std::string> headers) {
  http::Request request;
  request.method = "GET";
  request.path = "/v1/templates/rescue/content";
  request.headers = std::move(headers);
  request.peer.address = "unix";
  request.peer.unix_user = 0;
  return estate.manager->handle(std::move(request));
}

Async<void> send_content(Estate& estate) {
  for (int i = 0; i < 50; ++i) {
    auto message = co_await estate.node.next();
    if (!message.call || message.call->verb != model::CallVerb::template_file) continue;
    model::FromNode told;
    told.reply.emplace();
    told.reply->id = message.call->id;
    told.reply->file = model::FileFacts{"image.iso", static_cast<std::int64_t>(all_of_it.size()),
                                        std::string(64, 'a')};
    co_await estate.node.send(told);
    break;
  }
  model::Call call;
  auto socket = co_await opened(estate, model::CallVerb::read_template, call);
  auto part =
      all_of_it.substr(static_cast<std::size_t>(call.offset), static_cast<std::size_t>(call.bytes));
  co_await asio::async_write(socket, asio::buffer(part), as_result);
}

TEST(UploadsApi, the_file_of_a_template_comes_from_its_host_whole_or_in_part) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await report_room(estate, gib(4));
    EXPECT_EQ((co_await get_content(estate, {})).status, 404);
    co_await estate.make_template("rescue");
    auto whole = co_await (get_content(estate, {}) && send_content(estate));
    EXPECT_EQ(whole.status, 200);
    EXPECT_EQ(whole.length, all_of_it.size());
    EXPECT_EQ(whole.headers["ETag"], '"' + std::string(64, 'a') + '"');
    EXPECT_TRUE(whole.headers["Repr-Digest"].starts_with("sha-256=:qqqq"));
    EXPECT_TRUE(whole.headers["Content-Disposition"].contains("rescue@1.iso"));
    KeptBody kept;
    co_await whole.stream(kept);
    EXPECT_EQ(kept.bytes, all_of_it);
    auto part = co_await (get_content(estate, {{"range", "bytes=7-"}}) && send_content(estate));
    EXPECT_EQ(part.status, 206);
    KeptBody rest;
    co_await part.stream(rest);
    EXPECT_EQ(rest.bytes, "789");
  });
}

}  // namespace
}  // namespace truce::manager
