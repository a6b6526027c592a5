#include "tar/tar_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "byte_order.h"
#include "tar/tar_layout.h"

namespace truce::image::package {
namespace {

constexpr std::size_t largest_extended = 65536;  // bytes of a pax header or of a long name
constexpr std::size_t notes_limit = 100;

std::string_view text_of(View header, tar::Field field) {
  const auto* begin = reinterpret_cast<const char*>(header.data() + field.at);
  return {begin, ::strnlen(begin, field.size)};
}

/// Octal digits between spaces, or, when the first bit is set, a big-endian number [GNU tar].
std::optional<std::uint64_t> number_of(View header, tar::Field field) {
  auto bytes = header.subspan(field.at, field.size);
  auto first = std::to_integer<std::uint8_t>(bytes[0]);
  std::uint64_t value = 0;
  if ((first & 0x80) != 0) {
    if (first != 0x80) return std::nullopt;  // negative, or beyond 64 bits
    for (auto byte : bytes.subspan(1)) {
      if (value >> 56 != 0) return std::nullopt;
      value = value << 8 | std::to_integer<std::uint64_t>(byte);
    }
    return value;
  }
  auto text = text_of(header, field);
  auto begin = text.find_first_not_of(' ');
  if (begin == text.npos) return 0;
  text = text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool checksum_is_right(View header) {
  auto stated = number_of(header, tar::checksum);
  auto sums = tar::sums(header);
  return stated && (*stated == sums.of_unsigned ||
                    (sums.of_signed >= 0 && *stated == static_cast<std::uint64_t>(sums.of_signed)));
}

/// The name without `.` parts; empty for the archive's own folder.
Result<std::string> clean_name(std::string_view given, const std::string& archive) {
  if (given.size() > TarReader::longest_name)
    return fail(Code::limit, "{}: a member's name has {} bytes", archive, given.size());
  bool control =
      std::ranges::any_of(given, [](char c) { return static_cast<unsigned char>(c) < 32; });
  if (control || given.empty())
    return fail(Code::corrupt, "{}: a member's name is empty or has control characters", archive);
  if (given.front() == '/')
    return fail(Code::forbidden, "{}: member '{}' has an absolute name", archive, given);
  std::string name;
  for (std::size_t at = 0; at <= given.size();) {
    auto end = std::min(given.find('/', at), given.size());
    auto part = given.substr(at, end - at);
    if (part == "..")
      return fail(Code::forbidden, "{}: the name of member '{}' leads outside", archive, given);
    if (!part.empty() && part != ".") name += (name.empty() ? "" : "/") + std::string(part);
    at = end + 1;
  }
  return name;
}

}  // namespace

bool looks_like_tar(View head) {
  return head.size() >= tar::block && !all_zero(head.first(tar::block)) && checksum_is_right(head);
}

void TarReader::note(std::string text) {
  if (notes_.size() < notes_limit) notes_.push_back(std::move(text));
}

/// The block at `at_`; none when the file ends exactly there.
Result<std::optional<View>> TarReader::header() {
  auto size = file_.size();
  if (at_ == size) return std::nullopt;
  if (!inside(at_, tar::block, size))
    return fail(Code::corrupt, "{}: the archive ends in the middle of a header", file_.name());
  if (at_ < window_start_ || !inside(at_ - window_start_, tar::block, window_size_)) {
    window_start_ = at_;
    window_size_ = std::min<std::uint64_t>(window_.size(), size - at_);
    TRY_VOID(file_.read(at_, Span(window_).first(window_size_)));
  }
  return View(window_).subspan(at_ - window_start_, tar::block);
}

/// At a block of zeros: two of them end an archive.
Result<void> TarReader::end_of_archive() {
  at_ += tar::block;
  TRY(auto second, header());
  if (second && !all_zero(*second)) note("data follows a block of zeros: it is not looked at");
  return {};
}

Result<void> TarReader::step_over(std::uint64_t size) {
  auto padded = round_up(size, tar::block);
  at_ += tar::block;
  // The last member's padding may be missing.
  if (!inside(at_, size, file_.size())) {
    return fail(Code::corrupt,
                "{}: a member of {} bytes begins at byte {}, and the archive ends at byte {}",
                file_.name(), size, at_, file_.size());
  }
  at_ = std::min(at_ + padded, std::max(file_.size(), at_));
  return {};
}

/// [POSIX.1-2017 pax, pax Extended Header]: records of `LENGTH KEY=VALUE\n`.
Result<void> TarReader::read_pax(std::string_view records, Extended& into) {
  while (!records.empty()) {
    std::size_t length = 0;
    auto [end, error] = std::from_chars(records.data(), records.data() + records.size(), length);
    auto digits = static_cast<std::size_t>(end - records.data());
    bool right = error == std::errc{} && length > digits + 1 && length <= records.size() &&
                 records[digits] == ' ' && records[length - 1] == '\n';
    auto equals = right ? records.find('=', digits) : records.npos;
    if (!right || equals >= length)
      return fail(Code::corrupt, "{}: a pax header is malformed", file_.name());
    auto key = records.substr(digits + 1, equals - digits - 1);
    auto value = records.substr(equals + 1, length - equals - 2);
    if (key == "path") into.name = value;
    if (key.starts_with("GNU.sparse")) {
      return fail(Code::unsupported, "{}: sparse members are not read: pack it without --sparse",
                  file_.name());
    }
    if (key == "size") {
      std::uint64_t size = 0;
      auto [last, wrong] = std::from_chars(value.data(), value.data() + value.size(), size);
      if (wrong != std::errc{} || last != value.data() + value.size())
        return fail(Code::corrupt, "{}: a pax header has the size '{}'", file_.name(), value);
      into.size = size;
    }
    records.remove_prefix(length);
  }
  return {};
}

/// A header that only speaks of the next one.
Result<void> TarReader::read_extended(char type, std::uint64_t size, Extended& into) {
  if (size > largest_extended)
    return fail(Code::limit, "{}: an extended header has {} bytes", file_.name(), size);
  auto start = at_ + tar::block;
  TRY_VOID(step_over(size));
  if (type == 'g') return {};  // of the whole archive: comments, in practice
  std::string content(size, '\0');
  TRY_VOID(file_.read(start, std::as_writable_bytes(std::span(content))));
  if (type == 'x') return read_pax(content, into);
  if (type == 'L') into.name = content.substr(0, content.find('\0'));
  return {};
}

Result<bool> TarReader::wanted(char type, const std::string& name) {
  constexpr std::string_view links = "12", devices = "346";
  if (links.contains(type))
    return fail(Code::forbidden, "{}: member '{}' is a link", file_.name(), name);
  if (devices.contains(type))
    return fail(Code::forbidden, "{}: member '{}' is a device or a pipe", file_.name(), name);
  if (type == '5') return false;
  if (type != '0' && type != '\0' && type != '7') {
    return fail(Code::unsupported, "{}: member '{}' is of the unknown type {:#04x}", file_.name(),
                name, static_cast<unsigned char>(type));
  }
  if (name.empty()) return fail(Code::corrupt, "{}: a member has no name", file_.name());
  auto base = name.substr(name.rfind('/') + 1);
  if (!base.starts_with("._")) return true;
  note(fmt::format("{}: left behind by macOS, not looked at", name));
  return false;
}

Result<std::optional<Member>> TarReader::next() {
  Extended extended;
  for (;;) {
    TRY(auto found, header());
    if (!found) {
      note("the archive has no end mark: was it cut off?");
      return std::nullopt;
    }
    if (all_zero(*found)) {
      TRY_VOID(end_of_archive());
      return std::nullopt;
    }
    if (members_left_-- == 0) {
      members_left_ = 0;
      return fail(Code::limit, "{}: the archive has too many members", file_.name());
    }
    if (!checksum_is_right(*found)) {
      return fail(Code::corrupt, "{}: no tar header at byte {}: its checksum is wrong",
                  file_.name(), at_);
    }
    auto size = number_of(*found, tar::size);
    if (!size)
      return fail(Code::corrupt, "{}: the header at byte {} has no valid size", file_.name(), at_);
    auto type = static_cast<char>((*found)[tar::type_at]);
    if (type == 'x' || type == 'g' || type == 'L' || type == 'K') {
      TRY_VOID(read_extended(type, *size, extended));
      continue;
    }
    std::string given(text_of(*found, tar::name));
    bool posix = text_of(*found, {tar::magic.at, 6}) == "ustar";  // GNU has spaces after it
    if (auto prefix = text_of(*found, tar::prefix); posix && !prefix.empty())
      given = std::string(prefix) + "/" + given;
    TRY(auto name, clean_name(extended.name.value_or(given), file_.name()));
    TRY(bool take, wanted(type, name));
    Member member{std::move(name), at_ + tar::block,
                  type == '5' ? 0 : extended.size.value_or(*size)};
    TRY_VOID(step_over(member.size));
    if (take) return member;
    extended = {};
  }
}

}  // namespace truce::image::package
