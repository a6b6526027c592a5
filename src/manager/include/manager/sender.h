// What carries alarms' messages out.
#pragma once

#include <string>

#include "base/async.h"
#include "base/result.h"

namespace truce::manager {

/// Where mails are given in.
struct MailSettings {
  std::string server;         ///< smtp://HOST:PORT or smtps://HOST:PORT; empty: no mails
  std::string from;           ///< sender's address
  std::string user;           ///< to sign in with; empty: no
  std::string password_file;  ///< read for each mail
};

/// That mails could be sent with these. Code::invalid names the option at fault.
Result<void> check_mail_settings(const MailSettings& settings);

/// Delivers one message to one receiver, within a limit of its own. An error says why in words that
/// hold no secret of the receiver's address. Used from one loop.
class Sender {
 public:
  /// So many at the same time; more wait for one another.
  static constexpr std::size_t at_once = 16;

  virtual ~Sender() = default;
  /// Posts a JSON document. Done when the receiver has answered with a status of 200 to 299.
  virtual Async<Result<void>> post(std::string url, std::string document) = 0;
  /// Gives in a mail, header and body. Done when the server has taken it over.
  virtual Async<Result<void>> mail(std::string to, std::string text) = 0;
  /// Breaks off what is under way, within a second.
  virtual void stop() = 0;
};

}  // namespace truce::manager
