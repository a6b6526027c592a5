// What was measured over a year, in files of a bounded size.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <memory>
#include <set>

#include "base/async.h"
#include "metrics/series.h"

namespace truce::metrics {

class Rings;

/// Keeps samples on a thread of its own. Made, called and destroyed on one loop. What add() was
/// told survives a kill of the process at any later moment; a power loss costs what the kernel had
/// not written yet (half a minute, as a rule), and no more.
class History {
 public:
  /// Opens the files in `folder`, or begins them. A file that cannot be read is put aside and begun
  /// anew, which is logged. Code::io when the folder cannot be used.
  static Result<std::unique_ptr<History>> open(std::filesystem::path folder,
                                               std::vector<Kind> kinds);
  ~History();

  /// Puts samples of the kind with this place in open()'s list into their slots. A full disk, or
  /// one that is too slow, costs samples (lost() counts them) and is logged once.
  void add(std::size_t kind, Time time, std::vector<Sample> samples);
  /// All that is known up to `now`. An object of which nothing is known has gaps only.
  Async<Series> series(std::size_t kind, std::string object, Level level, Time now);
  /// Forgets all objects but these.
  void keep_only(std::size_t kind, std::set<std::string> objects);

  /// Rounds of which something could not be kept, since open().
  [[nodiscard]] std::uint64_t lost() const;

 private:
  struct State;
  explicit History(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace truce::metrics
