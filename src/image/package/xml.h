// XML from strangers: bounded, without DTD and entities, read without regard to prefixes.
#pragma once

#include <memory>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "base/xml.h"
#include "image/file.h"

namespace truce::image::package {

/// Parses a document. Code::forbidden when it has a DTD, Code::limit when it is larger than `limit`
/// bytes, deeper than 64 elements or has too many parts. `name` is for messages.
Result<std::unique_ptr<pugi::xml_document>> parse_xml(std::string_view text, std::uint64_t limit,
                                                      std::string_view name);
/// The same, read from a file.
Result<std::unique_ptr<pugi::xml_document>> parse_xml(const File& file, std::uint64_t limit);

/// The first child of that local name; an empty node when there is none.
pugi::xml_node child(pugi::xml_node parent, std::string_view local);
/// The next one of the same parent and name.
pugi::xml_node next_like(pugi::xml_node node);
/// The attribute of that local name; empty when there is none.
std::string_view attribute(pugi::xml_node node, std::string_view local);
/// The text of a child without blanks around it, at most a few thousand bytes of it; empty when
/// there is none.
std::string child_text(pugi::xml_node parent, std::string_view local);

/// A decimal number and nothing else; blanks around it are allowed.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// Text for people or names: control characters become spaces, and long ones end in `…`.
std::string tidy(std::string_view text, std::size_t longest = 8192);

}  // namespace truce::image::package
