// When an alarm is raised and when it ends: decided from samples and time alone.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/model.h"

namespace truce::manager {

/// Whether an alarm's condition is true of a subject.
enum class Holds { no, yes, unknown };

/// One subject that an alarm looks at, at one moment. What it points to outlives the call only.
struct AlarmSample {
  std::string_view id;  ///< stays when the subject is renamed
  std::string_view name;
  std::string_view project;
  Holds holds = Holds::no;
  double value = 0;
  std::string_view reason;  ///< what is wrong
};

/// A moment by two clocks: durations are by the one that nobody sets.
struct Moment {
  Duration uptime{};
  Time wall;
};

/// What an alarm asks for.
struct AlarmTerms {
  std::string_view folder;     ///< of its subjects, as in targets: `vms`
  std::string condition;       ///< counting begins anew when it becomes another one
  Duration hold{};             ///< how long it must hold before it is raised
  std::string_view gone = {};  ///< why it ends for what is no longer among the samples

  /// How long it must not hold before it ends: as long, a minute at most.
  [[nodiscard]] Duration clear() const { return std::min<Duration>(hold, 60s); }
};

/// What becomes of one subject.
struct AlarmTurn {
  /// In this order they are stored.
  enum class Kind { renamed, raised, cleared };
  Kind kind = Kind::raised;
  model::AlarmTarget target;
};

/// One alarm over all its subjects. A condition is raised that has held for as long as it must, and
/// ends when it has not held for AlarmTerms::clear(). What is not known changes nothing, and its
/// time counts for neither; nor does a gap of more than a minute between two looks. A subject that
/// is no longer among the samples ends at once.
class AlarmTracker {
 public:
  /// For how many subjects an alarm can be raised; others have to wait.
  static constexpr std::size_t most_raised = 5000;

  explicit AlarmTracker(const std::vector<model::AlarmTarget>& raised = {});

  /// What is due. It is due again until it is accepted.
  std::vector<AlarmTurn> look(const AlarmTerms& terms, const std::vector<AlarmSample>& samples,
                              Moment now);
  /// A turn has been stored.
  void accept(const AlarmTurn& turn);
  [[nodiscard]] std::size_t raised() const { return raised_; }

 private:
  /// Of a subject that is raised, or on its way there.
  struct Watch {
    std::optional<model::AlarmTarget> raised;
    std::optional<Duration> turning;  ///< since when the condition is not what `raised` says
    Time turning_wall;
    std::uint64_t seen = 0;  ///< in which look
  };
  void see(const AlarmTerms& terms, const AlarmSample& sample, Moment now,
           std::vector<AlarmTurn>& turns);
  void end_unseen(const AlarmTerms& terms, std::vector<AlarmTurn>& turns);

  std::map<std::string, Watch, std::less<>> watches_;
  std::string condition_;
  std::optional<Duration> last_;  ///< when the last look was
  Duration passed_{};             ///< since then
  std::uint64_t looks_ = 0;
  std::size_t raised_ = 0;
  std::size_t due_ = 0;  ///< raised by the present look
};

}  // namespace truce::manager
