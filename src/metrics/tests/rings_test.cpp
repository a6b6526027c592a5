#include "rings.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <fstream>
#include <random>

#include "base/random.h"

namespace truce::metrics {
namespace {

using std::chrono::seconds;

const Kind kind{.name = "vms", .quantities = {"n", "k", "none", "zero"}, .most_objects = 1000};
const Time noon(seconds(1'700'000'000));

// What the rings are to show, kept in the simplest way.
class Model {
 public:
  void add(Time time, const std::vector<Sample>& samples) {
    for (std::size_t level = 0; level < level_shapes.size(); ++level) {
      auto number = number_of(time, level);
      auto& slot = slots_[{level, number % level_shapes[level].slots}];
      if (slot.number != number) slot = {number, {}};
      for (const auto& sample : samples) {
        auto& cells = slot.objects[sample.object];
        cells.resize(kind.quantities.size());
        for (std::size_t i = 0; i < cells.size(); ++i) {
          auto value = sample.values[i];
          if (!std::isnan(value)) cells[i].add({value, value, 1});
        }
      }
      std::erase_if(slots_, [&](const auto& kept) {
        return kept.first.first == level &&
               kept.second.number <= number - level_shapes[level].slots;
      });
    }
  }
  void keep_only(const std::set<std::string>& objects) {
    for (auto& [at, slot] : slots_)
      std::erase_if(slot.objects, [&](const auto& had) { return !objects.contains(had.first); });
  }
  void check(Rings& rings, const std::string& object, Level level, Time now) const {
    auto series = rings.series(object, level, now);
    auto at = static_cast<std::size_t>(level);
    auto slots = shape_of(level).slots;
    auto first = number_of(now, at) - slots + 1;
    ASSERT_EQ(series.lines.size(), kind.quantities.size());
    ASSERT_EQ(series.step, shape_of(level).step);
    ASSERT_EQ(series.start, Time(first * series.step));
    for (std::size_t line = 0; line < series.lines.size(); ++line) {
      const auto& told = series.lines[line];
      ASSERT_EQ(told.average.size(), static_cast<std::size_t>(slots));
      for (int i = 0; i < slots; ++i) {
        auto cell = find(object, at, first + i, line);
        expect(told.average[static_cast<std::size_t>(i)], cell.count > 0 ? cell.mean : -1);
        expect(told.maximum[static_cast<std::size_t>(i)], cell.count > 0 ? cell.most : -1);
      }
    }
  }

 private:
  struct Kept {
    std::int64_t number = -1;
    std::map<std::string, std::vector<Cell>> objects;
  };

  static std::int64_t number_of(Time time, std::size_t level) {
    return std::chrono::floor<seconds>(time.time_since_epoch()) / level_shapes[level].step;
  }
  [[nodiscard]] Cell find(const std::string& object, std::size_t level, std::int64_t number,
                          std::size_t line) const {
    auto slot = slots_.find({level, number % level_shapes[level].slots});
    if (slot == slots_.end() || slot->second.number != number) return {};
    auto found = slot->second.objects.find(object);
    return found == slot->second.objects.end() ? Cell() : found->second[line];
  }
  static void expect(float told, float right) { ASSERT_NEAR(told, right, std::abs(right) * 1e-5); }

  std::map<std::pair<std::size_t, std::int64_t>, Kept> slots_;  ///< by level and place in its ring
};

class rings : public ::testing::Test {
 protected:
  rings() { std::filesystem::create_directories(folder); }
  ~rings() override { std::filesystem::remove_all(folder); }

  std::unique_ptr<Rings> open(const Kind& of = kind) {
    auto opened = Rings::open(file, of);
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    return std::move(opened).value();
  }
  static Sample sample(std::string object, float n, float k = 0) {
    return {std::move(object), {n, k, unknown, 0}};
  }

  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("truce-rings-" + random_hex(8));
  std::filesystem::path file = folder / "vms.db";
};

TEST_F(rings, show_what_was_added_as_average_and_maximum_of_each_level) {
  auto kept = open();
  auto start = Time(seconds(1'700'000'040));  // a multiple of two minutes
  ASSERT_TRUE(kept->add(start, {sample("a", 10)}));
  ASSERT_TRUE(kept->add(start + 10s, {sample("a", 30), sample("b", 7)}));
  auto hour = kept->series("a", Level::hour, start + 15s);
  ASSERT_EQ(hour.lines[0].average.size(), 360U);
  EXPECT_EQ(hour.lines[0].average[359], 30);
  EXPECT_EQ(hour.lines[0].average[358], 10);
  EXPECT_EQ(hour.lines[0].average[357], -1);
  EXPECT_EQ(hour.lines[2].average[359], -1) << "not known";
  EXPECT_EQ(hour.lines[3].average[359], 0) << "known to be nothing";
  auto day = kept->series("a", Level::day, start + 15s);
  EXPECT_EQ(day.lines[0].average[719], 20);
  EXPECT_EQ(day.lines[0].maximum[719], 30);
  EXPECT_EQ(kept->series("b", Level::year, start).lines[0].average[731], 7);
  EXPECT_EQ(kept->series("c", Level::year, start).lines[0].average[731], -1);
}

TEST_F(rings, wrap_and_forget_what_is_older) {
  auto kept = open();
  for (int i = 0; i < 800; ++i)
    ASSERT_TRUE(kept->add(noon + seconds(10 * i), {sample("a", static_cast<float>(i))}));
  auto now = noon + seconds(7990);
  auto hour = kept->series("a", Level::hour, now);
  EXPECT_EQ(hour.lines[0].average.front(), 440);
  EXPECT_EQ(hour.lines[0].average.back(), 799);
  EXPECT_EQ(kept->series("a", Level::hour, now + 2h).lines[0].average.front(), -1);
  EXPECT_EQ(kept->series("a", Level::hour, now + seconds(3600)).lines[0].average.back(), -1)
      << "what lies in the ring is of an earlier lap";
}

// Any order of rounds, restarts, jumps of the clock and objects that come and go.
TEST_F(rings, agree_with_a_plain_model_whatever_happens) {
  auto seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  auto chance = [&](int one_in) { return std::uniform_int_distribution(1, one_in)(random) == 1; };
  auto kept = open();
  Model model;
  std::vector<std::string> objects;
  for (int i = 0; i < 300; ++i) objects.push_back(fmt::format("object-{}", i));
  auto time = noon;
  int restarts = 0;
  for (int round = 0; round < 600 && !HasFatalFailure(); ++round) {
    std::vector<Sample> samples;
    for (std::size_t i = 0; i < objects.size(); i += chance(3) ? 1 : 17) {
      samples.push_back({objects[i],
                         {std::uniform_real_distribution<float>(0, 1e9F)(random),
                          std::uniform_real_distribution<float>(0, 100)(random), unknown, 0}});
    }
    model.add(time, samples);
    ASSERT_TRUE(kept->add(time, samples));
    time += chance(40)   ? seconds(std::uniform_int_distribution(0, 100'000)(random))
            : chance(40) ? -seconds(std::uniform_int_distribution(0, 1000)(random))
                         : seconds(10);
    if (restarts < 6 && chance(80)) {
      kept.reset();
      kept = open();
      ++restarts;
    }
    if (chance(60)) {
      std::set<std::string> left;
      for (const auto& object : objects) {
        if (!chance(5)) left.insert(object);
      }
      model.keep_only(left);
      ASSERT_TRUE(kept->keep_only(left));
      ASSERT_LE(kept->objects(), left.size());
    }
    if (!chance(10)) continue;
    const auto& object = objects[random() % objects.size()];
    for (auto level : {Level::hour, Level::day, Level::week, Level::month, Level::year})
      model.check(*kept, object, level, time);
  }
}

TEST_F(rings, never_grow_beyond_what_is_stated) {
  auto kept = open();
  constexpr std::size_t many = 100;
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < many; ++i) samples.push_back(sample(std::to_string(i), 1));
  auto most = Rings::largest_file(many, kind.quantities.size());
  for (int i = 0; i < 1500; ++i) {
    ASSERT_TRUE(kept->add(noon + seconds(i * 4321), samples));
    if (i % 100 == 0) ASSERT_LE(std::filesystem::file_size(file), most);
  }
  ASSERT_LE(std::filesystem::file_size(file), most);
}

TEST_F(rings, keep_no_more_objects_than_are_allowed_and_take_new_ones_when_others_go) {
  auto few = kind;
  few.most_objects = 2;
  auto kept = open(few);
  auto added = kept->add(noon, {sample("a", 1), sample("b", 2), sample("c", 3)});
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, Code::limit);
  EXPECT_EQ(kept->series("b", Level::hour, noon).lines[0].average.back(), 2);
  EXPECT_EQ(kept->series("c", Level::hour, noon).lines[0].average.back(), -1);
  ASSERT_TRUE(kept->keep_only({"b"}));
  ASSERT_TRUE(kept->add(noon + 1s, {sample("c", 4)}));
  EXPECT_EQ(kept->series("c", Level::day, noon).lines[0].average.back(), 4)
      << "nothing of whoever had the place before";
  EXPECT_EQ(kept->series("a", Level::hour, noon).lines[0].average.back(), -1);
}

TEST_F(rings, of_another_version_or_damaged_at_their_head_are_put_aside) {
  std::ofstream(file) << std::string(8192, 'x');
  auto kept = open();
  EXPECT_TRUE(std::filesystem::exists(file.string() + ".aside"));
  ASSERT_TRUE(kept->add(noon, {sample("a", 1)}));
  kept.reset();
  kept = open();
  EXPECT_EQ(kept->series("a", Level::hour, noon).lines[0].average.back(), 1);
  auto other = kind;
  other.quantities = {"others", "than", "before", "x"};
  kept.reset();
  kept = open(other);
  EXPECT_EQ(kept->objects(), 0U);
}

TEST_F(rings, that_are_damaged_are_put_aside_once_that_is_seen) {
  auto kept = open();
  std::vector<Sample> samples;
  for (int i = 0; i < 200; ++i) samples.push_back(sample(std::to_string(i), 5, 6));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(kept->add(noon + seconds(i * 10), samples));
  kept.reset();
  auto size = std::filesystem::file_size(file);
  std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(4096);
  for (std::uint64_t i = 4096; i < size; ++i) bytes.put('x');
  bytes.close();
  kept.reset();
  kept = open();
  auto added = kept->add(noon + 1000s, samples);
  if (!added) {
    EXPECT_EQ(added.error().code, Code::corrupt);
  }
  EXPECT_TRUE(std::filesystem::exists(file.string() + ".aside"));
  ASSERT_TRUE(kept->add(noon + 1010s, samples));
  EXPECT_EQ(kept->series("7", Level::hour, noon + 1010s).lines[0].average.back(), 5);
}

TEST_F(rings, lose_nothing_by_a_kill_at_any_moment) {
  constexpr int objects = 150;
  std::mt19937 random(std::random_device{}());
  for (int attempt = 0; attempt < 10; ++attempt) {
    std::filesystem::remove(file);
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    auto child = ::fork();
    if (child == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::close(ends[0]);
      ::execl(METRICS_RECORDER, METRICS_RECORDER, file.c_str(), "150", nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    ::usleep(200'000 + static_cast<useconds_t>(random() % 150'000));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    std::string told;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
      told.append(buffer, static_cast<std::size_t>(got));
    ::close(ends[0]);
    if (told.size() < 2) continue;  // it had not begun
    auto last = std::stoi(told.substr(told.rfind('\n', told.size() - 2) + 1));
    auto kept = open();
    auto now = noon + seconds(10 * last);
    for (int k = 0; k < objects; k += 7) {
      auto series = kept->series(fmt::format("object-{}", k), Level::hour, now);
      // It may have been at the next round, which takes the place of the oldest.
      for (int i = 0; i < std::min(last, 359); ++i) {
        auto at = static_cast<std::size_t>(359 - i);
        ASSERT_EQ(series.lines[0].average[at], last - i);
        ASSERT_EQ(series.lines[1].average[at], k);
      }
    }
  }
}

TEST_F(rings, go_on_when_there_is_room_again) {
  auto kept = open();
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit little{8192, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
  auto added = kept->add(noon, {sample("a", 1)});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_FALSE(added);
  ASSERT_TRUE(kept->add(noon + 1s, {sample("a", 3)}));
  kept.reset();
  kept = open();
  EXPECT_EQ(kept->series("a", Level::hour, noon).lines[0].average.back(), 3);
}

}  // namespace
}  // namespace truce::metrics
