// Who has which address: one small file a NIC, so that addresses stay over restarts.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "network/network.h"
#include "subnet.h"

namespace truce::network {

struct Reservation {
  std::string mac;  ///< canonical
  std::string vm_name;
  Address address = {};  ///< 0 where only the guest knows it
  NicSettings settings = {};
  std::optional<Address6> address6 =
      {};  ///< absent where there is no IPv6, or only the guest knows
  bool operator==(const Reservation&) const = default;
};

/// invalid unless all that goes into nft's language has the form that it shall have.
Result<void> check_settings(const NicSettings& settings);

/// The text of a reservation's file, and back. corrupt when a field is missing or not what it says.
std::string to_text(const Reservation& reservation);
Result<Reservation> parse_reservation(std::string_view text);

/// Reservations by MAC.
using Reservations = std::map<std::string, Reservation>;

/// The address for a new reservation: the one that the MAC's hash points to, or the next free one.
/// `leased` says whether another NIC holds a lease of an address: such a one is only taken when
/// there is no other. Code::limit when all are reserved.
Result<Address> choose_address(const Subnet& subnet, std::string_view mac,
                               const Reservations& reservations,
                               const std::function<bool(Address)>& leased);
Result<Address6> choose_address(const Subnet6& subnet, std::string_view mac,
                                const Reservations& reservations,
                                const std::function<bool(Address6)>& leased);

/// The ranges that a network's addresses lie in. In mode bridged they lie anywhere.
struct AddressRanges {
  Subnet subnet = {};
  std::optional<Subnet6> subnet6 = {};
  bool anywhere = false;
};

/// The fixed address of a NIC: invalid when it is none of the network's, conflict when another NIC
/// has it.
Result<Address> fixed_address(const AddressRanges& ranges, const Reservations& reservations,
                              const Nic& nic);
Result<Address6> fixed_address6(const AddressRanges& ranges, const Reservations& reservations,
                                const Nic& nic);

/// All reservations of a folder that lie within `ranges`, each address once. One whose IPv6 address
/// does not is without it. What cannot be read is left out (and logged): its NIC gets an address
/// anew. An absent folder holds none.
Result<Reservations> load_reservations(const std::filesystem::path& folder,
                                       const AddressRanges& ranges);

/// A folder whose small files another program watches (inotify): each appears whole.
class WatchedFolder {
 public:
  explicit WatchedFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}

  enum class Change { none, added, replaced };
  /// Makes the folder hold exactly `wanted` (file name -> content) and says what that took:
  /// `replaced` also when files went. Looks at the disk the first time and after forget().
  Result<Change> publish(const std::map<std::string, std::string>& wanted);
  /// Somebody may have changed the folder.
  void forget() { known_ = false; }

 private:
  Result<void> look();
  std::filesystem::path folder_;
  bool known_ = false;
  std::map<std::string, std::string> present_;
};

}  // namespace truce::network
