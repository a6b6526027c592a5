// The model of a pool (tests/peers/xapi), with XenAPI.py as another client.
#pragma once

#include "../../platform/tests/model_peer.h"

namespace truce::xapi {

class Peer : public platform::ModelPeer {
 public:
  /// At an address of its own (`127.0.0.2:4433`), or wherever there is room.
  explicit Peer(std::string address = "127.0.0.1:0")
      : ModelPeer("xapi", "root", std::move(address)) {}
  int count(const std::string& kind) { return std::stoi(order({"count", kind})); }
  static bool has_other() { return std::filesystem::exists("/usr/share/fence/XenAPI.py"); }
};

}  // namespace truce::xapi
