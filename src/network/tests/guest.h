// The other end of a tap, played by the test: enough Ethernet, ARP, IPv4, UDP, DHCP and DNS to be a
// guest, or a machine somewhere outside. Big-endian fields lie at the offsets of their RFCs.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/time.h"
#include "frame.h"
#include "subnet.h"

namespace truce::network {

/// A UDP datagram.
struct Datagram {
  Address from, to;
  std::uint16_t from_port = 0, to_port = 0;
  Frame payload;
};

/// What a DHCP server gave.
struct Offer {
  std::uint32_t kind = 0;  ///< 2 is an offer, 5 an acknowledgement
  Address address, mask, router, name_server;
  std::string host_name, domain;
};

class Guest {
 public:
  Guest(Fd tap, Mac mac) : tap_(std::move(tap)), mac_(mac) {}

  /// The address that it answers ARP for.
  void set_address(Address address) { address_ = address; }
  [[nodiscard]] Address address() const { return address_; }
  /// What its frames and questions say they come from.
  void set_mac(const Mac& mac) { mac_ = mac; }
  void unplug() { tap_ = Fd(); }
  /// Called with each frame that comes.
  void on_frame(std::function<void(const Frame&)> hook) { hook_ = std::move(hook); }

  /// DISCOVER and REQUEST; nothing when no server answers within `limit`.
  std::optional<Offer> dhcp(Duration limit) {
    auto offer = ask_dhcp(1, {}, limit);
    if (!offer) return {};
    if (offer->kind != 5) offer = ask_dhcp(3, offer->address, limit);  // 5: a rapid commit
    if (offer) address_ = offer->address;
    return offer;
  }

  /// The A record of a name; nothing when there is none, or no answer.
  std::optional<Address> resolve(Address server, const std::string& name, Duration limit) {
    Datagram question{address_, server, 5353, 53, {}};
    for (auto field : {0x1234, 0x0100, 1, 0, 0, 0})
      put(question.payload, static_cast<unsigned>(field), 2);
    for (std::size_t at = 0; at < name.size();) {
      auto dot = std::min(name.find('.', at), name.size());
      put(question.payload, dot - at, 1);
      question.payload.insert(question.payload.end(), &name[at], &name[dot]);
      at = dot + 1;
    }
    put(question.payload, 0x00'0001'0001, 5);
    send_udp(server, question);
    auto answer = receive_udp(5353, limit);
    if (!answer || get(answer->payload, 0, 2) != 0x1234 || get(answer->payload, 6, 2) == 0)
      return {};
    auto record = question.payload.size();
    if (get(answer->payload, record + 2, 2) != 1) return {};
    return Address{get(answer->payload, record + 12, 4)};
  }

  /// Sends to `datagram.to` through the machine with the address `hop`.
  void send_udp(Address hop, const Datagram& datagram) {
    if (auto mac = arp(hop, 5s)) send_ip(*mac, datagram);
  }

  /// The next datagram for `port`; answers ARP meanwhile.
  std::optional<Datagram> receive_udp(std::uint16_t port, Duration limit) {
    auto deadline = now() + limit;
    while (auto frame = receive_frame(deadline)) {
      bool udp = get(*frame, 12, 2) == 0x0800 && frame->size() > 42 && (*frame)[23] == 17;
      if (!udp || get(*frame, 36, 2) != port) continue;
      auto end = std::min<std::size_t>(frame->size(), 34 + get(*frame, 38, 2));
      return Datagram{
          {get(*frame, 26, 4)},
          {get(*frame, 30, 4)},
          static_cast<std::uint16_t>(get(*frame, 34, 2)),
          port,
          Frame(frame->begin() + 42, frame->begin() + static_cast<std::ptrdiff_t>(end))};
    }
    return {};
  }

  /// The MAC of an address, as the network says.
  std::optional<Mac> arp(Address target, Duration limit) {
    send_arp(1, everybody, target);
    auto deadline = now() + limit;
    while (auto frame = receive_frame(deadline)) {
      if (get(*frame, 12, 2) != 0x0806 || get(*frame, 20, 2) != 2) continue;
      if (get(*frame, 28, 4) != target.value) continue;
      Mac found{};
      std::copy_n(frame->begin() + 22, 6, found.begin());
      return found;
    }
    return {};
  }

