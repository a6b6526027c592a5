// Answers to requests, as the negotiation wants them.
#pragma once

#include "nbd/outbox.h"
#include "nbd/wire.h"

namespace truce::image::nbd {

enum class Style { simple, structured };

/// Puts answers together and holds them in the outbox. Thread-safe, as the outbox is.
class Replies {
 public:
  Replies(Outbox& outbox, Style style) : outbox_(outbox), style_(style) {}
  [[nodiscard]] bool structured() const { return style_ == Style::structured; }
  enum class Last { no, yes };

  void done(const Request& request);
  void failed(const Request& request, Failure failure);
  /// Of a read or a block status after which other parts were answered well.
  void failed_at(const Request& request, Failure failure, std::uint64_t offset);
  /// Bytes of a read; a simple answer takes all of them at once.
  void data(const Request& request, std::uint64_t offset, Buffer bytes, Last last);
  void hole(const Request& request, std::uint64_t offset, std::uint32_t length, Last last);
  /// `pairs` as they stand in the protocol.
  void status(const Request& request, Buffer pairs);

 private:
  [[nodiscard]] static Message chunk(const Request& request, Chunk type, Last last,
                                     std::size_t fixed, std::size_t body);
  Outbox& outbox_;
  Style style_;
};

}  // namespace truce::image::nbd
