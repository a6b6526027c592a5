// What alarms have still to tell, and to whom: in the store until each receiver has it.
#pragma once

#include <map>
#include <set>
#include <string>

#include "ledger.h"
#include "manager/manager.h"

namespace truce::manager {

/// Messages in the order in which they came about. Each goes to each of its receivers at least
/// once; its id lets them drop what they have got already. What happens to one alarm within
/// AlarmPace::gather becomes one message. A receiver gets one message at a time and those about one
/// alarm in order; it does not hold up others. Who cannot be reached is tried again for
/// AlarmPace::give_up; then, and when there are too many messages, an event says what was not told.
class Outbox {
 public:
  static constexpr std::size_t most_messages = 1000;
  static constexpr std::size_t most_listed = 100;  ///< targets in one message

  Outbox(asio::any_io_executor loop, Ledger& ledger, const Settings& settings, Sender& sender);

  /// Delivers as part of `scope`, beginning with what an earlier life has left.
  void start(Scope& scope);

  /// While it lives, changes are being made that add messages.
  class Adding {
   public:
    explicit Adding(Outbox& outbox) : outbox_(outbox) { ++outbox_.adding_; }
    ~Adding() {
      --outbox_.adding_;
      outbox_.news_.wake();
    }
    Adding(const Adding&) = delete;
    Adding& operator=(const Adding&) = delete;

   private:
    Outbox& outbox_;
  };
  /// Adds to the change that something has happened to `targets`: to a message that is still being
  /// gathered, or to a new one. Nothing for an alarm that tells nobody. Once in a change.
  void add(const Adding& adding, Change& change, const model::Alarm& alarm, model::AlarmNews news,
           std::vector<model::AlarmTarget> targets);

  /// Sends a test to all receivers of an alarm at once, as part of `scope`.
  Async<model::AlarmTest> test(model::Alarm alarm, Scope& scope);

 private:
  using Message = model::AlarmMessage;
  struct Retry {
    int failures = 0;
    std::chrono::steady_clock::time_point next;
  };
  Message new_message(const model::Alarm& alarm, model::AlarmNews news);
  [[nodiscard]] Ref<Message> gathered(const std::string& alarm, model::AlarmNews news) const;
  void make_room(Change& change) const;
  Async<void> run(Scope& scope);
  Duration start_due(Scope& scope);
  [[nodiscard]] Duration until_gathered(const Message& message) const;
  Async<void> deliver(Message message, std::string receiver);
  Async<Result<void>> send(Message message, std::string receiver);
  [[nodiscard]] bool still_wanted(const Message& message, const std::string& receiver) const;
  Async<void> finish(Message message, std::string receiver, std::string failure);
  void put_off(const Message& message, const std::string& receiver, const Error& error);

  asio::any_io_executor loop_;
  Ledger& ledger_;
  const Settings& settings_;
  Sender& sender_;
  Wakeup news_;
  int adding_ = 0;
  std::int64_t last_name_ = 0;
  std::set<std::string> begun_;  ///< messages that were sent to somebody, and cannot be added to
  std::set<std::string> busy_;   ///< receivers that something is being sent to
  std::map<std::pair<std::string, std::string>, Retry> retries_;  ///< by message and receiver
};

}  // namespace truce::manager
