// Signing in by NTLM ([MS-NLMP]), through the system's GSSAPI and its plug-in gss-ntlmssp.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace truce::hyperv {

/// One sign-in on one connection. Its tokens go to the server and come from it; the password does
/// not leave this process.
class Negotiation {
 public:
  /// Code::unsupported: the plug-in is not installed.
  static Result<Negotiation> begin(const std::string& user, const SecretPtr& password);
  Negotiation(Negotiation&&) noexcept;
  ~Negotiation();

  /// The next token, after what the server has sent; nothing at first. Code::corrupt: what it has
  /// sent is no token.
  Result<std::string> step(std::string_view received);

 private:
  struct State;
  explicit Negotiation(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace truce::hyperv
