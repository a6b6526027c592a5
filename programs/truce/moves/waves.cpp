#include "waves.h"

#include <algorithm>

#include "base/bytes.h"
#include "progress.h"

namespace truce::cli {
namespace {

constexpr std::size_t most_moves = 10'000;

/// As a shell would have them, but that nothing has a meaning inside of quotes.
Result<std::vector<std::string>> words_of(std::string_view line) {
  std::vector<std::string> words;
  bool inside = false;  // of a word
  char quote = 0;
  for (char c : line) {
    bool space = c == ' ' || c == '\t' || c == '\r';
    if (quote == 0 && !inside && c == '#') break;
    if (quote == 0 && space) {
      inside = false;
      continue;
    }
    if (!std::exchange(inside, true)) words.emplace_back();
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) return fail(Code::invalid, "a quote {} has no end", quote);
  return words;
}

Result<Invocation> called(std::string verb, const std::vector<std::string>& rest) {
  std::vector<std::string> words{"vm", std::move(verb)};
  words.insert(words.end(), rest.begin(), rest.end());
  TRY(auto read, read_words(words));
  auto* invocation = std::get_if<Invocation>(&read);
  if (invocation == nullptr) return fail(Code::invalid, "it asks for help only");
  return std::move(*invocation);
}

Result<PlannedMove> read_move(const std::vector<std::string>& words) {
  PlannedMove planned;
  TRY(planned.move, called("move", words));
  TRY(planned.report, called("move-report", words));
  planned.machine = planned.move.value("name");
  planned.to = planned.move.value("to");
  return planned;
}

}  // namespace

Result<std::vector<PlannedMove>> read_waves(std::string_view text) {
  std::vector<PlannedMove> moves;
  std::size_t number = 0, wave = 1;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    ++number;
    auto told = [number](Error error) {
      error.code = Code::invalid;
      return std::unexpected(std::move(error).within(fmt::format("line {}", number)));
    };
    auto words = words_of(line);
    if (!words) return told(std::move(words).error());
    if (words->empty()) continue;
    if (words->size() == 1 && words->front() == "wave") {
      if (!moves.empty() && moves.back().wave == wave) ++wave;
      continue;
    }
    auto planned = read_move(*words);
    if (!planned) return told(std::move(planned).error());
    auto same = std::ranges::find(moves, planned->machine, &PlannedMove::machine);
    if (same != moves.end())
      return told({Code::invalid,
                   fmt::format("'{}' is in line {}, too", planned->machine, same->line),
                   {}});
    if (moves.size() == most_moves)
      return told({Code::invalid, fmt::format("more than {} moves", most_moves), {}});
    planned->line = number;
    planned->wave = wave;
    moves.push_back(*std::move(planned));
  }
  if (moves.empty()) return fail(Code::invalid, "it has no moves");
  return moves;
}

std::string shown_standing(const std::vector<MoveStanding>& moves, Duration elapsed) {
  using model::TaskState;
  std::size_t came = 0, failed = 0, under_way = 0;
  double all = 0, done = 0;
  for (const auto& move : moves) {
    bool over = move.state == TaskState::failed || move.state == TaskState::cancelled;
    came += move.state == TaskState::succeeded ? 1 : 0;
    failed += over ? 1 : 0;
    under_way += move.state == TaskState::running ? 1 : 0;
    if (over) continue;  // nothing of it comes any more
    all += static_cast<double>(move.bytes);
    auto part = move.state == TaskState::succeeded ? 1 : std::clamp(move.progress, 0.0, 1.0);
    done += part * static_cast<double>(move.bytes);
  }
  auto text = fmt::format("{} machines: {} came", moves.size(), came);
  if (failed > 0) text += fmt::format(", {} failed", failed);
  if (under_way > 0) text += fmt::format(", {} move", under_way);
  if (all <= 0) return text;
  auto part = done / all;
  text +=
      fmt::format("; {:.0f}% of {}", 100 * part, to_string(Bytes{static_cast<std::uint64_t>(all)}));
  constexpr double enough = 0.01;  // to say something of the rest
  if (part < enough || part >= 1 || elapsed < 10s) return text;
  auto left = static_cast<double>(elapsed.count()) / 1000 * (1 - part) / part;
  return text + fmt::format(", {} left", shown_duration(std::chrono::seconds(std::int64_t(left))));
}

}  // namespace truce::cli
