#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <sstream>

#include "base/process.h"
#include "in_loop.h"
#include "store/sqlite.h"
#include "temporary_folder.h"

namespace truce::store {

namespace {

constexpr int workers = 6;

/// A committer that runs, and what it has printed.
class Committer {
 public:
  explicit Committer(const std::filesystem::path& file) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    out_ = Fd(ends[0]);
    Fd in(ends[1]);
    Command command;
    command.argv = {STORE_COMMITTER, file.string(), std::to_string(workers)};
    command.descriptors = {{in.get(), 1}, {2, 2}};
    auto process = Process::start(command);
    if (!process) throw std::runtime_error(process.error().message);
    process_.emplace(*std::move(process));
  }
  ~Committer() {
    if (process_) kill();
  }
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  [[nodiscard]] pid_t pid() const { return process_->pid(); }

  /// False when the program has ended.
  bool read_lines(int count) {
    while (std::ranges::count(text_, '\n') < count) {
      if (!read_some()) return false;
    }
    return true;
  }

  /// Kills it at once; answers everything that it printed.
  std::string kill() {
    EXPECT_TRUE(process_->signal(SIGKILL));
    asio::io_context loop;
    EXPECT_TRUE(in_loop(loop, process_->wait()));
    process_.reset();
    while (read_some()) continue;
    return text_;
  }

 private:
  bool read_some() {
    char bytes[4096];
    auto got = ::read(out_.get(), bytes, sizeof bytes);
    if (got > 0) text_.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  }

  std::optional<Process> process_;
  Fd out_;
  std::string text_;
};

struct Answer {
  int number = 0;
  Revision revision = 0;
};

std::map<int, Answer> last_answers(const std::string& text) {
  std::map<int, Answer> last;
  std::istringstream lines(text);
  int worker = 0;
  for (Answer answer; lines >> worker >> answer.number >> answer.revision;) last[worker] = answer;
  return last;
}

void verify(Store& store, const std::map<int, Answer>& answers) {
  asio::io_context loop;
  auto read = [&](const std::string& key) {
    return in_loop(loop, store.get(key)).value().value_or(Entry{.key = key, .value = "0"});
  };
  auto newest = in_loop(loop, store.list("")).value().revision;
  for (const auto& [worker, answer] : answers) {
    auto a = read(fmt::format("/{}/a", worker));
    auto b = read(fmt::format("/{}/b", worker));
    EXPECT_EQ(a.value, b.value) << "half of a commit of worker " << worker;
    EXPECT_EQ(a.modified, b.modified);
    EXPECT_LE(answer.revision, newest);
    // At most the one commit that was under way may have been done without its answer.
    auto number = std::stoi(a.value);
    EXPECT_GE(number, answer.number) << "an answered commit of worker " << worker << " is lost";
    EXPECT_LE(number, answer.number + 1);
    if (number == answer.number) EXPECT_EQ(a.modified, answer.revision);
  }
}

}  // namespace

TEST(SqliteStore, loses_no_answered_commit_when_it_is_killed_at_any_moment) {
  TemporaryFolder folder;
  auto file = folder.path() / "store.db";
  auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  auto rounds = std::getenv("TRUCE_LONG_TESTS") ? 500 : 20;
  for (int round = 0; round < rounds; ++round) {
    Committer committer(file);
    ASSERT_TRUE(committer.read_lines(std::uniform_int_distribution(1, 300)(random)));
    ::usleep(std::uniform_int_distribution<useconds_t>(0, 5'000)(random));
    auto answers = last_answers(committer.kill());
    ASSERT_FALSE(answers.empty());
    asio::io_context loop;
    auto store = SqliteStore::open(loop.get_executor(), file);
    ASSERT_TRUE(store) << store.error().message;
    verify(**store, answers);
    if (HasFailure()) return;
  }
}

TEST(SqliteStore, refuses_a_file_that_another_process_has_open_and_names_both) {
  TemporaryFolder folder;
  auto file = folder.path() / "store.db";
  Committer committer(file);
  ASSERT_TRUE(committer.read_lines(1));
  asio::io_context loop;
  auto refused = SqliteStore::open(loop.get_executor(), file);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_NE(refused.error().message.find(file.string()), std::string::npos);
  EXPECT_NE(refused.error().message.find(fmt::format("process {}:", committer.pid())),
            std::string::npos)
      << refused.error().message;
  committer.kill();
  auto opened = SqliteStore::open(loop.get_executor(), file);
  EXPECT_TRUE(opened) << opened.error().message;
}

}  // namespace truce::store
