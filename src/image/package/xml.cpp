#include "package/xml.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace truce::image::package {
namespace {

constexpr int deepest = 64;
constexpr std::ptrdiff_t most_parts =
    400'000;  // elements and attributes: bounds what the tree takes

bool valid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    auto first = static_cast<unsigned char>(text[at]);
    std::size_t length = first < 0x80       ? 1
                         : first >> 5 == 6  ? 2
                         : first >> 4 == 14 ? 3
                         : first >> 3 == 30 ? 4
                                            : 0;
    if (length == 0 || length > text.size() - at) return false;
    for (std::size_t i = 1; i < length; ++i)
      if ((static_cast<unsigned char>(text[at + i]) & 0xc0) != 0x80) return false;
    at += length;
  }
  return true;
}

class DepthCheck final : public pugi::xml_tree_walker {
 public:
  bool for_each(pugi::xml_node&) override { return depth() < deepest; }
};

}  // namespace

Result<std::unique_ptr<pugi::xml_document>> parse_xml(std::string_view text, std::uint64_t limit,
                                                      std::string_view name) {
  if (text.size() > limit)
    return fail(Code::limit, "{}: has {} bytes, {} are the most", name, text.size(), limit);
  if (text.contains("<!DOCTYPE") || text.contains("<!ENTITY"))
    return fail(Code::forbidden, "{}: has a document type: those are not read", name);
  if (std::ranges::count(text, '<') + std::ranges::count(text, '=') > most_parts)
    return fail(Code::limit, "{}: has more than {} elements and attributes", name, most_parts);
  auto document = std::make_unique<pugi::xml_document>();
  // Never by its own word: in another encoding the document type would not have been seen.
  auto encoding = valid_utf8(text) ? pugi::encoding_utf8 : pugi::encoding_latin1;
  auto parsed = document->load_buffer(text.data(), text.size(), pugi::parse_default, encoding);
  if (!parsed) {
    return fail(Code::corrupt, "{}: is not valid XML: {} at byte {}", name, parsed.description(),
                parsed.offset);
  }
  DepthCheck depth;
  if (!document->traverse(depth))
    return fail(Code::limit, "{}: is nested deeper than {} elements", name, deepest);
  return document;
}

Result<std::unique_ptr<pugi::xml_document>> parse_xml(const File& file, std::uint64_t limit) {
  if (file.size() > limit) {
    return fail(Code::limit, "{}: the descriptor has {} bytes, {} are the most", file.name(),
                file.size(), limit);
  }
  std::string text(file.size(), '\0');
  TRY_VOID(file.read(0, std::as_writable_bytes(std::span(text))));
  return parse_xml(text, limit, file.name());
}

pugi::xml_node child(pugi::xml_node parent, std::string_view local) {
  return parent.find_child([&](pugi::xml_node node) { return local_name(node.name()) == local; });
}

pugi::xml_node next_like(pugi::xml_node node) {
  auto name = local_name(node.name());
  do {
    node = node.next_sibling();
  } while (node && local_name(node.name()) != name);
  return node;
}

std::string_view attribute(pugi::xml_node node, std::string_view local) {
  return node
      .find_attribute([&](pugi::xml_attribute each) { return local_name(each.name()) == local; })
      .value();
}

std::string child_text(pugi::xml_node parent, std::string_view local) {
  return tidy(child(parent, local).text().get());
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return std::nullopt;
  text = text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string tidy(std::string_view text, std::size_t longest) {
  auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return {};
  text = text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
  bool cut = text.size() > longest;
  if (cut) {  // not in the middle of a character
    auto end = longest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text = text.substr(0, end);
  }
  std::string tidied(text);
  for (auto& c : tidied)
    if (static_cast<unsigned char>(c) < 32 && c != '\n' && c != '\t') c = ' ';
  return cut ? tidied + "…" : tidied;
}

}  // namespace truce::image::package
