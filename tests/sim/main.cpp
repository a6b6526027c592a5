// availability_sim check WHAT [SEEDS]     a test: WHAT is sound, freezes, restart, or a broken
// variant availability_sim table [SEEDS]          all of them, as a table availability_sim trace
// WHAT SEED        what happened in one run
//
// Every run is made again by its seed, which a failure names. WHAT "sound" must never have two
// hosts that write to one disk; "freezes" must not with a storage that knows epochs, and without
// one no longer than it takes to kill; a broken variant must be found out.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <span>

#include "availability/timing.h"
#include "run.h"

namespace truce::sim {
namespace {

struct Subject {
  std::string_view name, meaning;
  Setting setting;
};

std::vector<Subject> subjects() {
  std::vector<Subject> all;
  for (const auto& row : variants) {
    all.push_back({row.name, row.meaning, {.variant = row.variant}});
    if (row.variant == Variant::sound)
      all.push_back(
          {"freezes", "every rule is kept; whole hosts freeze and thaw", {.freezes = true}});
  }
  return all;
}

// What a run must not show; empty: it is well.
std::string wrong(const Findings& found, const Setting& setting) {
  const availability::Timing timing;
  if (!found.faults.empty()) return fmt::format("{}", fmt::join(found.faults, "; "));
  if (found.guarded_overlap > Moment(0))
    return fmt::format("two hosts wrote to one disk for {} us, whatever their epochs",
                       found.guarded_overlap.count());
  if (setting.freezes) {
    if (found.overlap <= timing.kill + timing.drain) return {};
    return fmt::format("a thawed host wrote for {} us", found.overlap.count());
  }
  if (found.overlap > Moment(0))
    return fmt::format("two hosts wrote to one disk for {} us", found.overlap.count());
  if (found.old_starts > 0) return "a machine was started with an old epoch";
  return {};
}

struct Count {
  std::size_t runs = 0, overlaps = 0, guarded = 0, faults = 0, starts = 0, fences = 0, moves = 0;
  Moment worst{0};
  std::optional<std::uint64_t> first;  ///< seed with an overlap

