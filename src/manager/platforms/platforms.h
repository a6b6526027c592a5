// The platforms of others: one feed for each, held by the manager that decides. What they tell is
// beside the inventory, never in it: nothing that places, moves or recovers machines sees it.
#pragma once

#include <map>
#include <memory>

#include "ledger.h"
#include "manager/manager.h"
#include "platform/feed.h"
#include "platform/transfers.h"

namespace truce::manager {

class Platforms {
 public:
  Platforms(asio::any_io_executor loop, Ledger& ledger, const Settings& settings);
  ~Platforms();

  /// Holds a feed for each platform of the store, notes there how it is, and keeps what it has told
  /// in a file; until cancelled.
  Async<void> run();
  /// Ends all feeds. To be called once run() has ended.
  Async<void> close();

  /// What is known of a platform; null when nothing is, as in the first moment.
  [[nodiscard]] const platform::Inventory* inventory_of(std::string_view name) const;
  /// With how old its picture is and how much is in it.
  [[nodiscard]] model::Platform describe(model::Platform stored) const;
  /// The connection itself; it stays while it is held. Code::unavailable: it is not reached.
  [[nodiscard]] Result<std::shared_ptr<platform::Platform>> connection(std::string_view name) const;
  /// What machines of a platform can have, whether it is reached or not.
  [[nodiscard]] platform::Transfers::Devices devices_of(std::string_view name) const;

  /// Signs in once, as `wish` says. Code::invalid or Code::precondition with the field at fault;
  /// an unknown certificate is told with its fingerprint.
  Async<Result<void>> try_out(model::Platform wish, SecretPtr password);
  /// The password that is stored for a platform; null where its address needs none.
  Async<Result<SecretPtr>> password_of(model::Platform platform);
  /// Reads all anew and waits until it is there. Code::timeout, or what the platform is in trouble
  /// with.
  Async<Result<void>> sync(std::string name);
  /// Carries `work` out beside requests. It ends with the manager.
  void spawn(Async<void> work) { scope_.spawn(std::move(work)); }

 private:
  struct Watch;
  using WatchPtr = std::shared_ptr<Watch>;

  Async<void> follow_store();
  Async<void> begin(Ref<model::Platform> kept, WatchPtr before);
  Async<void> end(WatchPtr watch);
  Async<void> note(WatchPtr watch);
  Async<void> save_if_due(WatchPtr watch);
  Async<void> save(WatchPtr watch);
  void forget_strangers(bool first);
  platform::Inventory read_picture(const model::Platform& platform) const;
  Async<Result<platform::Account>> account_of(model::Platform platform, SecretPtr password);
  Result<std::unique_ptr<platform::Platform>> open(const model::Platform& platform,
                                                   platform::Account account) const;
  Async<Error> explained(Error why, model::Platform wish, std::string url);
  [[nodiscard]] WatchPtr watch_of(std::string_view name) const;
  [[nodiscard]] std::filesystem::path file(std::string_view name, std::string_view ending) const;

  asio::any_io_executor loop_;
  Ledger& ledger_;
  const Settings& settings_;
  Scope scope_;
  std::map<std::string, WatchPtr, std::less<>> watches_;
  std::vector<WatchPtr> leaving_;  ///< whose feeds have not ended yet
  asio::thread_pool writer_{1};    ///< of pictures
};

/// The key of a platform's sealed password, which the inventory does not hold.
inline std::string platform_secret_key(std::string_view name) {
  return fmt::format("platform-secrets/{}", name);
}
/// Whose secret it is, for Seals.
inline std::string platform_secret_place(std::string_view name) {
  return fmt::format("platforms/{}/password", name);
}

}  // namespace truce::manager
