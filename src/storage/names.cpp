#include "names.h"

#include <algorithm>

namespace truce::storage {

namespace {

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, is_word_character);
}

}  // namespace

Result<void> check_vm_uuid(std::string_view text) {
  if (is_word(text)) return {};
  return fail(Code::invalid, "'{}' is not the id of a machine", text);
}

Result<void> check_disk_id(std::string_view text) {
  auto slash = text.find('/');
  if (slash != text.npos && is_word(text.substr(0, slash)) && is_word(text.substr(slash + 1))) {
    return {};
  }
  return fail(Code::invalid, "'{}' is not the id of a disk", text);
}

Result<void> check_template_name(std::string_view text) {
  auto at = std::min(text.find('@'), text.size());
  auto family = text.substr(0, at);
  auto version = text.substr(std::min(at + 1, text.size()));
  bool good =
      !family.empty() && family.size() <= 64 && family[0] != '.' &&
      std::ranges::all_of(family, [](char c) { return is_word_character(c) || c == '.'; }) &&
      (at == text.size() || !version.empty()) && version.size() <= 10 &&
      std::ranges::all_of(version, [](char c) { return c >= '0' && c <= '9'; });
  if (good) return {};
  return fail(Code::invalid, "'{}' is not the name of a template", text);
}

Result<void> check_upload_name(std::string_view text) {
  auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (text.size() >= 16 && text.size() <= 64 && std::ranges::all_of(text, is_digit)) return {};
  return fail(Code::invalid, "'{}' is not the name of an upload", text);
}

Result<void> check_pool_name(std::string_view text) {
  if (is_word(text)) return {};
  return fail(Code::invalid, "'{}' is not the name of a pool", text);
}

}  // namespace truce::storage
