// What receivers of alarms read. Pure.
#pragma once

#include <string>

#include "model/model.h"

namespace truce::manager {

/// The document for webhooks. `server` is where the API and the console are.
model::AlarmNotice notice_of(const model::AlarmMessage& message, const std::string& server);

/// Who sends a mail to whom.
struct Envelope {
  std::string from;
  std::string to;
};

/// A whole mail, header and body, with CRLF. [RFC 5322, RFC 2045] Nothing that a name or a
/// description has in it gets into the header: names cannot hold it, and the rest is in the body.
std::string mail_of(const model::AlarmMessage& message, const Envelope& envelope,
                    const std::string& server);

}  // namespace truce::manager
