#include "stream/raw_stream.h"

#include <algorithm>
#include <array>

#include "byte_order.h"

namespace truce::image {
namespace {

constexpr std::size_t piece_length = std::size_t{1} << 20, footer_length = 512;

}  // namespace

RawStream::RawStream(PipeReader from, std::optional<std::uint64_t> size, Sure sure)
    : from_(std::move(from)), size_(size), sure_(sure) {
  description_.format = "raw";
  description_.size = size_.value_or(0);
}

// A fixed VHD is told by its last bytes alone.
Result<void> RawStream::check_end() {
  constexpr std::string_view cookie = "conectix";
  auto end = View(tail_);
  if (sure_ == Sure::no && end.size() == footer_length &&
      std::ranges::equal(end.first(cookie.size()), std::as_bytes(std::span(cookie)))) {
    return fail(Code::precondition,
                "{}: ends like a fixed VHD: save it to a file first, or say -f raw", from_.name());
  }
  if (size_ && from_.position() != *size_) {
    return fail(Code::corrupt, "{}: the stream ends after {} bytes, {} were announced",
                from_.name(), from_.position(), *size_);
  }
  description_.size = from_.position();
  ended_ = true;
  return {};
}

// Nobody asks for more than the announced size: that there is no more is looked at here.
Result<void> RawStream::expect_end() {
  std::array<std::byte, 1> more{};
  TRY(auto got, from_.some(more));
  if (got == 0) return {};
  return fail(Code::corrupt, "{}: the stream is longer than the {} bytes that were announced",
              from_.name(), *size_);
}

Result<std::optional<Stream::Piece>> RawStream::next() {
  while (!ended_) {
    Piece piece{.start = from_.position(), .bytes = std::vector<std::byte>(piece_length)};
    TRY(auto length, from_.some(piece.bytes));
    piece.bytes.resize(length);
    piece.length = length;
    if (size_ && from_.position() > *size_) {
      return fail(Code::corrupt, "{}: the stream is longer than the {} bytes that were announced",
                  from_.name(), *size_);
    }
    tail_.insert(tail_.end(),
                 piece.bytes.end() - static_cast<std::ptrdiff_t>(std::min(length, footer_length)),
                 piece.bytes.end());
    if (tail_.size() > footer_length)
      tail_.erase(tail_.begin(), tail_.end() - static_cast<std::ptrdiff_t>(footer_length));
    bool complete = size_ && from_.position() == *size_;
    if (complete) TRY_VOID(expect_end());
    if (length < piece_length || complete) TRY_VOID(check_end());
    if (length > 0 && !all_zero(piece.bytes)) return piece;
  }
  return std::nullopt;
}

Result<void> RawStream::decode(const Piece& piece, Span into) const {
  std::ranges::copy(piece.bytes, into.begin());
  return {};
}

}  // namespace truce::image
