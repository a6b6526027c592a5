// Keeps the inventory of one platform true, whatever happens to the connection.
#pragma once

#include <functional>
#include <optional>

#include "platform/inventory.h"
#include "platform/platform.h"

namespace truce::platform {

/// How a Feed waits.
struct Pace {
  Duration patience = 20s;       ///< for something to change, at a time
  Duration first_pause = 1s;     ///< after a failure; doubled with each further one
  Duration longest_pause = 60s;  ///< and at once when the platform has refused who we are
};

/// Reads a platform's inventory for ever. After a failure it begins again, more and more seldom;
/// what was known stays, and grows old, until the platform tells again. An account that is refused
/// is not tried often: some platforms lock it.
class Feed {
 public:
  /// Hears what has changed; never of what was so already.
  using Sink = std::function<void(const Update& changed)>;

  /// `platform` must outlive it. `known` is what an earlier one has heard: it is shown, with its
  /// age, until the platform tells, and then only what differs is told to the sink.
  Feed(Platform& platform, Sink sink, Pace pace = {}, Inventory known = {});

  /// Until it is cancelled.
  Async<void> run();

  [[nodiscard]] const Inventory& inventory() const { return inventory_; }
  /// Why nothing is heard now; none while the platform tells. How old all is,
  /// Inventory::told() says.
  [[nodiscard]] const std::optional<Error>& trouble() const { return trouble_; }

 private:
  [[nodiscard]] Duration pause() const;

  Platform& platform_;
  Sink sink_;
  Pace pace_;
  Inventory inventory_;
  std::optional<Error> trouble_;
  int failures_ = 0;  ///< since it last told something
};

}  // namespace truce::platform
