#include "columns.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace truce::scheduler {
namespace {

constexpr double price_unit = 1 << 30;
constexpr int most_rounds = 2000;
constexpr std::uint64_t most_steps_a_column = 3'000'000;

/// Branch and bound over how many of each type a host gets, the dearest for its bulk first.
class Knapsack {
 public:
  Knapsack(const Sizes& capacity, const std::vector<PackType>& types,
           const std::vector<std::int64_t>& prices, std::uint64_t& steps)
      : capacity_(capacity), types_(types), prices_(prices), steps_(steps) {
    for (std::size_t t = 0; t < types.size(); ++t)
      if (prices[t] > 0 && types[t].count > 0) order_.push_back(t);
    std::ranges::sort(order_, {},
                      [&](std::size_t t) { return std::pair(-double(prices_[t]) / bulk(t), t); });
    // The best price for a unit of each size among a type and all that come after it.
    best_.assign(order_.size() + 1, {});
    for (std::size_t i = order_.size(); i-- > 0;) {
      best_[i] = best_[i + 1];
      for (std::size_t size = 0; size < pack_sizes; ++size) {
        auto unit = types_[order_[i]].size[size];
        auto price =
            unit > 0 ? double(prices_[order_[i]]) / unit : std::numeric_limits<double>::infinity();
        best_[i][size] = std::max(best_[i][size], price);
      }
    }
    found_.counts.assign(types.size(), 0);
    now_.assign(types.size(), 0);
  }

  Dearest run() {
    found_.proven = descend(0, capacity_, 0);
    return std::move(found_);
  }

 private:
  [[nodiscard]] double bulk(std::size_t type) const {
    double sum = 1e-12;
    for (std::size_t i = 0; i < pack_sizes; ++i)
      if (capacity_[i] > 0) sum += double(types_[type].size[i]) / capacity_[i];
    return sum;
  }

  // No filling of what is left can be worth more.
  [[nodiscard]] double most(std::size_t from, const Sizes& left) const {
    auto most = std::numeric_limits<double>::infinity();
    double together = 0;
    for (std::size_t i = 0; i < pack_sizes; ++i) {
      if (std::isfinite(best_[from][i])) most = std::min(most, best_[from][i] * left[i]);
      if (capacity_[i] > 0) together += double(left[i]) / capacity_[i];
    }
    return std::min(most, together * double(prices_[order_[from]]) / bulk(order_[from]));
  }

  bool descend(std::size_t next, Sizes left, std::int64_t worth) {
    if (worth > found_.worth) {
      found_.worth = worth;
      found_.counts = now_;
    }
    if (next == order_.size()) return true;
    if (steps_ == 0) return false;
    --steps_;
    // Bounds are computed with rounding: what is a little above is looked at, too.
    if (double(worth) + most(next, left) * (1 + 1e-9) + 1 <= double(found_.worth)) return true;
    const auto& type = types_[order_[next]];
    std::int32_t fit = type.count;
    for (std::size_t i = 0; i < pack_sizes; ++i)
      if (type.size[i] > 0) fit = std::min(fit, left[i] / type.size[i]);
    bool all = true;
    for (auto count = fit; count >= 0 && all; --count) {
      auto rest = left;
      for (std::size_t i = 0; i < pack_sizes; ++i) rest[i] -= type.size[i] * count;
      now_[order_[next]] = count;
      all = descend(next + 1, rest, worth + prices_[order_[next]] * count);
    }
    now_[order_[next]] = 0;
    return all;
  }

  const Sizes& capacity_;
  const std::vector<PackType>& types_;
  const std::vector<std::int64_t>& prices_;
  std::uint64_t& steps_;
  std::vector<std::size_t> order_;
  std::vector<std::array<double, pack_sizes>> best_;
  Dearest found_;
  std::vector<std::int32_t> now_;
};

/// The same where hosts have two sizes that matter and there is no lack of any type: a table of
/// what a host with so much of both is worth at most. Many small types are no more work than few.
class Table {
 public:
  Table(const Sizes& capacity, const std::vector<PackType>& types,
        const std::vector<std::int64_t>& prices)
      : types_(types), prices_(prices) {
    for (std::size_t i = 0; i < pack_sizes; ++i)
      if (capacity[i] > 0) sizes_.push_back(i);
    good_ = sizes_.size() == 2;
    if (!good_) return;
    for (std::size_t t = 0; t < types.size(); ++t)
      if (types[t].count > 0 && prices[t] > 0) some_.push_back(t);
    for (std::size_t which = 0; which < 2; ++which) {
      auto size = sizes_[which];
      auto unit = capacity[size];
      for (auto t : some_) unit = std::gcd(unit, types[t].size[size]);
      unit_[which] = unit;
      cells_[which] = capacity[size] / unit + 1;
    }
    for (auto t : some_) good_ &= types[t].count >= most_of(t);
    good_ &= work() <= most_work;
  }

