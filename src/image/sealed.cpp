#include "sealed.h"

#include "byte_order.h"

namespace truce::image {
namespace {

constexpr std::size_t digest_bytes = 8;

std::string_view as_text(View bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::uint64_t digest_of(View content) {
  std::uint64_t digest = 0xcbf29ce484222325;
  for (auto byte : content)
    digest = (digest ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
  return digest;
}

std::uint64_t digest_of(std::string_view content) {
  return digest_of(std::as_bytes(std::span(content)));
}

SealedWriter::SealedWriter(Mark mark) {
  text(mark);
}

void SealedWriter::number(std::uint64_t value) {
  content_.resize(content_.size() + 8);
  put_le<std::uint64_t>(content_, content_.size() - 8, value);
}

void SealedWriter::bytes(View value) {
  number(value.size());
  content_.insert(content_.end(), value.begin(), value.end());
}

void SealedWriter::text(std::string_view value) {
  bytes(std::as_bytes(std::span(value)));
}

std::vector<std::byte> SealedWriter::seal() && {
  number(digest_of(content_));
  return std::move(content_);
}

Result<SealedReader> SealedReader::open(View content, Mark mark) {
  if (content.size() < digest_bytes) return fail(Code::corrupt, "it is cut off");
  auto fields = content.first(content.size() - digest_bytes);
  if (digest_of(fields) != le<std::uint64_t>(content, fields.size()))
    return fail(Code::corrupt, "its checksum is wrong");
  SealedReader reader(fields);
  TRY(auto found, reader.text(mark.size()));
  if (found != mark) return fail(Code::corrupt, "it is of another kind or version");
  return reader;
}

Result<std::uint64_t> SealedReader::number() {
  if (rest_.size() < 8) return fail(Code::corrupt, "it ends early");
  auto value = le<std::uint64_t>(rest_, 0);
  rest_ = rest_.subspan(8);
  return value;
}

Result<View> SealedReader::bytes(std::size_t limit) {
  TRY(auto length, number());
  if (length > limit || length > rest_.size())
    return fail(Code::corrupt, "a field of {} bytes: at most {} can be there", length,
                std::min(limit, rest_.size()));
  auto value = rest_.first(length);
  rest_ = rest_.subspan(length);
  return value;
}

Result<std::string> SealedReader::text(std::size_t limit) {
  TRY(auto value, bytes(limit));
  return std::string(as_text(value));
}

Result<void> SealedReader::end() const {
  if (!rest_.empty()) return fail(Code::corrupt, "{} bytes too many", rest_.size());
  return {};
}

}  // namespace truce::image
