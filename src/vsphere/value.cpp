#include "value.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

#include "base/xml.h"

namespace truce::vsphere {

namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string_view Value::name() const {
  return local_name(node_.name());
}

std::string_view Value::type() const {
  for (auto attribute : node_.attributes()) {
    std::string_view name = attribute.name();
    if (name.ends_with(":type")) return local_name(attribute.value());
  }
  return {};
}

std::int64_t Value::number() const {
  std::string_view text = node_.child_value();
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? number : 0;
}

Bytes Value::bytes(std::uint64_t unit) const {
  auto count = number();
  std::uint64_t product = 0;
  if (count < 0 || __builtin_mul_overflow(static_cast<std::uint64_t>(count), unit, &product))
    return {};
  return {product};
}

// xsd:dateTime: `2026-11-22T11:13:47.120123Z`, `…+02:00`. Zones are subtracted here.
Time Value::time() const {
  auto text = this->text();
  std::chrono::minutes zone{0};
  if (text.size() > 19) {
    auto at = text.find_first_of("Z+-", 19);
    auto offset = at == std::string::npos ? std::string() : text.substr(at);
    text.resize(std::min(at, text.size()));
    if (offset.size() == 6 && offset[3] == ':') {
      zone =
          std::chrono::minutes(std::atoi(offset.c_str() + 1) * 60 + std::atoi(offset.c_str() + 4));
      if (offset[0] == '-') zone = -zone;
    }
  }
  text.resize(std::min<std::size_t>(text.size(), 23));
  if (text.size() == 19) text += ".000";
  while (text.size() > 19 && text.size() < 23) text += '0';
  auto time = parse_time(text + "Z");
  return time ? *time - zone : Time{};
}

Ref Value::ref() const {
  Ref ref{{}, text()};
  for (auto attribute : node_.attributes())
    if (std::string_view(attribute.name()) == "type") ref.type = attribute.value();
  return ref;
}

Value Value::operator[](std::string_view child) const {
  for (auto node : node_.children())
    if (local_name(node.name()) == child) return Value(node);
  return {};
}

Value parse(pugi::xml_document& document, std::string_view text) {
  auto parsed =
      document.load_buffer(text.data(), text.size(), pugi::parse_default, pugi::encoding_utf8);
  return parsed ? Value(document.document_element()) : Value();
}

std::string to_xml(std::string_view tag, const Ref& ref) {
  return fmt::format("<{0} type=\"{1}\">{2}</{0}>", tag, escape_xml(ref.type),
                     escape_xml(ref.value));
}

std::string to_xml(std::string_view tag, std::string_view text) {
  return fmt::format("<{0}>{1}</{0}>", tag, escape_xml(text));
}

std::string flag_xml(std::string_view tag, bool flag) {
  return fmt::format("<{0}>{1}</{0}>", tag, flag);
}

std::string unescape_name(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    bool code = name[i] == '%' && i + 2 < name.size();
    int value = code ? digit(name[i + 1]) * 16 + digit(name[i + 2]) : -1;
    if (value == '/' || value == '\\' || value == '%') {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += name[i];
    }
  }
  return out;
}

std::string escape_name(std::string_view name) {
  std::string out;
  for (char c : name) {
    if (c == '/')
      out += "%2f";
    else if (c == '\\')
      out += "%5c";
    else if (c == '%')
      out += "%25";
    else
      out += c;
  }
  return out;
}

}  // namespace truce::vsphere
