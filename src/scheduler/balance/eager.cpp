#include "eager.h"

#include <algorithm>
#include <array>

namespace truce::scheduler {
namespace {

constexpr std::size_t first_width = 64;     // hosts that could take it best, of all loads together
constexpr std::size_t width_of_a_load = 8;  // and by each load
constexpr std::uint64_t turns_of_takers = 8;
constexpr std::uint64_t least_turns = 64;  // until all is looked at anew

std::size_t at(std::int32_t index) {
  return static_cast<std::size_t>(index);
}

// Appends the `count` hosts of which `value` is the least.
template <class Value>
void append_least(const std::vector<std::int32_t>& hosts, std::size_t count, Value value,
                  std::vector<std::int32_t>& found) {
  std::vector<std::pair<float, std::int32_t>> order;
  order.reserve(hosts.size());
  for (auto host : hosts) order.emplace_back(value(host), host);
  count = std::min(count, order.size());
  auto end = order.begin() + static_cast<std::ptrdiff_t>(count);
  std::ranges::nth_element(order, end);
  for (auto one = order.begin(); one != end; ++one) found.push_back(one->second);
}

}  // namespace

Eager::Eager(const Layout& layout, std::vector<std::int32_t> givers,
             std::vector<std::int32_t> takers, std::uint64_t effort, std::uint64_t& looked_at)
    : layout_(layout),
      givers_(std::move(givers)),
      takers_(std::move(takers)),
      source_of_(layout.estate().hosts.size(), none),
      changed_(layout.estate().hosts.size()),
      effort_(effort),
      looked_at_(looked_at),
      wide_(first_width) {}

Choice Eager::next(double least, std::size_t most_machines) {
  most_machines_ = most_machines;
  auto turns = std::max<std::uint64_t>(givers_.size() / 8, least_turns);
  if (looked_again_ == 0 || (turn_ - looked_again_ >= turns && looked_at_ < effort_)) look_again();
  if (turn_ - took_ >= turns_of_takers) choose_takers();
  while (true) {
    if (queue_.empty() || std::get<double>(queue_.top()) < least) {
      if (!widen()) return {};
      look_again();
      continue;
    }
    auto [gain, minus, look] = queue_.top();
    auto source = -minus;
    queue_.pop();
    auto& row = sources_[at(source)];
    if (look != row.look) continue;  // it has been looked at since
    if (stale(row)) {
      look_at(source);
      continue;
    }
    // Its gain may have changed a little with what others did to the spread.
    Choice now;
    consider(row.best.unit, std::span(&row.best.to, 1), now);
    auto next = queue_.empty() ? least : std::max(std::get<double>(queue_.top()), least);
    last_ = source;
    if (now.gain >= next) return now;
    look_at(source);
  }
}

void Eager::made(std::int32_t from, std::int32_t to) {
  ++turn_;
  for (auto host : {from, to}) {
    changed_[at(host)] = turn_;
    if (source_of_[at(host)] != none) look_at(source_of_[at(host)]);
  }
  if (sources_[at(last_)].unit != none) look_at(last_);
}

bool Eager::stale(const Source& source) const {
  const auto& best = source.best;
  if (best.unit == none) return true;
  auto host = layout_.unit(best.unit).host;
  return host == best.to || (source.host != none && host != source.host) ||
         changed_[at(best.to)] > source.turn || changed_[at(host)] > source.turn;
}

bool Eager::widen() {
  bool again = looked_again_ < turn_;
  auto wider = again ? wide_ : std::min(wide_ * 4, takers_.size());
  auto looks = layout_.units().size() * wider;
  if ((!again && wide_ >= takers_.size()) || looked_at_ + looks > effort_) return false;
  wide_ = wider;
  return true;
}

void Eager::look_again() {
  choose_takers();
  queue_ = {};
  sources_.clear();
  for (auto host : givers_) {
    source_of_[at(host)] = static_cast<std::int32_t>(sources_.size());
    sources_.push_back({.host = host, .best = {}});
  }
  for (auto unit : layout_.ruled())
    if (layout_.breaks(unit) && source_of_[at(layout_.unit(unit).host)] != none)
      sources_.push_back({.unit = unit, .best = {}});
  for (std::size_t i = 0; i < sources_.size(); ++i) look_at(static_cast<std::int32_t>(i));
  looked_again_ = turn_;
}

void Eager::choose_takers() {
  took_ = turn_;
  cool_.clear();
  append_least(takers_, wide_, [&](std::int32_t host) { return -layout_.coolness(host); }, cool_);
  if (wide_ < takers_.size()) {
    for (std::size_t i = 0; i < load_count; ++i) {
      auto load = static_cast<Load>(i);
      if (!layout_.scored(load)) continue;
      append_least(
          takers_, width_of_a_load,
          [&](std::int32_t host) { return static_cast<float>(layout_.used(host, load)); }, cool_);
    }
  }
  std::ranges::sort(cool_);
  cool_.erase(std::ranges::unique(cool_).begin(), cool_.end());
}

void Eager::look_at(std::int32_t source) {
  auto& row = sources_[at(source)];
  row.best = {};
  row.turn = turn_;
  if (row.unit != none) {
    if (layout_.breaks(row.unit)) {
      bool all = looked_at_ < effort_;
      consider(row.unit, all ? takers_ : cool_, row.best);
    }
  } else {
    for (auto unit : layout_.on(row.host)) consider(unit, cool_, row.best);
  }
  ++row.look;
  if (row.best.unit != none) queue_.emplace(row.best.gain, -source, row.look);
}

void Eager::consider(std::int32_t unit, std::span<const std::int32_t> takers, Choice& choice) {
  if (at(layout_.unit(unit).count) > most_machines_ || rests(layout_, unit)) return;
  looked_at_ += look(layout_, unit, takers, choice);
}

}  // namespace truce::scheduler
