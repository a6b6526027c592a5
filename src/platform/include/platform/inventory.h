// What a platform has told so far, put together.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "platform/nouns.h"

namespace truce::platform {

/// Things of a kind, by their ids.
template <class T>
using Things = std::map<std::string, T, std::less<>>;

/// All that is on a platform, as last told. Pure: who reads the feed hands its updates in.
class Inventory {
 public:
  /// Takes an update in and answers what it has changed: never what was so already. What a `whole`
  /// one does not hold is gone. A machine whose id is another one's now (its uuid is another) is in
  /// both lists, and `gone` comes first.
  Update apply(Update update);

  [[nodiscard]] const Things<Machine>& machines() const { return machines_; }
  [[nodiscard]] const Things<Host>& hosts() const { return hosts_; }
  [[nodiscard]] const Things<Pool>& pools() const { return pools_; }
  [[nodiscard]] const Things<Network>& networks() const { return networks_; }
  [[nodiscard]] const Things<Folder>& folders() const { return folders_; }
  /// When the platform last told something, were it that nothing has changed.
  [[nodiscard]] Time told() const { return told_; }
  /// Whether a whole picture has been seen.
  [[nodiscard]] bool known() const { return known_; }

  /// Where a folder is: `DC0/vm/web`, without the outermost one; empty for that and for none.
  [[nodiscard]] std::string path_of(std::string_view folder) const;

 private:
  Things<Machine> machines_;
  Things<Host> hosts_;
  Things<Pool> pools_;
  Things<Network> networks_;
  Things<Folder> folders_;
  Time told_{};
  bool known_ = false;
};

}  // namespace truce::platform
