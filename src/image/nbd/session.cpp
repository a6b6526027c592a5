#include "nbd/session.h"

#include <algorithm>

namespace truce::image::nbd {
namespace {

using Patience = Transport::Patience;

// Writes are taken in such pieces, so that a large one needs no memory of its own.
constexpr std::size_t write_piece = std::size_t{256} << 10U;
constexpr std::uint64_t write_alignment = 65536;
constexpr std::uint32_t quick_to_free = 1U << 20U;  // longer ranges are left to the workers

// "Block status": a reply is bounded, and so is what may be looked up for it.
constexpr std::size_t most_states = 2048;
constexpr unsigned most_extents = 16384;
constexpr std::size_t state_bytes = 8;

std::uint32_t state_of(Kind kind) {
  if (kind == Kind::hole) return state_hole | state_zero;
  return kind == Kind::zero ? state_zero : 0;
}

bool changes(Command command) {
  return command == Command::write || command == Command::trim || command == Command::write_zeroes;
}

// The command flags that each command may have, by what the export offers.
std::uint16_t allowed_flags(Command command, std::uint16_t offered) {
  switch (command) {
    case Command::read:
      return command_df;
    case Command::write:
    case Command::trim:
      return command_fua;
    case Command::write_zeroes:
      return command_fua | command_no_hole |
             ((offered & flag_fast_zero) != 0 ? command_fast_zero : 0);
    case Command::block_status:
      return command_req_one;
    default:
      return 0;
  }
}

}  // namespace

Session::Session(Transport& transport, Inbox& inbox, const Agreement& agreed,
                 const ServerLimits& limits, Report report)
    : inbox_(inbox),
      disk_(*agreed.disk),
      base_allocation_(agreed.base_allocation),
      report_(std::move(report)),
      buffers_(limits.bytes_in_flight),
      outbox_(transport),
      replies_(outbox_, agreed.style),
      workers_(limits.workers, limits.requests_in_flight) {}

Result<void> Session::run() {
  for (;;) {
    auto more = take_request();
    outbox_.flush();
    TRY_VOID(outbox_.outcome());
    if (!more) return std::unexpected(std::move(more).error());
    if (!*more) return {};
  }
}

// All requests that have come; answers are held back until there is nothing more to do.
Result<bool> Session::take_request() {
  TRY(bool there, inbox_.need(request_bytes, Patience::endless));
  if (!there) return false;
  do {
    auto magic = be<std::uint32_t>(inbox_.ready(), 0);
    if (magic != request_magic) return fail(Code::corrupt, "a request begins with {:#x}", magic);
    auto request = parse_request(inbox_.ready());
    inbox_.drop(request_bytes);
    if (request.command == Command::disconnect) return false;
    TRY_VOID(act(request));
    if (outbox_.failed()) return false;
  } while (inbox_.ready().size() >= request_bytes);
  return true;
}

// What is wrong with a request; none: it can be done.
Failure Session::objection(const Request& request) const {
  auto command = request.command;
  if ((request.flags & ~allowed_flags(command, disk_.flags())) != 0) {
    return command == Command::write_zeroes && !disk_.read_only() &&
                   (request.flags & command_fast_zero) != 0
               ? Failure::not_supported
               : Failure::invalid;
  }
  if (changes(command) && disk_.read_only()) return Failure::not_permitted;
  if (command == Command::flush) return Failure::none;
  if (!inside(request.offset, request.length, disk_.size()))
    return changes(command) ? Failure::no_space : Failure::invalid;
  if (command == Command::read && request.length > largest_request) return Failure::too_large;
  if (command == Command::block_status && (!base_allocation_ || request.length == 0))
    return Failure::invalid;
  constexpr auto fast_and_allocated = command_fast_zero | command_no_hole;
  if (command == Command::write_zeroes &&
      (request.flags & fast_and_allocated) == fast_and_allocated)
    return Failure::not_supported;
  return Failure::none;
}

// While this thread waits for a worker, the workers may wait for memory that it holds back.
void Session::hand_over(std::function<void()> task) {
  if (workers_.full()) outbox_.flush();
  workers_.run(std::move(task));
}

Result<void> Session::act(const Request& request) {
  auto wrong = objection(request);
  if (request.command == Command::write) return write(request, wrong);
  if (wrong != Failure::none) {
    replies_.failed(request, wrong);
    return {};
  }
  switch (request.command) {
    case Command::read:
      read(request);
      return {};
    case Command::flush:
      hand_over([this, request] { flush(request); });
      return {};
    case Command::trim:
    case Command::write_zeroes:
      if (request.length <= quick_to_free && (request.flags & (command_fua | command_no_hole)) == 0)
        change(request);
      else
        hand_over([this, request] { change(request), outbox_.flush(); });
      return {};
    case Command::block_status:
      block_status(request);
      return {};
    default:
      replies_.failed(request, Failure::invalid);
      return {};
  }
}

// The peer learns the kind, the owner of the server all.
Failure Session::told(const Error& error) {
  if (report_) report_(error.message);
  switch (error.code) {
    case Code::invalid:
      return Failure::invalid;
    case Code::limit:
      return Failure::no_space;
    case Code::forbidden:
      return Failure::not_permitted;
    case Code::unsupported:
      return Failure::not_supported;
    default:
      return Failure::io;
  }
}

// The payload is taken whole whatever becomes of it: the next request lies behind it.
Result<void> Session::write(const Request& request, Failure wrong) {
  if (request.length > largest_request)
    return fail(Code::limit, "a write of {} bytes, at most {} are taken", request.length,
                largest_request);
  for (std::uint64_t at = request.offset, left = request.length; left > 0;) {
    auto piece = std::min<std::uint64_t>(left, write_piece);
    if (piece < left) piece -= (at + piece) % write_alignment;
    if (inbox_.ready().size() < piece) outbox_.flush();  // the client may wait for these answers
    TRY_VOID(inbox_.need_rest(piece));
    if (wrong == Failure::none) {
      auto written = disk_.write(at, inbox_.ready().first(piece));
      if (!written) wrong = told(written.error());
    }
    inbox_.drop(piece);
    at += piece;
    left -= piece;
  }
  if (wrong != Failure::none)
    replies_.failed(request, wrong);
  else if ((request.flags & command_fua) != 0)
    hand_over([this, request] { flush(request); });
  else
    replies_.done(request);
  return {};
}

void Session::change(const Request& request) {
  auto zeroing = (request.flags & command_no_hole) != 0 ? Disk::Zeroing::keep_allocated
                                                        : Disk::Zeroing::may_free;
  auto done = disk_.write_zeroes(request.offset, request.length, zeroing);
  if (done && (request.flags & command_fua) != 0) done = disk_.flush();
  if (done)
    replies_.done(request);
  else
    replies_.failed(request, told(done.error()));
}

void Session::flush(const Request& request) {
  auto done = disk_.flush();
  if (done)
    replies_.done(request);
  else
    replies_.failed(request, told(done.error()));
  outbox_.flush();
}

void Session::block_status(const Request& request) {
  struct State {
    std::uint32_t length, state;
  };
  std::vector<State> states;
  auto most = (request.flags & command_req_one) != 0 ? 1 : most_states;
  auto at = request.offset;
  for (unsigned count = 0; at < request.end() && count < most_extents; ++count) {
    auto extent = disk_.extent(at, request.end() - at);
    if (!extent && states.empty()) return replies_.failed(request, told(extent.error()));
    if (!extent) break;
    auto length = static_cast<std::uint32_t>(extent->length);
    auto state = state_of(extent->kind);
    if (!states.empty() && states.back().state == state) {
      states.back().length += length;
    } else {
      if (states.size() == most) break;
      states.push_back({length, state});
    }
    at += length;
  }
  auto pairs = buffer(states.size() * state_bytes, Waiting::allowed);
  for (std::size_t i = 0; i < states.size(); ++i) {
    put_be<std::uint32_t>(pairs->bytes(), i * state_bytes, states[i].length);
    put_be<std::uint32_t>(pairs->bytes(), i * state_bytes + 4, states[i].state);
  }
  replies_.status(request, *std::move(pairs));
}

}  // namespace truce::image::nbd
