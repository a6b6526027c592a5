#include "nbd/replies.h"

namespace truce::image::nbd {
namespace {

Message simple(const Request& request, Failure failure) {
  Message message;
  put_be<std::uint32_t>(message.head, 0, simple_reply_magic);
  put_be<std::uint32_t>(message.head, 4, static_cast<std::uint32_t>(failure));
  put_be<std::uint64_t>(message.head, 8, request.cookie);
  message.head_size = simple_reply_bytes;
  return message;
}

}  // namespace

// The head of a chunk and room for `fixed` bytes of its payload behind it.
Message Replies::chunk(const Request& request, Chunk type, Last last, std::size_t fixed,
                       std::size_t body) {
  Message message;
  put_be<std::uint32_t>(message.head, 0, structured_reply_magic);
  put_be<std::uint16_t>(message.head, 4, last == Last::yes ? chunk_done : 0);
  put_be<std::uint16_t>(message.head, 6, static_cast<std::uint16_t>(type));
  put_be<std::uint64_t>(message.head, 8, request.cookie);
  put_be<std::uint32_t>(message.head, 16, static_cast<std::uint32_t>(fixed + body));
  message.head_size = structured_reply_bytes + fixed;
  return message;
}

void Replies::done(const Request& request) {
  outbox_.hold(structured() ? chunk(request, Chunk::none, Last::yes, 0, 0)
                            : simple(request, Failure::none));
}

// The message is left empty: ours name files of this host.
void Replies::failed(const Request& request, Failure failure) {
  if (!structured()) return outbox_.hold(simple(request, failure));
  auto message = chunk(request, Chunk::error, Last::yes, 6, 0);
  put_be<std::uint32_t>(message.head, structured_reply_bytes, static_cast<std::uint32_t>(failure));
  put_be<std::uint16_t>(message.head, structured_reply_bytes + 4, 0);
  outbox_.hold(std::move(message));
}

void Replies::failed_at(const Request& request, Failure failure, std::uint64_t offset) {
  if (!structured()) return outbox_.hold(simple(request, failure));
  auto message = chunk(request, Chunk::error_offset, Last::yes, 14, 0);
  put_be<std::uint32_t>(message.head, structured_reply_bytes, static_cast<std::uint32_t>(failure));
  put_be<std::uint16_t>(message.head, structured_reply_bytes + 4, 0);
  put_be<std::uint64_t>(message.head, structured_reply_bytes + 6, offset);
  outbox_.hold(std::move(message));
}

void Replies::data(const Request& request, std::uint64_t offset, Buffer bytes, Last last) {
  Message message;
  if (structured()) {
    message = chunk(request, Chunk::offset_data, last, 8, bytes.bytes().size());
    put_be<std::uint64_t>(message.head, structured_reply_bytes, offset);
  } else {
    message = simple(request, Failure::none);
  }
  message.body = std::move(bytes);
  outbox_.hold(std::move(message));
}

void Replies::hole(const Request& request, std::uint64_t offset, std::uint32_t length, Last last) {
  auto message = chunk(request, Chunk::offset_hole, last, 12, 0);
  put_be<std::uint64_t>(message.head, structured_reply_bytes, offset);
  put_be<std::uint32_t>(message.head, structured_reply_bytes + 8, length);
  outbox_.hold(std::move(message));
}

void Replies::status(const Request& request, Buffer pairs) {
  auto message = chunk(request, Chunk::block_status, Last::yes, 4, pairs.bytes().size());
  put_be<std::uint32_t>(message.head, structured_reply_bytes, base_allocation_number);
  message.body = std::move(pairs);
  outbox_.hold(std::move(message));
}

}  // namespace truce::image::nbd