  [[nodiscard]] bool good() const { return good_ && !some_.empty(); }
  [[nodiscard]] std::uint64_t work() const {
    return std::uint64_t{some_.size()} * static_cast<std::uint64_t>(cells_[0]) *
           static_cast<std::uint64_t>(cells_[1]);
  }

  Dearest run() {
    worth_.assign(place(cells_[0] - 1, cells_[1] - 1) + 1, 0);
    chosen_.assign(worth_.size(), -1);
    for (auto t : some_) {
      for (auto x = side(t, 0); x < cells_[0]; ++x) {
        for (auto y = side(t, 1); y < cells_[1]; ++y) {
          auto worth = worth_[place(x - side(t, 0), y - side(t, 1))] + prices_[t];
          if (worth <= worth_[place(x, y)]) continue;
          worth_[place(x, y)] = worth;
          chosen_[place(x, y)] = static_cast<std::int32_t>(t);
        }
      }
    }
    Dearest found{.counts = std::vector<std::int32_t>(types_.size()), .proven = true};
    auto x = cells_[0] - 1, y = cells_[1] - 1;
    found.worth = worth_[place(x, y)];
    while (chosen_[place(x, y)] >= 0) {
      auto t = static_cast<std::size_t>(chosen_[place(x, y)]);
      ++found.counts[t];
      x -= side(t, 0);
      y -= side(t, 1);
    }
    return found;
  }

 private:
  static constexpr std::uint64_t most_work = 4'000'000;

  [[nodiscard]] std::int32_t side(std::size_t type, std::size_t which) const {
    return types_[type].size[sizes_[which]] / unit_[which];
  }
  [[nodiscard]] std::int32_t most_of(std::size_t type) const {
    auto most = std::numeric_limits<std::int32_t>::max();
    for (std::size_t which = 0; which < 2; ++which)
      if (side(type, which) > 0) most = std::min(most, (cells_[which] - 1) / side(type, which));
    return most;
  }
  [[nodiscard]] std::size_t place(std::int32_t x, std::int32_t y) const {
    return static_cast<std::size_t>(x) * static_cast<std::size_t>(cells_[1]) +
           static_cast<std::size_t>(y);
  }

  const std::vector<PackType>& types_;
  const std::vector<std::int64_t>& prices_;
  std::vector<std::size_t> sizes_, some_;
  std::array<std::int32_t, 2> unit_{1, 1}, cells_{1, 1};
  std::vector<std::int64_t> worth_;  // of a host with so much left, at most
  std::vector<std::int32_t> chosen_;
  bool good_ = false;
};

/// The restricted master: a basis of as many columns as there are types, and its inverse.
class Master {
 public:
  Master(const Sizes& capacity, const std::vector<PackType>& types) : types_(types) {
    auto count = types.size();
    inverse_.assign(count, std::vector<double>(count));
    for (std::size_t t = 0; t < count; ++t) {
      std::int32_t fit = std::max(types[t].count, 1);
      for (std::size_t i = 0; i < pack_sizes; ++i)
        if (types[t].size[i] > 0) fit = std::min(fit, capacity[i] / types[t].size[i]);
      std::vector<std::int32_t> counts(count);
      counts[t] = std::max(fit, 1);
      inverse_[t][t] = 1.0 / counts[t];
      hosts_.push_back(double(types[t].count) / counts[t]);
      columns_.push_back(std::move(counts));
    }
  }

  [[nodiscard]] std::vector<std::int64_t> prices() const {
    std::vector<std::int64_t> prices;
    for (std::size_t t = 0; t < types_.size(); ++t) {
      double price = 0;
      for (const auto& row : inverse_) price += row[t];
      prices.push_back(static_cast<std::int64_t>(std::max(price, 0.0) * price_unit));
    }
    return prices;
  }

