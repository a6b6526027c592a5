// Switching hosts on and off from outside, through what they have for it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/async.h"
#include "base/result.h"
#include "base/secret.h"

namespace truce::power {

enum class PowerState { off, on, unknown };
std::string_view to_string(PowerState state);

/// How a host is switched off: `orderly` asks its operating system, `at_once` takes the power away.
enum class Off { orderly, at_once };

/// The power of one host. Every call is idempotent, and means only that the order was taken: what
/// came of it state() says later, or switch_on() and switch_off() wait for. Code::unavailable:
/// nobody answers there; Code::forbidden: the password is wrong, or the certificate is another than
/// the pinned one; Code::unsupported: this kind of control cannot do it. No message has a secret
/// in it.
class PowerControl {
 public:
  virtual ~PowerControl() = default;
  virtual Async<Result<PowerState>> state() = 0;
  virtual Async<Result<void>> wake() = 0;
  virtual Async<Result<void>> off(Off how) = 0;
};

/// A packet that wakes a card which sleeps (magic packet, by broadcast). It can do nothing but
/// wake(), and nobody hears whether it came.
struct WakeOnLan {
  std::string address;  ///< of the network card: 52:54:00:12:34:56
  std::string broadcast = "255.255.255.255";
  std::uint16_t port = 9;
};

/// A management controller that speaks Redfish (DMTF DSP0266).
struct Redfish {
  std::string url;  ///< https://bmc17 or https://10.0.0.17:8443
  std::string
      fingerprint;  ///< SHA-256 of its certificate, hex: http::server_fingerprint() tells it
  std::string user;
  SecretPtr password;
  /// /redfish/v1/Systems/1; empty: the only one that it has.
  std::string system;
};

/// A management controller that speaks IPMI 2.0, by the program `ipmitool`.
struct Ipmi {
  std::string host;
  std::uint16_t port = 623;
  std::string user;
  SecretPtr password;                ///< at most 20 bytes, which is what the protocol has room for
  int cipher_suite = 17;             ///< 17 (SHA-256) or, for older controllers, 3 (SHA-1)
  std::string program = "ipmitool";  ///< its name or path
};

/// How a host's power is reached, as people write it: `wol:MAC[@BROADCAST]`,
/// `redfish://USER@HOST[:PORT][/SYSTEM]` or `ipmi://USER@HOST[:PORT]`. There is no secret in it.
struct Address {
  enum class Kind { wake_on_lan, redfish, ipmi };
  Kind kind = Kind::wake_on_lan;
  std::string mac, broadcast;  ///< of wake_on_lan; `broadcast` empty: everybody here
  std::string user, host;      ///< of the others
  std::uint16_t port = 0;      ///< 0: the usual one
  std::string system;          ///< /redfish/v1/Systems/1, or empty
  bool operator==(const Address&) const = default;
  /// Whether it can switch off, tell how it is, and needs a password for that.
  [[nodiscard]] bool is_controller() const { return kind != Kind::wake_on_lan; }
};

/// Code::invalid says what is wrong. What is taken can be written by to_string() and read again.
Result<Address> parse_address(std::string_view text);
std::string to_string(const Address& address);
/// What its certificate is asked of: https://HOST[:PORT].
std::string url_of(const Address& address);

/// Code::invalid says which part of the address is wrong.
Result<std::unique_ptr<PowerControl>> make_control(asio::any_io_executor loop, WakeOnLan address);
Result<std::unique_ptr<PowerControl>> make_control(asio::any_io_executor loop, Redfish address);
Result<std::unique_ptr<PowerControl>> make_control(asio::any_io_executor loop, Ipmi address);
/// `fingerprint` is for Redfish, `password` for all but Wake-on-LAN.
Result<std::unique_ptr<PowerControl>> make_control(asio::any_io_executor loop,
                                                   const Address& address,
                                                   const std::string& fingerprint,
                                                   SecretPtr password);

/// How long to wait for a host, and how often to look.
struct Patience {
  Duration limit = std::chrono::minutes(5);
  Duration between = std::chrono::seconds(2);
};

/// Switches it on, or off, and waits until its controller says that it is. Code::timeout: it never
/// did; the message says what it said last. One failed look is not the end of it: controllers are
/// slow to answer while they work.
Async<Result<void>> switch_on(PowerControl& control, Patience patience = {});
Async<Result<void>> switch_off(PowerControl& control, Off how, Patience patience = {});

}  // namespace truce::power
