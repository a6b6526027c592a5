// Messages of WS-Management as WinRM speaks it ([MS-WSMV], DSP0226), and what answers them. Pure.
#pragma once

#include <memory>
#include <optional>

#include "cim.h"

namespace truce::hyperv {

/// Where Hyper-V's and the system's classes are.
constexpr std::string_view virtualization = "root/virtualization/v2", windows = "root/cimv2";

/// What is done to which resource.
struct Message {
  std::string action;
  std::string resource;
  Reference self = {};  ///< its keys are the selectors; none: the resource is all there is
  std::string body;     ///< XML
};

/// Which instances, in WMI's words: `SELECT Name FROM Msvm_ComputerSystem`.
Message enumerate(std::string_view scope, std::string_view query);
/// More of what an enumeration has answered a part of.
Message pull(std::string_view scope, std::string_view context);
Message get(std::string_view scope, Reference self);

/// What a method is given.
struct Parameter {
  std::string name;
  std::string xml;  ///< its content
};
Parameter text(std::string name, std::string_view value);
Parameter number(std::string name, std::int64_t value);
/// `instance`: what to_text() gives.
Parameter embedded(std::string name, std::string_view instance);
Parameter reference(std::string name, std::string_view scope, const Reference& value);
Message invoke(std::string_view scope, Reference self, std::string_view method,
               const std::vector<Parameter>& parameters);

/// The bytes of a message. `id`: a GUID that no other message has; `url`: of the server.
std::string envelope(const Message& message, std::string_view url, std::string_view id);

/// An answer. Code::corrupt when it is none; a fault is the error that it tells (fault_of()).
class Reply {
 public:
  static Result<Reply> read(std::string_view text);
  /// What stands in the body.
  [[nodiscard]] pugi::xml_node body() const { return body_; }

 private:
  std::unique_ptr<pugi::xml_document> document_ = std::make_unique<pugi::xml_document>();
  pugi::xml_node body_;
};

/// A part of what an enumeration finds.
struct Page {
  Instances items;
  std::string context;  ///< for pull(); empty: that was all
};
Result<Page> read_page(const Reply& reply);

/// What a fault means. `code`: WinRM's or WMI's number, 0 for none; `subcode`: without its prefix.
Error error_of(std::string_view subcode, std::uint64_t code, std::string_view message);
/// What a method means by a return value that is neither 0 nor 4096; `because`: what its job says.
Error refusal(std::string_view method, std::int64_t value, std::string_view because = {});

}  // namespace truce::hyperv