  /// [RFC 826]: `kind` 1 asks, 2 answers.
  void send_arp(unsigned kind, const Mac& to, Address target) {
    Frame frame;
    put(frame, to);
    put(frame, mac_);
    put(frame, 0x0806'0001'0800'0604, 8);
    put(frame, kind, 2);
    put(frame, mac_);
    put(frame, address_.value, 4);
    put(frame, to);
    put(frame, target.value, 4);
    send_frame(frame);
  }

  /// Whether a frame that `fits` comes before the limit.
  template <class Fits>
  bool hears(Fits fits, Duration limit) {
    auto deadline = now() + limit;
    while (auto frame = receive_frame(deadline)) {
      if (fits(*frame)) return true;
    }
    return false;
  }

  void send_frame(const Frame& frame) {
    Frame whole(virtio_header);
    whole.insert(whole.end(), frame.begin(), frame.end());
    [[maybe_unused]] auto sent = ::write(tap_.get(), whole.data(), whole.size());
  }

  void send_ip(const Mac& to, const Datagram& datagram) { send_frame(ip_frame(to, datagram)); }

  [[nodiscard]] Frame ip_frame(const Mac& to, const Datagram& datagram) const {
    Frame ip;
    put(ip, 0x4500, 2);
    put(ip, 28 + datagram.payload.size(), 2);
    put(ip, 0x0000'0000'4011'0000, 8);  // no fragments, 64 hops, UDP, room for the checksum
    put(ip, datagram.from.value, 4);
    put(ip, datagram.to.value, 4);
    std::uint32_t sum = 0;
    for (std::size_t at = 0; at < ip.size(); at += 2) sum += get(ip, at, 2);
    sum = ~((sum & 0xffff) + (sum >> 16));
    ip[10] = static_cast<std::uint8_t>(sum >> 8);
    ip[11] = static_cast<std::uint8_t>(sum);
    put(ip, datagram.from_port, 2);
    put(ip, datagram.to_port, 2);
    put(ip, 8 + datagram.payload.size(), 2);
    put(ip, 0, 2);  // UDP without a checksum
    Frame frame;
    put(frame, to);
    put(frame, mac_);
    put(frame, 0x0800, 2);
    frame.insert(frame.end(), ip.begin(), ip.end());
    frame.insert(frame.end(), datagram.payload.begin(), datagram.payload.end());
    return frame;
  }

 private:
  std::optional<Frame> receive_frame(Time deadline) {
    while (now() < deadline) {
      pollfd ready{tap_.get(), POLLIN, 0};
      ::poll(&ready, 1, static_cast<int>((deadline - now()).count()) + 1);
      Frame frame(2048);
      auto size = ::read(tap_.get(), frame.data(), frame.size());
      if (size <= static_cast<ssize_t>(virtio_header)) continue;
      frame.resize(static_cast<std::size_t>(size));
      frame.erase(frame.begin(), frame.begin() + virtio_header);
      bool question = get(frame, 12, 2) == 0x0806 && get(frame, 20, 2) == 1;
      if (question && address_.value != 0 && get(frame, 38, 4) == address_.value) {
        Mac asker{};
        std::copy_n(frame.begin() + 6, 6, asker.begin());
        send_arp(2, asker, {get(frame, 28, 4)});
      }
      if (hook_) hook_(frame);
      return frame;
    }
    return {};
  }

  // [RFC 2131], options of [RFC 2132]; kind 1 is DISCOVER, 3 REQUEST. Asks for a rapid commit.
  std::optional<Offer> ask_dhcp(unsigned kind, std::optional<Address> wanted, Duration limit) {
    Datagram question{{0}, {0xffffffff}, 68, 67, {}};
    auto& p = question.payload;
    put(p, 0x01010600, 4);
    put(p, exchange_id(), 4);
    put(p, 0x0000'8000, 4);  // answer by broadcast
    p.resize(28);
    put(p, mac_);
    p.resize(236);
    put(p, 0x63825363, 4);
    put(p, 0x350100 | kind, 3);
    if (wanted) put(p, 0x3204'0000'0000 | std::uint64_t{wanted->value}, 6);
    put(p, 0x3705'0103'060c'0f, 7);  // mask, router, name server, host name, domain
    p.insert(p.end(), {12, 4, 'e', 'v', 'i', 'l', 255});
    auto deadline = now() + limit;
    while (now() < deadline) {  // packets get lost: clients repeat ([RFC 2131] 4.1)
      send_ip(everybody, question);
      auto next = std::min(deadline, now() + 500ms);
      while (auto answer = receive_udp(68, std::max(Duration(1), next - now()))) {
        if (get(answer->payload, 4, 4) == exchange_id()) return read_offer(answer->payload);
      }
    }
    return {};
  }

  // Answers are broadcast: other guests hear them too.
  [[nodiscard]] std::uint32_t exchange_id() const {
    return get(Frame(mac_.begin(), mac_.end()), 2, 4);
  }

  static Offer read_offer(const Frame& p) {
    Offer offer;
    offer.address = {get(p, 16, 4)};
    for (std::size_t at = 240; at + 1 < p.size() && p[at] != 255; at += 2U + p[at + 1]) {
      auto value = get(p, at + 2, 4);
      auto text = std::string(p.begin() + static_cast<std::ptrdiff_t>(at) + 2,
                              p.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(
                                              p.size(), at + 2U + p[at + 1])));
      if (p[at] == 53) offer.kind = value >> 24;
      if (p[at] == 1) offer.mask = {value};
      if (p[at] == 3) offer.router = {value};
      if (p[at] == 6) offer.name_server = {value};
      if (p[at] == 12) offer.host_name = text;
      if (p[at] == 15) offer.domain = text;
    }
    return offer;
  }

  Fd tap_;
  Mac mac_;
  Address address_;
  std::function<void(const Frame&)> hook_;
};

}  // namespace truce::network
