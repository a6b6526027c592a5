// The model of a host (tests/peers/hyperv), with pywinrm as another client.
#pragma once

#include "../../platform/tests/model_peer.h"

namespace truce::hyperv {

class Peer : public platform::ModelPeer {
 public:
  Peer() : ModelPeer("hyperv", "Administrator", "127.0.0.1:0") {}
  int logins() { return std::stoi(order({"logins"})); }
  /// Why nothing can be tested here; empty: it can.
  static std::string why_not() {
    if (!std::filesystem::exists("/usr/bin/ntlm_auth")) return "winbind is not installed";
    if (!std::filesystem::exists("/usr/lib/python3/dist-packages/winrm"))
      return "python3-winrm is not installed";
    return {};
  }
};

}  // namespace truce::hyperv