  void add(std::uint64_t seed, const Findings& found) {
    ++runs;
    starts += found.starts;
    fences += found.fences;
    moves += found.moves;
    faults += found.faults.empty() ? 0 : 1;
    guarded += found.guarded_overlap > Moment(0) ? 1 : 0;
    worst = std::max(worst, found.overlap);
    if (found.overlap == Moment(0)) return;
    ++overlaps;
    if (!first) first = seed;
  }
};

void show_trace(std::uint64_t seed, Setting setting) {
  setting.traced = true;
  for (const auto& line : run(seed, setting).trace) fmt::print("{}\n", line);
}

// The seeds of a check.
struct Seeds {
  std::uint64_t first, count;
  [[nodiscard]] std::uint64_t end() const { return first + count; }
};

bool check_sound(const Subject& subject, Seeds seeds) {
  Count count;
  for (auto seed = seeds.first; seed < seeds.end(); ++seed) {
    auto found = run(seed, subject.setting);
    count.add(seed, found);
    auto why = wrong(found, subject.setting);
    if (why.empty()) continue;
    show_trace(seed, subject.setting);
    fmt::print("FAILED {} seed {}: {}\n", subject.name, seed, why);
    return false;
  }
  fmt::print("{}: {} runs, {} starts, {} fences, {} moves: never two copies{}\n", subject.name,
             count.runs, count.starts, count.fences, count.moves,
             subject.setting.freezes ? " with epochs" : "");
  return true;
}

bool check_broken(const Subject& subject, Seeds seeds) {
  for (auto seed = seeds.first; seed < seeds.end(); ++seed) {
    auto found = run(seed, subject.setting);
    if (found.overlap == Moment(0)) continue;
    fmt::print("{}: seed {} has two copies for {} us\n", subject.name, seed, found.overlap.count());
    return true;
  }
  fmt::print("FAILED {}: {} runs without two copies: the simulation does not see that {}\n",
             subject.name, seeds.count, subject.meaning);
  return false;
}

bool check_restart(Seeds seeds) {
  std::vector<Moment> times;
  for (auto seed = seeds.first; seed < seeds.end(); ++seed)
    for (auto time : restart_times(seed)) times.push_back(time);
  if (times.empty()) return false;
  std::ranges::sort(times);
  auto part = [&](double quantile) {
    auto at = static_cast<std::size_t>(static_cast<double>(times.size() - 1) * quantile);
    return static_cast<double>(times[at].count()) / 1e6;
  };
  fmt::print(
      "restart: {} machines ran again after min {:.1f} s, median {:.1f} s, 95 % {:.1f} s, 99 % "
      "{:.1f} s, max {:.1f} s from the death of their host\n",
      times.size(), part(0), part(0.5), part(0.95), part(0.99), part(1));
  const availability::Timing timing;
  // A slow clock's count, a few looks, what was sent just before the death, and the start itself.
  auto limit = std::chrono::duration<double>(timing.dead).count() / (1 - timing.rate_error) + 2;
  if (part(1) <= limit) return true;
  fmt::print("FAILED restart: that is more than {:.1f} s\n", limit);
  return false;
}

int table(std::uint64_t seeds, std::string_view only) {
  fmt::print(
      "| {:<17} | runs | with two copies | worst | with epochs | other faults | first seed |\n",
      "variant");
  fmt::print("|---|---|---|---|---|---|---|\n");
  for (const auto& subject : subjects()) {
    if (!only.empty() && only != subject.name) continue;
    Count count;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) count.add(seed, run(seed, subject.setting));
    fmt::print("| {:<17} | {} | {} | {:.1f} s | {} | {} | {} |\n", subject.name, count.runs,
               count.overlaps, static_cast<double>(count.worst.count()) / 1e6, count.guarded,
               count.faults, count.first ? std::to_string(*count.first) : "-");
    std::fflush(stdout);
  }
  return only.empty() && !check_restart({0, seeds / 10}) ? 1 : 0;
}

bool check(std::string_view what, Seeds seeds) {
  if (what == "restart") return check_restart(seeds);
  for (const auto& subject : subjects()) {
    if (subject.name != what) continue;
    return subject.setting.variant == Variant::sound ? check_sound(subject, seeds)
                                                     : check_broken(subject, seeds);
  }
  fmt::print("there is no '{}'\n", what);
  return false;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  auto end = text.data() + text.size();
  auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end) return {};
  return value;
}

int main(std::span<char*> arguments) {
  auto word = [&](std::size_t at) {
    return at < arguments.size() ? std::string_view(arguments[at]) : std::string_view();
  };
  auto default_seeds = std::getenv("TRUCE_LONG_TESTS") ? 20'000U : 200U;
  if (word(2) == "restart") default_seeds /= 4;  // they differ little
  if (word(1) == "check" && !word(2).empty())
    return check(word(2), {number(word(4)).value_or(0), number(word(3)).value_or(default_seeds)})
               ? 0
               : 1;
  if (word(1) == "table") return table(number(word(2)).value_or(default_seeds), word(3));
  if (word(1) == "trace" && number(word(3))) {
    for (const auto& subject : subjects())
      if (subject.name == word(2)) show_trace(*number(word(3)), subject.setting);
    return 0;
  }
  fmt::print(
      "availability_sim check WHAT [SEEDS [FIRST]] | table [SEEDS [WHAT]] | trace WHAT SEED\n"
      "WHAT: restart");
  for (const auto& subject : subjects()) fmt::print("\n  {}: {}", subject.name, subject.meaning);
  fmt::print("\n");
  return 2;
}

}  // namespace
}  // namespace truce::sim

int main(int argc, char** argv) {
  return truce::sim::main({argv, static_cast<std::size_t>(argc)});
}
