// Disks that are given out over NBD.
#include "pools/disk_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <thread>

#include "image/formats.h"
#include "image/nbd_file.h"

namespace truce::node {
namespace {

constexpr std::size_t disk_size = 1 << 20;

/// Runs a test on a loop, with a server whose disk is in memory.
template <class Work>
void with_disk(Work work) {
  asio::io_context loop;
  DiskServer server;
  auto memory = std::make_shared<image::MemoryFile>("disk");
  ASSERT_TRUE(memory->resize(disk_size));
  auto disk = image::open(memory, {.read_write = true}, "raw");
  ASSERT_TRUE(disk);
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  work(loop, server, *memory, std::shared_ptr<image::Image>(std::move(*disk)), Fd(ends[0]),
       Fd(ends[1]));
}

TEST(DiskServer, a_disk_is_written_by_who_has_the_other_end_and_is_back_when_that_is_closed) {
  with_disk([](asio::io_context& loop, DiskServer& server, image::MemoryFile& memory,
               std::shared_ptr<image::Image> disk, Fd ours, Fd theirs) {
    Loans loans;
    loans.add(disk);
    std::jthread client([&theirs] {
      auto file = image::NbdFile::adopt(std::move(theirs), "",
                                        {.access = image::NbdFileOptions::Access::read_write});
      ASSERT_TRUE(file) << file.error().message;
      EXPECT_EQ((*file)->size(), disk_size);
      std::vector<std::byte> content(4096, std::byte{3});
      EXPECT_TRUE((*file)->write(8192, content));
      EXPECT_TRUE((*file)->flush());
    });
    auto turn = server.take_turn();
    ASSERT_TRUE(turn);
    asio::co_spawn(
        loop,
        server.serve(std::move(*turn), std::move(disk), storage::Access::write, std::move(ours)),
        [](const std::exception_ptr&) {});
    bool back = false;
    asio::co_spawn(
        loop,
        [](Loans& all, bool& done) -> Async<void> {
          co_await all.back();
          done = true;
        }(loans, back),
        [](const std::exception_ptr&) {});
    loop.run();
    client.join();
    EXPECT_TRUE(back);
    EXPECT_EQ(memory.content()[8192], std::byte{3});
  });
}

TEST(DiskServer, it_ends_when_it_is_cancelled) {
  with_disk([](asio::io_context& loop, DiskServer& server, image::MemoryFile&,
               std::shared_ptr<image::Image> disk, Fd ours, Fd theirs) {
    Scope scope(loop.get_executor());
    std::weak_ptr<image::Image> seen = disk;
    scope.spawn(
        server.serve(*server.take_turn(), std::move(disk), storage::Access::read, std::move(ours)));
    asio::co_spawn(
        loop,
        [](Scope& all) -> Async<void> {
          all.cancel();
          co_await all.join();
        }(scope),
        [](const std::exception_ptr&) {});
    loop.run();
    EXPECT_TRUE(seen.expired());
    EXPECT_TRUE(theirs);
  });
}

TEST(DiskServer, so_many_are_given_out_and_no_more) {
  DiskServer server;
  std::vector<DiskServer::Turn> turns;
  while (auto turn = server.take_turn()) {
    turns.push_back(std::move(*turn));
    ASSERT_LT(turns.size(), 100U);
  }
  EXPECT_EQ(server.take_turn().error().code, Code::limit);
  turns.pop_back();
  EXPECT_TRUE(server.take_turn());
}

}  // namespace
}  // namespace truce::node
