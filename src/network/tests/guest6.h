// The IPv6 of a guest that the test plays: neighbour discovery, router advertisements, DHCPv6, echo
// and DNS, with the offsets of their RFCs.
#pragma once

#include <set>

#include "frame6.h"
#include "guest.h"

namespace truce::network {

/// What a router advertisement says ([RFC 4861] 4.2 and 4.6.2).
struct Advert {
  bool managed = false;
  std::uint32_t lifetime = 0;
  Subnet6 range;
  bool on_link = false, autonomous = false;
};

/// What a DHCPv6 server gave.
struct Offer6 {
  Address6 address, name_server;
};

class Guest6 {
 public:
  Guest6(Guest& guest, const Mac& mac) : guest_(guest), mac_(mac) {
    own_.insert(link_local());
    guest_.on_frame([this](const Frame& frame) { answer_neighbour(frame); });
  }
  Guest6(const Guest6&) = delete;
  Guest6& operator=(const Guest6&) = delete;
  ~Guest6() { guest_.on_frame({}); }

  [[nodiscard]] Address6 link_local() const {
    return link_local_of(fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac_[0], mac_[1],
                                     mac_[2], mac_[3], mac_[4], mac_[5]));
  }
  [[nodiscard]] Address6 address() const { return address_; }
  /// Another address that it says is its own.
  void add(Address6 address) { own_.insert(address); }

