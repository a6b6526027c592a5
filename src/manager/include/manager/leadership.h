// Which of a cluster's managers decides, and that only this one can write.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/async.h"
#include "manager/invitation.h"
#include "model/model.h"
#include "store/store.h"

namespace truce::manager {

/// Who leads, and rewrites it as long as they do: a Leadership.
inline constexpr const char* leader_key = "leader/leader";
/// Written once a term, together with the other: what a leader commits demands it unchanged.
inline constexpr const char* term_key = "leader/term";

struct ElectionTiming {
  Duration renew = 500ms;  ///< between two looks, or renewals
  Duration self = 2500ms;  ///< a leader whose renewals are not committed for so long steps down
  Duration dead = 3s;      ///< one that is seen to renew nothing for so long is no leader
};

/// The rules by which one manager leads. It asks nobody and waits for nothing: times are those of
/// one clock of this host that is never set.
class Election {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  enum class Role { follows, leads, over };  ///< over: it has led; only a new Election goes on

  /// A value to be written, if the key is still as it was at `basis` (0: absent).
  struct Bid {
    store::Revision basis = 0;
    model::Leadership value;
    bool takes = false;  ///< a new term begins with it
  };

  Election(Seat own, ElectionTiming timing) : own_(std::move(own)), timing_(timing) {}

  /// What the key holds, by an answer that came at `at`: later than it was so, never sooner.
  void saw(std::optional<model::Leadership> value, store::Revision revision, Moment at);
  /// What to write now; nothing: somebody else leads, or the key has to be read first.
  [[nodiscard]] std::optional<Bid> bid(Moment at) const;
  /// A bid was committed, which was sent at `sent`: never later than it was so.
  void committed(const Bid& bid, store::Revision revision, Moment sent);
  /// The key was another one.
  void refused();
  /// It is not known whether the bid was committed.
  void unknown() { must_read_ = true; }
  /// Ends the rule of a leader that has not renewed for too long.
  void look(Moment at);
  void end() { role_ = Role::over; }

  [[nodiscard]] Role role() const { return role_; }
  /// Whether the key has to be read before anything else.
  [[nodiscard]] bool must_read() const { return must_read_ || role_ == Role::follows; }
  /// Who leads, as far as it was seen; nobody perhaps.
  [[nodiscard]] std::optional<Seat> leader() const;
  [[nodiscard]] std::int64_t term() const { return value_.term; }

 private:
  Seat own_;
  ElectionTiming timing_;
  Role role_ = Role::follows;
  bool must_read_ = true;
  model::Leadership value_;       ///< what the key holds
  store::Revision revision_ = 0;  ///< of that
  Moment since_{};                ///< when that was first seen
  Moment credit_{};               ///< of a leader: when its last committed renewal was sent
};

/// Carries an Election out on a store. Used on one loop.
class Candidacy {
 public:
  Candidacy(asio::any_io_executor loop, store::Store& store, Seat own, ElectionTiming timing = {});

  /// Until cancelled, or until this host has led and does no more.
  Async<void> run();
  /// Returns when role or leader are others than when it returned last, or when cancelled.
  Async<void> changed() { co_await changed_.wait(); }
  /// Ends this host's rule, so that the next begins at once. Waits for the store for a second.
  Async<void> resign();
  /// It has turned out that another one leads.
  void depose();

  [[nodiscard]] Election::Role role() const { return election_.role(); }
  [[nodiscard]] std::optional<Seat> leader() const { return election_.leader(); }
  [[nodiscard]] std::int64_t number() const { return election_.term(); }
  /// The revision of term_key while this host leads.
  [[nodiscard]] store::Revision term() const { return term_; }

 private:
  Async<void> read();
  Async<void> make(Election::Bid bid);

  store::Store& store_;
  ElectionTiming timing_;
  Election election_;
  store::Revision term_ = 0;
  Wakeup changed_;
};

/// Whether this release can lead with the state that is in `store`. Code::unsupported, and what to
/// do: it does not know its format.
Async<Result<void>> check_state(store::Store& store);

/// Whether a host is among the managers of the cluster in a store. Code::forbidden: it is not; one
/// that was taken out may still reach the store.
Async<Result<void>> check_seat(store::Store& store, std::string host);

/// What a leader writes to: the store, as long as its term lasts. Code::unavailable afterwards, and
/// nothing of the commit happened. A commit has one condition less than the store itself takes.
class FencedStore final : public store::Store {
 public:
  /// `ended` is called when a commit has shown that the term is over.
  FencedStore(store::Store& inner, store::Revision term, std::function<void()> ended)
      : inner_(inner), term_(term), ended_(std::move(ended)) {}

  Async<Result<std::optional<store::Entry>>> get(std::string key) override;
  Async<Result<store::Listing>> list(std::string prefix) override;
  Async<Result<store::Revision>> commit(std::vector<store::Condition> conditions,
                                        std::vector<store::Write> writes) override;
  std::unique_ptr<store::Watch> watch(std::string prefix, store::Revision from) override;

 private:
  store::Store& inner_;
  store::Revision term_;
  std::function<void()> ended_;
};

}  // namespace truce::manager
