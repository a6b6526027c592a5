#include "moves/wire.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/asio/local/connect_pair.hpp>

#include "base/random.h"
#include "moves/streams.h"

namespace truce::node {
namespace {

namespace fs = std::filesystem;

struct Ends {
  explicit Ends(asio::any_io_executor loop)
      : folder(fs::temp_directory_path() / ("truce-wire-" + random_hex(6))), a(loop), b(loop) {
    EXPECT_TRUE(make_folder(folder));
    asio::local::connect_pair(a, b);
  }
  ~Ends() { EXPECT_TRUE(remove_tree(folder)); }
  fs::path folder;
  UnixSocket a, b;
  asio::thread_pool files{2};
};

template <class Work>
void between(Work work) {
  asio::io_context context;
  auto run = [](asio::any_io_executor loop, Work inner) -> Async<void> {
    Ends ends(loop);
    co_await inner(ends);
  };
  asio::co_spawn(context, run(context.get_executor(), std::move(work)), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  context.run();
}

Async<Result<void>> take(Wire& wire, fs::path to) {
  CO_TRY(auto header, co_await wire.hear(Word::Kind::file));
  co_return co_await wire.take_file(std::move(header), std::move(to));
}

TEST(Wire, a_file_with_holes_arrives_as_it_is) {
  between([](Ends& ends) -> Async<void> {
    auto from = ends.folder / "from", to = ends.folder / "to";
    {
      auto file = open_file(from, O_RDWR | O_CREAT);
      EXPECT_EQ(::ftruncate(file->get(), 512 << 20), 0);
      EXPECT_EQ(::pwrite(file->get(), "here", 4, 3), 4);
      std::string much(3 << 20, 'x');
      EXPECT_EQ(::pwrite(file->get(), much.data(), much.size(), 300 << 20), 3 << 20);
    }
    Wire sender(std::move(ends.a), ends.files), receiver(std::move(ends.b), ends.files);
    Bytes sent;
    auto [put, taken] =
        co_await (sender.send_file(from, {.name = "disk0", .disk = true}, [&](Bytes n) {
          sent = sent + n;
        }) && take(receiver, to));
    EXPECT_TRUE(put) << put.error().message;
    EXPECT_TRUE(taken) << taken.error().message;
    EXPECT_LT(sent.count, 4U << 20);
    struct stat status{};
    EXPECT_EQ(::stat(to.c_str(), &status), 0);
    EXPECT_EQ(status.st_size, 512 << 20);
    EXPECT_LT(status.st_blocks * 512, 8 << 20);
    auto file = open_file(to, O_RDONLY);
    std::string piece(4, '\0');
    EXPECT_EQ(::pread(file->get(), piece.data(), 4, 3), 4);
    EXPECT_EQ(piece, "here");
    EXPECT_EQ(::pread(file->get(), piece.data(), 4, (303 << 20) - 4), 4);
    EXPECT_EQ(piece, "xxxx");
  });
}

TEST(Wire, what_is_not_whole_leaves_nothing) {
  between([](Ends& ends) -> Async<void> {
    auto send = [](UnixSocket& socket) -> Async<Result<void>> {
      CO_TRY_VOID(co_await write_frame(
          socket, to_text({.kind = Word::Kind::file, .name = "seed.iso", .size = 4})));
      CO_TRY_VOID(co_await write_frame(socket, to_text({.kind = Word::Kind::piece, .at = 0})));
      CO_TRY_VOID(co_await write_frame(socket, "seed"));
      co_return co_await write_frame(
          socket, to_text({.kind = Word::Kind::file_end, .sha256 = "of something else"}));
    };
    Wire receiver(std::move(ends.b), ends.files);
    auto [put, taken] = co_await (send(ends.a) && take(receiver, ends.folder / "seed.iso"));
    EXPECT_TRUE(put);
    EXPECT_EQ(taken.error().code, Code::corrupt);
    auto more = [](UnixSocket& socket) -> Async<Result<void>> {
      CO_TRY_VOID(co_await write_frame(
          socket, to_text({.kind = Word::Kind::file, .name = "seed.iso", .size = 4})));
      CO_TRY_VOID(co_await write_frame(socket, to_text({.kind = Word::Kind::piece, .at = 3})));
      co_return co_await write_frame(socket, "seed");
    };
    auto [put_more, refused] = co_await (more(ends.a) && take(receiver, ends.folder / "seed.iso"));
    EXPECT_TRUE(put_more);
    EXPECT_EQ(refused.error().code, Code::invalid);
    EXPECT_TRUE(fs::is_empty(ends.folder));
  });
}

TEST(Wire, the_rest_of_a_file_is_added_to_what_came_before) {
  between([](Ends& ends) -> Async<void> {
    auto from = ends.folder / "from", to = ends.folder / "serial.log";
    EXPECT_TRUE(write_file_durably(from, "one two"));
    EXPECT_TRUE(write_file_durably(to, "one"));
    Wire sender(std::move(ends.a), ends.files), receiver(std::move(ends.b), ends.files);
    auto [put, taken] = co_await (
        sender.send_file(from, {.name = "serial.log"}, [](Bytes) {}, {}, 3) && take(receiver, to));
    EXPECT_TRUE(put && taken);
    EXPECT_EQ(read_file(to).value_or(""), "one two");
  });
}

TEST(Wire, a_refusal_is_the_error_that_it_tells) {
  between([](Ends& ends) -> Async<void> {
    Wire sender(std::move(ends.a), ends.files), receiver(std::move(ends.b), ends.files);
    EXPECT_TRUE(
        co_await receiver.say({.kind = Word::Kind::refused, .code = "limit", .error = "full"}));
    auto heard = co_await sender.hear(Word::Kind::landing);
    EXPECT_EQ(heard.error().code, Code::limit);
    EXPECT_EQ(heard.error().message, "full");
    receiver.close();
    EXPECT_EQ((co_await sender.hear(Word::Kind::landing)).error().code, Code::unavailable);
  });
}

TEST(Streams, carry_bytes_and_half_closes_both_ways) {
  between([](Ends& ends) -> Async<void> {
    auto loop = co_await asio::this_coro::executor;
    UnixSocket c(loop), d(loop);
    asio::local::connect_pair(c, d);
    asio::thread_pool threads(1);
    Streams streams(threads);
    streams.carry(std::move(ends.b), std::move(c));
    EXPECT_TRUE(co_await write_frame(ends.a, "there"));
    EXPECT_EQ((co_await read_frame(d, kib(1))).value_or(""), "there");
    ends.a.shutdown(UnixSocket::shutdown_send);
    EXPECT_FALSE(co_await read_frame(d, kib(1)));
    EXPECT_TRUE(co_await write_frame(d, "and back"));
    EXPECT_EQ((co_await read_frame(ends.a, kib(1))).value_or(""), "and back");
    streams.end();
    EXPECT_FALSE(co_await read_frame(ends.a, kib(1)));
  });
}

TEST(Streams,
     what_the_other_side_does_not_take_is_swallowed_where_that_was_wished_and_others_break) {
  between([](Ends& ends) -> Async<void> {
    auto loop = co_await asio::this_coro::executor;
    auto pair = [&] {
      auto made = std::make_pair(UnixSocket(loop), UnixSocket(loop));
      asio::local::connect_pair(made.first, made.second);
      return made;
    };
    auto [far, far_end] = pair();
    auto [further, further_end] = pair();
    auto [unreached, unreached_end] = pair();
    auto [lost, lost_end] = pair();
    asio::thread_pool threads(1);
    Streams streams(threads);
    streams.carry(std::move(ends.b), std::move(far));
    streams.carry(std::move(further), std::move(lost), Streams::Loss::swallowed);
    EXPECT_TRUE(co_await write_frame(further_end, "there"));
    EXPECT_EQ((co_await read_frame(lost_end, kib(1))).value_or(""), "there");
    lost_end.close();
    for (int i = 0; i < 64; ++i) {
      EXPECT_TRUE(co_await write_frame(further_end, std::string(256 << 10, 'x')));
    }
    EXPECT_FALSE(co_await read_frame(ends.a, kib(1)));
    EXPECT_FALSE(co_await read_frame(far_end, kib(1)));
    streams.swallow(std::move(unreached));
    for (int i = 0; i < 64; ++i) {
      EXPECT_TRUE(co_await write_frame(unreached_end, std::string(256 << 10, 'x')));
    }
    streams.end();
    EXPECT_FALSE(co_await write_frame(unreached_end, std::string(1 << 20, 'x')));
  });
}

}  // namespace
}  // namespace truce::node
