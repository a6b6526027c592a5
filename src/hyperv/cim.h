// Objects of CIM as WinRM and WMI write them: in SOAP ([MS-WSMV] 2.2, DSP0227), as embedded texts
// (DSP0201) and as paths. Pure; what is not there reads as nothing, since releases differ.
#pragma once

#include <map>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"

namespace truce::hyperv {

/// Which instance of a class: `Msvm_ComputerSystem`, with all its keys.
struct Reference {
  std::string class_name;
  std::map<std::string, std::string, std::less<>> keys;
  [[nodiscard]] std::string key(std::string_view name) const;
  explicit operator bool() const { return !class_name.empty(); }
  bool operator==(const Reference&) const = default;
};

/// `\\HV1\root\virtualization\v2:Msvm_ComputerSystem.CreationClassName="…",Name="…"`; nothing for
/// what is none.
Reference read_path(std::string_view text);

/// The path of an instance on a host, which read_path() reads: texts refer to others so.
std::string to_path(const Reference& reference, std::string_view host, std::string_view scope);

/// An instance: what its properties say, as texts.
class Instance {
 public:
  Instance() = default;
  explicit Instance(std::string class_name) : class_(std::move(class_name)) {}
  /// An element of an answer, whatever its prefix: `p:Msvm_ComputerSystem`, `w:XmlFragment`, an
  /// `_OUTPUT`.
  explicit Instance(pugi::xml_node element);

  [[nodiscard]] const std::string& class_name() const { return class_; }
  /// The first value.
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
  /// Lower case, without braces: `{F5C0…}`.
  [[nodiscard]] std::string guid(std::string_view name) const;
  [[nodiscard]] std::int64_t number(std::string_view name) const;
  /// So many times `unit`; 0 for what is negative or too large.
  [[nodiscard]] Bytes bytes(std::string_view name, std::uint64_t unit = 1) const;
  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] Time time(std::string_view name) const;
  /// Of a reference, or of a text that is a path.
  [[nodiscard]] Reference reference(std::string_view name) const;

  void add(std::string name, std::string value);
  bool operator==(const Instance&) const = default;

 private:
  std::string class_;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::map<std::string, Reference, std::less<>> references_;
};

using Instances = std::vector<Instance>;

/// An instance that stands as a text in a property (`GuestIntrinsicExchangeItems`).
Result<Instance> read_embedded(std::string_view text);

/// A property of an instance that is sent. `type` is CIM's word: `string`, `uint64`.
struct Property {
  std::string name, type;
  std::vector<std::string> values;
  bool array = false;
};
/// An instance as the text that a method takes: without `]]>`, and with numbers for what XML has
/// names for, as Hyper-V does not take those.
std::string to_text(std::string_view class_name, const std::vector<Property>& properties);

/// `20260102030405.123456+060` (minutes from UTC) and `2026-01-02T03:04:05.123456Z`; the beginning
/// of time for what is none.
Time read_time(std::string_view text);

bool is_guid(std::string_view text);

/// A text in WQL, with its quotes.
std::string quote_wql(std::string_view text);

/// The outermost element; none when it is no XML, or has a document type (and so entities).
pugi::xml_node parse(pugi::xml_document& document, std::string_view text);
/// The first element inside of that name, whatever its prefix.
pugi::xml_node child(pugi::xml_node parent, std::string_view name);

}  // namespace truce::hyperv