  /// Lets a column into the basis. False when it changes nothing.
  bool enter(const std::vector<std::int32_t>& counts) {
    auto size = types_.size();
    std::vector<double> direction(size);
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t t = 0; t < size; ++t) direction[i] += inverse_[i][t] * counts[t];
    std::size_t leaves = size;
    double step = 0;
    for (std::size_t i = 0; i < size; ++i) {
      if (direction[i] < 1e-9) continue;
      auto ratio = std::max(hosts_[i], 0.0) / direction[i];
      if (leaves != size && ratio >= step) continue;
      leaves = i;
      step = ratio;
    }
    if (leaves == size) return false;
    for (std::size_t i = 0; i < size; ++i)
      if (i != leaves) hosts_[i] -= step * direction[i];
    hosts_[leaves] = step;
    for (auto& value : inverse_[leaves]) value /= direction[leaves];
    for (std::size_t i = 0; i < size; ++i) {
      if (i == leaves || direction[i] == 0) continue;
      for (std::size_t t = 0; t < size; ++t) inverse_[i][t] -= direction[i] * inverse_[leaves][t];
    }
    columns_[leaves] = counts;
    return true;
  }

  /// Rounded down, so that nothing is packed more often than it is there.
  [[nodiscard]] std::vector<Pattern> whole() const {
    std::vector<Pattern> patterns;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      auto hosts = static_cast<std::int32_t>(std::floor(hosts_[i] + 1e-6));
      if (hosts > 0) patterns.push_back({columns_[i], hosts});
    }
    return patterns;
  }

 private:
  const std::vector<PackType>& types_;
  std::vector<std::vector<double>> inverse_;
  std::vector<std::vector<std::int32_t>> columns_;
  std::vector<double> hosts_;
};

// Patterns of a rounded solution may hold one of a type too many, by rounding errors.
void trim(std::vector<Pattern>& patterns, const std::vector<PackType>& types) {
  std::vector<std::int64_t> left;
  for (const auto& type : types) left.push_back(type.count);
  std::vector<Pattern> trimmed;
  for (auto& pattern : patterns) {
    std::int64_t times = pattern.hosts;
    for (std::size_t t = 0; t < left.size(); ++t)
      if (pattern.counts[t] > 0) times = std::min(times, left[t] / pattern.counts[t]);
    if (times <= 0) continue;
    for (std::size_t t = 0; t < left.size(); ++t) left[t] -= pattern.counts[t] * times;
    pattern.hosts = static_cast<std::int32_t>(times);
    trimmed.push_back(std::move(pattern));
  }
  patterns = std::move(trimmed);
}

}  // namespace

Dearest dearest_host(const Sizes& capacity, const std::vector<PackType>& types,
                     const std::vector<std::int64_t>& prices, std::uint64_t& steps) {
  constexpr std::uint64_t cells_a_step = 16;
  if (Table table(capacity, types, prices); table.good()) {
    steps -= std::min(steps, table.work() / cells_a_step);
    return table.run();
  }
  return Knapsack(capacity, types, prices, steps).run();
}

Columns generate_columns(const Sizes& capacity, const std::vector<PackType>& types,
                         std::uint64_t steps) {
  Columns columns;
  Master master(capacity, types);
  for (int round = 0; round < most_rounds && steps > 0; ++round) {
    auto prices = master.prices();
    auto allowed = std::min(steps, most_steps_a_column);
    auto left = allowed;
    auto host = dearest_host(capacity, types, prices, left);
    steps -= allowed - left;
    if (host.proven && host.worth > 0) {
      // All together cost `sum`, and no host is worth more than `host.worth`: Farley's bound.
      std::int64_t sum = 0;
      for (std::size_t t = 0; t < types.size(); ++t) sum += prices[t] * types[t].count;
      auto bound = (sum + host.worth - 1) / host.worth;
      if (bound > columns.bound) {
        columns.bound = bound;
        columns.prices = prices;
        columns.dearest = host.worth;
      }
    }
    bool improves = static_cast<double>(host.worth) > price_unit * (1 + 1e-9) + 64;
    if (!improves || !master.enter(host.counts)) break;
  }
  columns.whole = master.whole();
  trim(columns.whole, types);
  return columns;
}

}  // namespace truce::scheduler
