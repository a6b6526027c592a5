// What goes over the wire. All numbers are big end first. Source: "The NBD protocol", doc/proto.md
// of the NetworkBlockDevice project, by the sections named here.
#pragma once

#include <array>
#include <cstdint>

#include "byte_order.h"

namespace truce::image::nbd {

// "Newstyle negotiation", "Fixed newstyle negotiation".
constexpr std::uint64_t greeting_magic = 0x4e42444d41474943;  // NBDMAGIC
constexpr std::uint64_t option_magic = 0x49484156454f5054;    // IHAVEOPT
constexpr std::uint64_t option_reply_magic = 0x0003e889045565a9;
// "Handshake flags"; the client's have the same bits.
constexpr std::uint16_t handshake_fixed_newstyle = 1U << 0U, handshake_no_zeroes = 1U << 1U;

// "Option types".
enum class Option : std::uint32_t {
  export_name = 1,
  abort = 2,
  list = 3,
  starttls = 5,
  info = 6,
  go = 7,
  structured_reply = 8,
  list_meta_context = 9,
  set_meta_context = 10,
};

// "Option reply types".
enum class OptionReply : std::uint32_t {
  ack = 1,
  server = 2,
  info = 3,
  meta_context = 4,
  error_unsupported = 0x80000001,
  error_policy = 0x80000002,
  error_invalid = 0x80000003,
  error_tls_required = 0x80000005,
  error_unknown = 0x80000006,
  error_too_big = 0x80000009,
};

// "NBD_REP_INFO": what a piece of information is.
enum class Fact : std::uint16_t { size = 0, name = 1, description = 2, block_size = 3 };

// "Transmission flags".
constexpr std::uint16_t has_flags = 1U << 0U, flag_read_only = 1U << 1U, flag_flush = 1U << 2U,
                        flag_fua = 1U << 3U, flag_trim = 1U << 5U, flag_write_zeroes = 1U << 6U,
                        flag_df = 1U << 7U, flag_multi_conn = 1U << 8U, flag_fast_zero = 1U << 11U;

// "Request types" and "Command flags".
enum class Command : std::uint16_t {
  read = 0,
  write = 1,
  disconnect = 2,
  flush = 3,
  trim = 4,
  write_zeroes = 6,
  block_status = 7,
};
constexpr std::uint16_t command_fua = 1U << 0U, command_no_hole = 1U << 1U, command_df = 1U << 2U,
                        command_req_one = 1U << 3U, command_fast_zero = 1U << 4U;

// "Request message".
constexpr std::uint32_t request_magic = 0x25609513;
constexpr std::size_t request_bytes = 28;
struct Request {
  std::uint16_t flags = 0;
  Command command = Command::read;
  std::uint64_t cookie = 0, offset = 0;
  std::uint32_t length = 0;
  [[nodiscard]] std::uint64_t end() const { return offset + length; }
};
/// Of `request_bytes` whose magic has been checked.
inline Request parse_request(View bytes) {
  return {.flags = be<std::uint16_t>(bytes, 4),
          .command = static_cast<Command>(be<std::uint16_t>(bytes, 6)),
          .cookie = be<std::uint64_t>(bytes, 8),
          .offset = be<std::uint64_t>(bytes, 16),
          .length = be<std::uint32_t>(bytes, 24)};
}

// "Simple reply message": magic, error, cookie. "Structured reply chunk message": magic, flags,
// type, cookie, length of what follows.
constexpr std::uint32_t simple_reply_magic = 0x67446698, structured_reply_magic = 0x668e33ef;
constexpr std::size_t simple_reply_bytes = 16, structured_reply_bytes = 20;
constexpr std::uint16_t chunk_done = 1U << 0U;
enum class Chunk : std::uint16_t {
  none = 0,
  offset_data = 1,   // offset, the bytes
  offset_hole = 2,   // offset, 32 bits of length
  block_status = 5,  // context's number, then pairs of 32 bits: length, state
  error = 0x8001,    // error, 16 bits of message's length, the message
  error_offset = 0x8002,
};

// "Metadata contexts", "The base: metadata namespace".
constexpr std::string_view base_allocation = "base:allocation";
constexpr std::uint32_t base_allocation_number = 1, state_hole = 1U << 0U, state_zero = 1U << 1U;

// "Error values".
enum class Failure : std::uint32_t {
  none = 0,
  not_permitted = 1,
  io = 5,
  invalid = 22,
  no_space = 28,
  too_large = 75,
  not_supported = 95,
};

// "Size constraints": what every client may expect, and what we allow.
constexpr std::uint32_t preferred_block = 4096, largest_request = std::uint32_t{32} << 20U;
// "Conventions": strings.
constexpr std::size_t longest_string = 4096;

}  // namespace truce::image::nbd
