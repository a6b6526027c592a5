// Uploads and templates on their way between a node and its manager, which the test plays.
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "stage.h"

namespace truce::node {
namespace {

const std::string first_upload = "0123456789abcdef", second_upload = "fedcba9876543210";

Async<void> send(Stage& stage, model::Call call) {
  model::ToNode message;
  message.call = std::move(call);
  EXPECT_TRUE(co_await write_frame(stage.socket, model::to_text(message)));
}

Async<model::CallReply> reply(Stage& stage) {
  for (int i = 0; i < 100; ++i) {
    auto message = co_await stage.next();
    if (message.reply) co_return *message.reply;
  }
  ADD_FAILURE() << "no reply came";
  co_return model::CallReply{};
}

/// The connection that a call opens.
Async<UnixSocket> stream(Stage& stage, model::Call call) {
  call.id = 7;
  call.stream = "key";
  co_await send(stage, call);
  auto [ec, socket] = co_await stage.acceptor.async_accept(as_result);
  EXPECT_FALSE(ec);
  auto frame = co_await read_frame(socket, kib(64));
  auto hello = model::from_text<model::FromNode>(frame ? *frame : "{}", model::Unknown::ignore);
  EXPECT_TRUE(hello && hello->hello && hello->hello->stream == "key");
  co_return std::move(socket);
}

/// What the node says of a piece.
Async<model::CallReply> put(Stage& stage, std::string name, std::int64_t offset,
                            std::string piece) {
  model::Call call{.verb = model::CallVerb::put_piece};
  call.file = std::move(name);
  call.offset = offset;
  call.bytes = static_cast<std::int64_t>(piece.size());
  auto socket = co_await stream(stage, call);
  co_await asio::async_write(socket, asio::buffer(piece), as_result);
  auto frame = co_await within(10s, read_frame(socket, kib(64)), "the node");
  EXPECT_TRUE(frame) << frame.error().message;
  auto told =
      model::from_text<model::CallReply>(frame ? *frame : "{\"id\":0}", model::Unknown::ignore);
  co_return told.value_or(model::CallReply{});
}

std::string stored(const Stage& stage, const std::string& name) {
  return read_file(stage.folder / "pool/uploads" / name).value_or("(none)");
}

TEST(Porter, pieces_reach_the_pool_and_a_gap_is_told) {
  on_stage([](Stage& stage) -> Async<void> {
    EXPECT_EQ((co_await put(stage, first_upload, 0, "one,")).error, "");
    EXPECT_EQ((co_await put(stage, first_upload, 4, "two")).error, "");
    EXPECT_EQ(stored(stage, first_upload), "one,two");
    EXPECT_EQ((co_await put(stage, first_upload, 9, "x")).code, "corrupt");
    EXPECT_EQ((co_await put(stage, "../../x", 0, "x")).code, "invalid");
  });
}

TEST(Porter, uploads_that_are_not_wanted_are_removed_also_when_their_piece_comes_late) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await put(stage, first_upload, 0, "one");
    co_await put(stage, second_upload, 0, "two");
    model::Call late{.verb = model::CallVerb::put_piece};
    late.file = first_upload;
    late.bytes = 3;
    auto socket = co_await stream(stage, late);
    model::Assignment change;
    change.uploads = std::vector<std::string>{second_upload};
    co_await stage.send(change);
    while (stored(stage, first_upload) != "(none)") co_await sleep_for(5ms);
    co_await asio::async_write(socket, asio::buffer("xyz", 3), as_result);
    EXPECT_TRUE(co_await read_frame(socket, kib(64)));
    EXPECT_EQ(stored(stage, first_upload), "(none)");
    EXPECT_EQ(stored(stage, second_upload), "two");
  });
}

TEST(Porter, an_upload_becomes_a_template_by_a_job_and_its_file_is_read_in_parts) {
  on_stage([](Stage& stage) -> Async<void> {
    co_await put(stage, first_upload, 0, "an image");
    model::Assignment change;
    model::Job job{.task = "t-1"};
    job.kind = model::JobKind::import_upload;
    job.template_ = "rescue@1";
    job.source = first_upload;
    job.size = {8};
    job.sha256 = sha256_hex("another image");
    change.jobs = {job};
    co_await stage.send(change);
    EXPECT_TRUE((co_await stage.job_ends()).error.contains("SHA-256"));
    job.task = "t-2";
    job.sha256 = sha256_hex("an image");
    change.jobs = {job};
    co_await stage.send(change);
    auto done = co_await stage.job_ends();
    EXPECT_EQ(done.error, "");
    EXPECT_TRUE(done.template_ && done.template_->name == "rescue@1");
    model::Call ask{.id = 3, .verb = model::CallVerb::template_file};
    ask.file = "rescue@1";
    co_await send(stage, ask);
    auto facts = (co_await reply(stage)).file.value_or(model::FileFacts{});
    EXPECT_EQ(facts.name, "disk.qcow2");
    EXPECT_EQ(facts.size, 4);  // what a pretended template has: "fake"
    ask.verb = model::CallVerb::read_template;
    ask.offset = 1;
    ask.bytes = 2;
    auto socket = co_await stream(stage, ask);
    std::string got;
    co_await asio::async_read(socket, asio::dynamic_buffer(got), as_result);
    EXPECT_EQ(got, "ak");
    ask.file = "none@1";
    ask.verb = model::CallVerb::template_file;
    co_await reply(stage);
    co_await send(stage, ask);
    EXPECT_EQ((co_await reply(stage)).code, "not_found");
  });
}

}  // namespace
}  // namespace truce::node
