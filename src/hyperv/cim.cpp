#include "cim.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "base/xml.h"

namespace truce::hyperv {

namespace {

constexpr std::size_t most_properties = 1'000, most_values = 10'000;

std::string_view trim(std::string_view text) {
  auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string_view attribute(pugi::xml_node node, std::string_view name) {
  for (auto each : node.attributes())
    if (local_name(each.name()) == name) return each.value();
  return {};
}

/// What stands in an element, were it in one more element: a `cim:Datetime`.
std::string text_of(pugi::xml_node node) {
  for (int i = 0; i < 3; ++i) {
    auto inner =
        node.find_child([](pugi::xml_node one) { return one.type() == pugi::node_element; });
    if (!inner) break;
    node = inner;
  }
  return node.child_value();
}

Reference read_endpoint(pugi::xml_node node) {
  auto parameters = child(node, "ReferenceParameters");
  std::string_view resource = trim(child(parameters, "ResourceURI").child_value());
  Reference reference{std::string(resource.substr(resource.rfind('/') + 1)), {}};
  for (auto selector : child(parameters, "SelectorSet").children())
    if (local_name(selector.name()) == "Selector")
      reference.keys[std::string(attribute(selector, "Name"))] = selector.child_value();
  return reference;
}

/// The `"…"` at the beginning of a path's rest, with what is escaped in it; it is taken off.
std::optional<std::string> take_quoted(std::string_view& rest) {
  if (!rest.starts_with('"')) return {};
  std::string text;
  for (std::size_t at = 1; at < rest.size(); ++at) {
    if (rest[at] == '"') {
      rest.remove_prefix(at + 1);
      return text;
    }
    if (rest[at] == '\\' && at + 1 < rest.size()) ++at;
    text += rest[at];
  }
  return {};
}

std::optional<std::string> take_value(std::string_view& rest) {
  if (rest.starts_with('"')) return take_quoted(rest);
  auto plain = rest.substr(0, rest.find(','));
  rest.remove_prefix(plain.size());
  return std::string(plain);
}

std::string by_numbers(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (std::string_view("&<>\"\r").contains(c))
      out += fmt::format("&#{};", static_cast<int>(c));
    else if (static_cast<unsigned char>(c) >= 0x20 || c == '\t' || c == '\n')
      out += c;  // XML 1.0 has no other control characters
  }
  return out;
}

int number_at(std::string_view digits, std::size_t at, std::size_t count) {
  int number = 0;
  std::from_chars(digits.data() + at, digits.data() + at + count, number);
  return number;
}

}  // namespace

std::string Reference::key(std::string_view name) const {
  auto found = keys.find(name);
  return found == keys.end() ? std::string() : found->second;
}

Reference read_path(std::string_view text) {
  constexpr std::size_t most_keys = 32;
  auto scope = text.find_first_of(":\"");
  bool has_scope = scope != text.npos && text[scope] == ':';
  auto rest = has_scope ? text.substr(scope + 1) : text;
  auto dot = rest.find('.');
  if (dot == rest.npos || dot == 0) return {};
  Reference reference{std::string(rest.substr(0, dot)), {}};
  bool is_class = std::ranges::all_of(reference.class_name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  rest.remove_prefix(dot + 1);
  while (is_class && reference.keys.size() < most_keys) {
    auto equals = rest.find('=');
    if (equals == rest.npos) return {};
    std::string name(rest.substr(0, equals));
    rest.remove_prefix(equals + 1);
    auto value = take_value(rest);
    if (!value) return {};
    reference.keys[name] = *value;
    if (rest.empty()) return reference;
    if (!rest.starts_with(',')) return {};
    rest.remove_prefix(1);
  }
  return {};
}

std::string to_path(const Reference& reference, std::string_view host, std::string_view scope) {
  std::string folder(scope);
  std::ranges::replace(folder, '/', '\\');
  auto path = fmt::format(R"(\\{}\{}:{})", host, folder, reference.class_name);
  for (char between = '.'; const auto& [name, value] : reference.keys) {
    path += fmt::format("{}{}=\"", between, name);
    for (char c : value) {
      if (c == '"' || c == '\\') path += '\\';
      path += c;
    }
    path += '"';
    between = ',';
  }
  return path;
}

Instance::Instance(pugi::xml_node element) : class_(local_name(element.name())) {
  std::size_t count = 0;
  for (auto property : element.children()) {
    if (property.type() != pugi::node_element || ++count > most_values) continue;
    std::string name(local_name(property.name()));
    if (attribute(property, "nil") == "true") continue;
    if (child(property, "ReferenceParameters")) {
      references_[name] = read_endpoint(property);
      continue;
    }
    if (values_.size() < most_properties || values_.contains(name)) add(name, text_of(property));
  }
}

void Instance::add(std::string name, std::string value) {
  values_[std::move(name)].push_back(std::move(value));
}

std::vector<std::string> Instance::texts(std::string_view name) const {
  auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

std::string Instance::text(std::string_view name) const {
  auto found = values_.find(name);
  return found == values_.end() ? std::string() : found->second.front();
}

std::string Instance::guid(std::string_view name) const {
  auto text = this->text(name);
  if (text.starts_with('{') && text.ends_with('}')) text = text.substr(1, text.size() - 2);
  return is_guid(text) ? lower_case(text) : std::string();
}

std::int64_t Instance::number(std::string_view name) const {
  auto text = this->text(name);
  auto plain = trim(text);
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), number);
  return error == std::errc() && end == plain.data() + plain.size() ? number : 0;
}

Bytes Instance::bytes(std::string_view name, std::uint64_t unit) const {
  auto count = number(name);
  std::uint64_t product = 0;
  if (count < 0 || __builtin_mul_overflow(static_cast<std::uint64_t>(count), unit, &product))
    return {};
  return {product};
}

bool Instance::flag(std::string_view name) const {
  auto text = this->text(name);
  return text == "true" || text == "TRUE" || text == "True" || text == "1";
}

Time Instance::time(std::string_view name) const {
  return read_time(text(name));
}

Reference Instance::reference(std::string_view name) const {
  if (auto found = references_.find(name); found != references_.end()) return found->second;
  return read_path(text(name));
}

Result<Instance> read_embedded(std::string_view text) {
  pugi::xml_document document;
  auto root = parse(document, text);
  if (local_name(root.name()) != "INSTANCE")
    return fail(Code::corrupt, "an embedded instance is none");
  Instance instance{std::string(attribute(root, "CLASSNAME"))};
  std::size_t count = 0;
  for (auto property : root.children()) {
    std::string name(attribute(property, "NAME"));
    if (name.empty() || ++count > most_properties) continue;
    if (auto value = child(property, "VALUE")) instance.add(name, value.child_value());
    for (auto value : child(property, "VALUE.ARRAY").children())
      if (++count <= most_values) instance.add(name, value.child_value());
  }
  return instance;
}

std::string to_text(std::string_view class_name, const std::vector<Property>& properties) {
  auto text = fmt::format("<INSTANCE CLASSNAME=\"{}\">", class_name);
  for (const auto& one : properties) {
    std::string values;
    for (const auto& value : one.values)
      values += fmt::format("<VALUE>{}</VALUE>", by_numbers(value));
    std::string_view tag = one.array ? "PROPERTY.ARRAY" : "PROPERTY";
    if (one.array) values = fmt::format("<VALUE.ARRAY>{}</VALUE.ARRAY>", values);
    text +=
        fmt::format("<{0} NAME=\"{1}\" TYPE=\"{2}\">{3}</{0}>", tag, one.name, one.type, values);
  }
  return text + "</INSTANCE>";
}

Time read_time(std::string_view text) {
  constexpr std::size_t length = 14;  // YYYYMMDDHHMMSS
  text = trim(text);
  std::string digits;
  std::size_t at = 0;
  for (; at < text.size() && digits.size() < length; ++at) {
    if (text[at] >= '0' && text[at] <= '9')
      digits += text[at];
    else if (!std::string_view("-T:").contains(text[at]))
      return {};
  }
  if (digits.size() != length) return {};
  std::chrono::year_month_day day(
      std::chrono::year(number_at(digits, 0, 4)),
      std::chrono::month(static_cast<unsigned>(number_at(digits, 4, 2))),
      std::chrono::day(static_cast<unsigned>(number_at(digits, 6, 2))));
  if (!day.ok()) return {};
  std::chrono::minutes zone{0};
  auto rest = text.substr(at);
  if (auto sign = rest.find_first_of("+-"); sign != rest.npos) {
    auto behind = rest.substr(sign + 1);
    bool with_colon = behind.size() == 5 && behind[2] == ':';  // `+01:00`, else `+060`
    if (with_colon)
      zone = std::chrono::minutes(number_at(behind, 0, 2) * 60 + number_at(behind, 3, 2));
    else
      zone = std::chrono::minutes(number_at(behind, 0, std::min<std::size_t>(3, behind.size())));
    if (rest[sign] == '-') zone = -zone;
  }
  auto moment = std::chrono::sys_days(day) + std::chrono::hours(number_at(digits, 8, 2)) +
                std::chrono::minutes(number_at(digits, 10, 2)) +
                std::chrono::seconds(number_at(digits, 12, 2)) - zone;
  return std::chrono::time_point_cast<Time::duration>(moment);
}

bool is_guid(std::string_view text) {
  constexpr std::size_t length = 36;
  if (text.size() != length) return false;
  for (std::size_t at = 0; at < length; ++at) {
    bool dash = at == 8 || at == 13 || at == 18 || at == 23;
    bool digit = std::string_view("0123456789abcdefABCDEF").contains(text[at]);
    if (dash ? text[at] != '-' : !digit) return false;
  }
  return true;
}

std::string quote_wql(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

pugi::xml_node parse(pugi::xml_document& document, std::string_view text) {
  auto parsed = document.load_buffer(
      text.data(), text.size(), pugi::parse_default | pugi::parse_doctype, pugi::encoding_utf8);
  if (!parsed) return {};
  for (auto node : document.children())
    if (node.type() == pugi::node_doctype) return {};
  return document.document_element();
}

pugi::xml_node child(pugi::xml_node parent, std::string_view name) {
  return parent.find_child([&](pugi::xml_node node) {
    return node.type() == pugi::node_element && local_name(node.name()) == name;
  });
}

}  // namespace truce::hyperv