  std::optional<Advert> router(Duration limit) {
    Frame solicit;
    put(solicit, 0x8500'0000'0000'0000, 8);
    return asks<Advert>(all_routers, solicit, limit, [](const Frame& frame) {
      std::optional<Advert> found;
      if (kind_of(frame) != 134) return found;
      found.emplace();
      found->managed = (get(frame, 59, 1) & 0x80) != 0;
      found->lifetime = get(frame, 60, 2);
      for (std::size_t at = 70; at + 8 <= frame.size() && get(frame, at + 1, 1) != 0;
           at += 8 * get(frame, at + 1, 1)) {
        if (get(frame, at, 1) != 3) continue;
        found->range = {address_at(frame, at + 16), get(frame, at + 2, 1)};
        found->on_link = (get(frame, at + 3, 1) & 0x80) != 0;
        found->autonomous = (get(frame, at + 3, 1) & 0x40) != 0;
      }
      return found;
    });
  }

  /// A Solicit that asks for a rapid commit ([RFC 8415] 18.2.1).
  std::optional<Offer6> dhcp(Duration limit) {
    Frame message;
    put(message, 0x01aa'bb00 | mac_[5], 4);
    put(message, 0x0001'000a'0003'0001, 8);  // a DUID that is the MAC
    put(message, mac_);
    put(message, 0x0008'0002'0000, 6);
    put(message, 0x000e'0000, 4);
    put(message, 0x0006'0002'0017, 6);
    put(message, 0x0003'000c'0000'0007, 8);
    put(message, 0, 8);
    auto offer = exchange<Offer6>(all_servers, 546, 547, message, limit, [this](const Frame& p) {
      std::optional<Offer6> found;
      if (get(p, 0, 4) != (0x07aa'bb00U | mac_[5])) return found;
      found.emplace();
      for (std::size_t at = 4; at + 4 <= p.size(); at += 4 + get(p, at + 2, 2)) {
        if (get(p, at, 2) == 3 && get(p, at + 16, 2) == 5) found->address = address_at(p, at + 20);
        if (get(p, at, 2) == 23) found->name_server = address_at(p, at + 4);
      }
      return found;
    });
    if (!offer || offer->address == Address6{}) return {};
    address_ = offer->address;
    own_.insert(address_);
    return offer;
  }

  /// The AAAA record of a name.
  std::optional<Address6> resolve(Address6 server, const std::string& name, Duration limit) {
    Frame question;
    put(question, 0x1234'0100'0001'0000, 8);
    put(question, 0, 4);
    for (std::size_t at = 0; at < name.size();) {
      auto dot = std::min(name.find('.', at), name.size());
      put(question, dot - at, 1);
      question.insert(question.end(), &name[at], &name[dot]);
      at = dot + 1;
    }
    put(question, 0x00'001c'0001, 5);
    return exchange<Address6>(server, 5353, 53, question, limit, [&](const Frame& p) {
      std::optional<Address6> found;
      bool right = get(p, 0, 2) == 0x1234 && get(p, 6, 2) > 0;
      if (right) found = address_at(p, question.size() + 12);
      return found;
    });
  }

  /// Whether an echo from `from` to an address that `hop` leads to is answered.
  bool ping(Address6 hop, Address6 from, Address6 to, Duration limit) {
    auto mac = neighbour(hop, patience_of_ping);
    if (!mac) return false;
    Frame echo;
    put(echo, 0x8000'0000'0042'0001, 8);
    send(*mac, from, to, 58, echo);
    return guest_.hears(
        [&](const Frame& f) { return kind_of(f) == 129 && address_at(f, 22) == to; }, limit);
  }

  std::optional<Mac> neighbour(Address6 target, Duration limit) {
    Frame question;
    put(question, 0x8700'0000'0000'0000, 8);
    put_address(question, target);
    put(question, 0x0101, 2);
    put(question, mac_);
    Address6 group{0xff02'0000'0000'0000, 0x1'ff00'0000 | (target.low & 0xffffff)};
    auto from =
        target.high == link_local().high || address_ == Address6{} ? link_local() : address_;
    std::optional<Mac> found;
    for (auto deadline = now() + limit; !found && now() < deadline;) {
      send(multicast(group), from, group, 58, question);
      guest_.hears(
          [&](const Frame& f) {
            if (kind_of(f) != 136 || address_at(f, 62) != target) return false;
            found.emplace();
            std::copy_n(f.begin() + 6, 6, found->begin());
            return true;
          },
          std::min<Duration>(limit, 500ms));
    }
    return found;
  }

  /// An ICMPv6 message or another payload in a frame of its own.
  void send(const Mac& to_mac, Address6 from, Address6 to, unsigned next, Frame payload) {
    guest_.send_frame(frame_of(to_mac, from, to, next, std::move(payload)));
  }
  [[nodiscard]] Frame frame_of(const Mac& to_mac, Address6 from, Address6 to, unsigned next,
                               Frame payload) const {
    Frame pseudo;
    put_address(pseudo, from);
    put_address(pseudo, to);
    put(pseudo, payload.size(), 4);
    put(pseudo, next, 4);
    auto sum = checksum(pseudo, payload);
    auto at = next == 58 ? 2U : 6U;
    payload[at] = static_cast<std::uint8_t>(sum >> 8);
    payload[at + 1] = static_cast<std::uint8_t>(sum);
    Frame frame;
    put(frame, to_mac);
    put(frame, mac_);
    put(frame, 0x86dd'6000'0000, 6);
    put(frame, payload.size(), 2);
    put(frame, next, 1);
    put(frame, 255, 1);
    put_address(frame, from);
    put_address(frame, to);
    frame.insert(frame.end(), payload.begin(), payload.end());
    return frame;
  }
  /// A neighbour advertisement ([RFC 4861] 4.4).
  [[nodiscard]] Frame claim(Address6 target) const {
    Frame message;
    put(message, 0x8800'0000'2000'0000, 8);
    put_address(message, target);
    put(message, 0x0201, 2);
    put(message, mac_);
    return message;
  }

 private:
  static constexpr Address6 all_routers{0xff02'0000'0000'0000, 2};
  static constexpr Address6 all_servers{0xff02'0000'0000'0000, 0x0001'0002};
  static constexpr Duration patience_of_ping = 5s;

  void answer_neighbour(const Frame& frame) {
    if (kind_of(frame) != 135) return;
    auto target = address_at(frame, 62), asker = address_at(frame, 22);
    if (!own_.contains(target) || asker == Address6{}) return;
    Mac to{};
    std::copy_n(frame.begin() + 6, 6, to.begin());
    auto answer = claim(target);
    answer[4] = 0x60;  // asked for
    send(to, target, asker, 58, answer);
  }

  // Repeats a message until a frame has what `reads`.
  template <class Found, class Reads>
  std::optional<Found> asks(Address6 to, const Frame& message, Duration limit, Reads reads) {
    std::optional<Found> found;
    for (auto deadline = now() + limit; !found && now() < deadline;) {
      send(multicast(to), link_local(), to, 58, message);
      guest_.hears([&](const Frame& frame) { return (found = reads(frame)).has_value(); }, 1s);
    }
    return found;
  }

  template <class Found, class Reads>
  std::optional<Found> exchange(Address6 to, std::uint16_t from_port, std::uint16_t to_port,
                                const Frame& payload, Duration limit, Reads reads) {
    bool group = to.high >> 56 == 0xff;
    auto mac = group ? multicast(to) : neighbour(to, limit);
    std::optional<Found> found;
    auto from = group ? link_local() : address_;
    for (auto deadline = now() + limit; mac && !found && now() < deadline;) {
      send(*mac, from, to, 17, datagram(from_port, to_port, payload));
      guest_.hears(
          [&](const Frame& f) {
            bool ours =
                get(f, 12, 2) == 0x86dd && get(f, 20, 1) == 17 && get(f, 56, 2) == from_port;
            if (ours && f.size() > 62) found = reads(Frame(f.begin() + 62, f.end()));
            return found.has_value();
          },
          std::min<Duration>(limit, 1s));
    }
    return found;
  }

  Guest& guest_;
  Mac mac_;
  Address6 address_;
  std::set<Address6> own_;
};

}  // namespace truce::network
