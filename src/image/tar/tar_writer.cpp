#include "tar/tar_writer.h"

#include <array>
#include <cstring>

#include "byte_order.h"
#include "tar/tar_layout.h"

namespace truce::image::package {
namespace {

constexpr std::uint64_t octal_limit = std::uint64_t{1} << 33;  // eleven digits
constexpr std::uint64_t record = 10240;  // archives are padded to it [GNU tar, Blocking]

void put_text(Span header, tar::Field field, std::string_view text) {
  std::memcpy(header.data() + field.at, text.data(), std::min(text.size(), field.size));
}

void put_number(Span header, tar::Field field, std::uint64_t value) {
  auto digits = static_cast<int>(field.size) - 1;
  if (field.size < 12 || value < octal_limit) {
    put_text(header, field, fmt::format("{:0{}o}", value, digits));
    return;
  }
  header[field.at] = std::byte{0x80};
  put_be<std::uint64_t>(header, field.at + field.size - 8, value);
}

}  // namespace

Result<void> TarWriter::put(View bytes) {
  written_ += bytes.size();
  return to_.write(bytes);
}

Result<void> TarWriter::pad(std::uint64_t unit) {
  static constexpr std::array<std::byte, record> zeroes{};
  auto over = written_ % unit;
  return over == 0 ? Result<void>{} : put(View(zeroes).first(unit - over));
}

Result<void> TarWriter::begin(std::string_view name, std::uint64_t size) {
  TRUCE_ASSERT(left_ == 0, "the member before must have ended");
  if (name.empty() || name.size() > tar::name.size)
    return fail(Code::invalid, "'{}' is too long a name for a member of a package", name);
  std::array<std::byte, tar::block> header{};
  put_text(header, tar::name, name);
  put_number(header, tar::mode, 0644);
  put_number(header, tar::uid, 0);
  put_number(header, tar::gid, 0);
  put_number(header, tar::size, size);
  put_number(header, tar::modified, modified_ > 0 ? static_cast<std::uint64_t>(modified_) : 0);
  header[tar::type_at] = std::byte{'0'};
  put_text(header, tar::magic,
           std::string_view("ustar\0"
                            "00",
                            8));
  put_text(header, tar::checksum, fmt::format("{:06o}", tar::sums(header).of_unsigned));
  header[tar::checksum.at + 6] = std::byte{0};
  header[tar::checksum.at + 7] = std::byte{' '};
  left_ = size;
  return put(header);
}

Result<void> TarWriter::write(View bytes) {
  TRUCE_ASSERT(bytes.size() <= left_, "no more bytes than were announced");
  left_ -= bytes.size();
  return put(bytes);
}

Result<void> TarWriter::end() {
  TRUCE_ASSERT(left_ == 0, "as many bytes as were announced");
  return pad(tar::block);
}

Result<void> TarWriter::file(std::string_view name, View content) {
  TRY_VOID(begin(name, content.size()));
  TRY_VOID(write(content));
  return end();
}

Result<void> TarWriter::finish() {
  std::array<std::byte, 2 * tar::block> zeroes{};
  TRY_VOID(put(zeroes));
  return pad(record);
}

}  // namespace truce::image::package
