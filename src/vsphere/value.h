// Values of vim25 as they stand in SOAP: elements with a type, read by name. Whatever is not there
// reads as nothing, since servers of other versions send more or less.
#pragma once

#include <cstdint>
#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/time.h"

namespace truce::vsphere {

/// A managed object: `VirtualMachine`, `vm-62`.
struct Ref {
  std::string type, value;
  auto operator<=>(const Ref&) const = default;
};

/// One element, or none. Only as long as its document.
class Value {
 public:
  Value() = default;
  explicit Value(pugi::xml_node node) : node_(node) {}

  explicit operator bool() const { return !node_.empty(); }
  /// Without its prefix.
  [[nodiscard]] std::string_view name() const;
  /// xsi:type without its prefix; empty: none.
  [[nodiscard]] std::string_view type() const;
  [[nodiscard]] std::string text() const { return node_.child_value(); }
  [[nodiscard]] bool flag() const { return text() == "true" || text() == "1"; }
  [[nodiscard]] std::int64_t number() const;
  /// A number that counts so many bytes each; 0 for a negative one.
  [[nodiscard]] Bytes bytes(std::uint64_t unit = 1) const;
  [[nodiscard]] Time time() const;
  [[nodiscard]] Ref ref() const;
  /// The first one of that name.
  [[nodiscard]] Value operator[](std::string_view child) const;
  /// All elements inside, whatever they are called.
  template <class Function>
  void each(Function function) const {
    for (auto node : node_.children())
      if (node.type() == pugi::node_element) function(Value(node));
  }
  /// All elements of that name.
  template <class Function>
  void each(std::string_view child, Function function) const {
    each([&](Value one) {
      if (one.name() == child) function(one);
    });
  }

 private:
  pugi::xml_node node_;
};

/// A document's outermost element, or nothing when it is no XML.
Value parse(pugi::xml_document& document, std::string_view text);

/// `<tag type="VirtualMachine">vm-62</tag>`
std::string to_xml(std::string_view tag, const Ref& ref);
std::string to_xml(std::string_view tag, std::string_view text);
std::string flag_xml(std::string_view tag, bool flag);

/// Names of managed entities have %2f, %5c and %25 for '/', '\' and '%' (vim25 ManagedEntity.name).
std::string unescape_name(std::string_view name);
std::string escape_name(std::string_view name);

}  // namespace truce::vsphere
