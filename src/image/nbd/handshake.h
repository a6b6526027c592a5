// The first part of a connection: which export, and how to talk about it.
#pragma once

#include <optional>
#include <span>

#include "nbd/disk.h"
#include "nbd/replies.h"
#include "nbd/transport.h"

namespace truce::image::nbd {

using Disks = std::span<const std::unique_ptr<Disk>>;

/// What was agreed on.
struct Agreement {
  Disk* disk = nullptr;
  Style style = Style::simple;
  bool base_allocation = false;  ///< block status may be asked for
};

/// Fixed newstyle negotiation, as the server. None when the client ended it as it may; errors end
/// the connection.
class Handshake {
 public:
  Handshake(Transport& transport, Inbox& inbox, Disks disks)
      : transport_(transport), inbox_(inbox), disks_(disks) {}
  Result<std::optional<Agreement>> run();

 private:
  enum class Next { more, transmission, end };
  Result<void> greet();
  Result<Next> option();
  Result<Next> act(Option option, View data);
  Result<Next> export_name(View data);
  Result<Next> list(View data);
  Result<Next> info(Option option, View data);
  Result<Next> starttls(View data);
  Result<Next> structured_reply(View data);
  Result<Next> meta_context(Option option, View data);
  Result<Next> reply(Option option, OptionReply type, View data = {});
  [[nodiscard]] Disk* find(View name) const;

  Transport& transport_;
  Inbox& inbox_;
  Disks disks_;
  bool no_zeroes_ = false;
  Agreement agreed_;
  Disk* allocation_of_ = nullptr;  // for which base:allocation was chosen
};

}  // namespace truce::image::nbd
