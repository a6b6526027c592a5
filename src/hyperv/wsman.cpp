#include "wsman.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/xml.h"

namespace truce::hyperv {

namespace {

constexpr std::string_view transfer = "http://schemas.xmlsoap.org/ws/2004/09/transfer/";
constexpr std::string_view enumeration = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/";
constexpr std::string_view anonymous =
    "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";
constexpr int most_items = 1'000;             // in an answer; WinRM takes 32,000 at most
constexpr int largest_envelope = 150 * 1024;  // what any WinRM grants

std::string resource_of(std::string_view scope, std::string_view class_name) {
  return fmt::format("http://schemas.microsoft.com/wbem/wsman/1/wmi/{}/{}", scope, class_name);
}

std::string selectors(const Reference& reference) {
  std::string xml;
  for (const auto& [name, value] : reference.keys)
    xml +=
        fmt::format("<w:Selector Name=\"{}\">{}</w:Selector>", escape_xml(name), escape_xml(value));
  return xml.empty() ? xml : "<w:SelectorSet>" + xml + "</w:SelectorSet>";
}

struct Meaning {
  std::uint64_t number;
  Code code;
};

// HRESULTs of WMI and WinRM that a caller can act on.
constexpr std::array meanings = {
    Meaning{0x80041002, Code::not_found},    // WBEM_E_NOT_FOUND
    Meaning{0x80041003, Code::forbidden},    // WBEM_E_ACCESS_DENIED
    Meaning{0x80041010, Code::unsupported},  // WBEM_E_INVALID_CLASS: no Hyper-V, or another one
    Meaning{0x8004100e, Code::unsupported},  // WBEM_E_INVALID_NAMESPACE
    Meaning{0x80338029, Code::timeout},      // ERROR_WSMAN_OPERATION_TIMEDOUT
    Meaning{0x80338104, Code::forbidden},    // ERROR_WSMAN_WMI_SVC_ACCESS_DENIED
    Meaning{0x80338105, Code::forbidden},    // ERROR_WSMAN_WMI_PROVIDER_ACCESS_DENIED
    Meaning{0x80338106, Code::forbidden},    // ERROR_WSMAN_WMI_CANNOT_CONNECT_ACCESS_DENIED
    Meaning{0x803381a5, Code::limit},        // too many shells
    Meaning{0x803381a6, Code::limit},        // ERROR_WSMAN_QUOTA_MAX_OPERATIONS_USER_PPQ
    Meaning{0x80070005, Code::forbidden},    // E_ACCESSDENIED
    Meaning{5, Code::forbidden},             // ERROR_ACCESS_DENIED
    Meaning{0x8007000e, Code::limit},        // E_OUTOFMEMORY
};

struct Word {
  std::string_view subcode;
  Code code;
};

// Of DSP0226 14.6 and WS-Enumeration; a context that is not known any more is what a server that
// has begun anew says.
constexpr std::array words = {
    Word{"AccessDenied", Code::forbidden},
    Word{"DestinationUnreachable", Code::not_found},
    Word{"InvalidSelectors", Code::not_found},
    Word{"TimedOut", Code::timeout},
    Word{"QuotaLimit", Code::limit},
    Word{"EncodingLimit", Code::limit},
    Word{"Concurrency", Code::conflict},
    Word{"InternalError", Code::io},
    Word{"InvalidEnumerationContext", Code::unavailable},
    Word{"EndpointUnavailable", Code::unavailable},
};

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

pugi::xml_node find_deep(pugi::xml_node in, std::string_view name) {
  return in.find_node([&](pugi::xml_node node) { return local_name(node.name()) == name; });
}

// Newer WinRM tells WMI's own words in an MSFT_WmiError instead of a WSManFault.
std::optional<Error> wmi_error_in(pugi::xml_node detail) {
  constexpr int access_denied = 2, not_found = 6;  // DSP0200, CIM_ERR_...
  auto told = find_deep(detail, "MSFT_WmiError");
  if (!told) return {};
  auto status = number_of(child(told, "CIMStatusCode").child_value());
  std::string_view word = status == access_denied ? "AccessDenied"
                          : status == not_found   ? "DestinationUnreachable"
                                                  : "InternalError";
  return error_of(word, number_of(child(told, "error_Code").child_value()),
                  child(told, "Message").child_value());
}

// The innermost WSManFault is the one of the provider: WMI's own number.
Error fault_in(pugi::xml_node fault) {
  if (auto told = wmi_error_in(child(fault, "Detail"))) return *std::move(told);
  std::string_view subcode = child(child(child(fault, "Code"), "Subcode"), "Value").child_value();
  std::string reason = child(child(fault, "Reason"), "Text").child_value();
  std::uint64_t code = 0;
  auto inner = child(child(fault, "Detail"), "WSManFault");
  while (inner) {
    if (auto number = number_of(inner.attribute("Code").value())) code = number & 0xffffffffU;
    inner = find_deep(child(inner, "Message"), "WSManFault");
  }
  return error_of(local_name(subcode), code, reason);
}

}  // namespace

Message enumerate(std::string_view scope, std::string_view query) {
  return {std::string(enumeration) + "Enumerate",
          resource_of(scope, "*"),
          {},
          fmt::format("<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>{}</w:MaxElements>"
                      "<w:Filter Dialect=\"http://schemas.microsoft.com/wbem/wsman/1/WQL\">{}"
                      "</w:Filter></n:Enumerate>",
                      most_items, escape_xml(query))};
}

Message pull(std::string_view scope, std::string_view context) {
  return {std::string(enumeration) + "Pull",
          resource_of(scope, "*"),
          {},
          fmt::format("<n:Pull><n:EnumerationContext>{}</n:EnumerationContext>"
                      "<n:MaxElements>{}</n:MaxElements></n:Pull>",
                      escape_xml(context), most_items)};
}

Message get(std::string_view scope, Reference self) {
  auto resource = resource_of(scope, self.class_name);
  return {std::string(transfer) + "Get", resource, std::move(self), {}};
}

Parameter text(std::string name, std::string_view value) {
  return {std::move(name), escape_xml(value)};
}

Parameter number(std::string name, std::int64_t value) {
  return {std::move(name), std::to_string(value)};
}

Parameter embedded(std::string name, std::string_view instance) {
  return {std::move(name), fmt::format("<![CDATA[{}]]>", instance)};
}

Parameter reference(std::string name, std::string_view scope, const Reference& value) {
  return {std::move(name),
          fmt::format("<a:Address>{}</a:Address><a:ReferenceParameters><w:ResourceURI>{}"
                      "</w:ResourceURI>{}</a:ReferenceParameters>",
                      anonymous, resource_of(scope, value.class_name), selectors(value))};
}

Message invoke(std::string_view scope, Reference self, std::string_view method,
               const std::vector<Parameter>& parameters) {
  auto resource = resource_of(scope, self.class_name);
  std::string inside;
  for (const auto& one : parameters) inside += fmt::format("<p:{0}>{1}</p:{0}>", one.name, one.xml);
  auto body =
      fmt::format("<p:{0}_INPUT xmlns:p=\"{1}\">{2}</p:{0}_INPUT>", method, resource, inside);
  return {fmt::format("{}/{}", resource, method), resource, std::move(self), std::move(body)};
}

std::string envelope(const Message& message, std::string_view url, std::string_view id) {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
      "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" "
      "xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" "
      "xmlns:n=\"http://schemas.xmlsoap.org/ws/2004/09/enumeration\" "
      "xmlns:w=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\">"
      "<s:Header><a:To>{}</a:To>"
      "<w:ResourceURI s:mustUnderstand=\"true\">{}</w:ResourceURI>"
      "<a:ReplyTo><a:Address s:mustUnderstand=\"true\">{}</a:Address></a:ReplyTo>"
      "<a:Action s:mustUnderstand=\"true\">{}</a:Action>"
      "<w:MaxEnvelopeSize s:mustUnderstand=\"true\">{}</w:MaxEnvelopeSize>"
      "<a:MessageID>uuid:{}</a:MessageID>"
      "<w:Locale xml:lang=\"en-US\" s:mustUnderstand=\"false\"/>{}"
      "<w:OperationTimeout>PT60.000S</w:OperationTimeout></s:Header>"
      "<s:Body>{}</s:Body></s:Envelope>",
      escape_xml(url), escape_xml(message.resource), anonymous, escape_xml(message.action),
      largest_envelope, id, selectors(message.self), message.body);
}

Result<Reply> Reply::read(std::string_view text) {
  Reply reply;
  auto root = parse(*reply.document_, text);
  auto body = child(root, "Body");
  if (local_name(root.name()) != "Envelope" || !body)
    return fail(Code::corrupt, "the answer is no SOAP");
  reply.body_ =
      body.find_child([](pugi::xml_node node) { return node.type() == pugi::node_element; });
  if (local_name(reply.body_.name()) == "Fault") return std::unexpected(fault_in(reply.body_));
  return reply;
}

Result<Page> read_page(const Reply& reply) {
  auto body = reply.body();
  auto name = local_name(body.name());
  if (name != "EnumerateResponse" && name != "PullResponse")
    return fail(Code::corrupt, "the answer is none of an enumeration");
  Page page;
  for (auto item : child(body, "Items").children())
    if (item.type() == pugi::node_element) page.items.emplace_back(item);
  if (child(body, "EndOfSequence")) return page;
  page.context = child(body, "EnumerationContext").child_value();
  if (page.context.empty())
    return fail(Code::corrupt, "an enumeration has neither ended nor can it go on");
  return page;
}

Error error_of(std::string_view subcode, std::uint64_t code, std::string_view message) {
  constexpr std::size_t longest = 500;  // what is told to people
  auto meaning = std::ranges::find(meanings, code, &Meaning::number);
  auto word = std::ranges::find(words, subcode, &Word::subcode);
  auto known = meaning != meanings.end() ? meaning->code
               : word != words.end()     ? word->code
                                         : Code::io;
  std::string told(message.empty() ? "the server gives no reason" : message.substr(0, longest));
  std::ranges::replace_if(told, [](char c) { return c == '\r' || c == '\n'; }, ' ');
  while (told.ends_with(' ')) told.pop_back();
  if (code != 0) told += fmt::format(" [{:#x}]", code);
  return {known, std::move(told), {}};
}

// Return codes of Hyper-V's methods, which are the same in all its classes.
Error refusal(std::string_view method, std::int64_t value, std::string_view because) {
  struct Row {
    std::int64_t value;
    Code code;
    std::string_view meaning;
  };
  constexpr std::array rows = {
      Row{1, Code::unsupported, "that is not supported"},
      Row{2, Code::io, "it failed"},
      Row{3, Code::timeout, "it took too long"},
      Row{4, Code::invalid, "something in it is not valid"},
      Row{5, Code::precondition, "the machine's present state does not allow it"},
      Row{6, Code::invalid, "something in it does not go together"},
      Row{32768, Code::io, "it failed"},
      Row{32769, Code::forbidden, "the account may not do that"},
      Row{32770, Code::unsupported, "that is not supported"},
      Row{32771, Code::io, "its state is not known"},
      Row{32772, Code::timeout, "it took too long"},
      Row{32773, Code::invalid, "something in it is not valid"},
      Row{32774, Code::conflict, "the machine is in use"},
      Row{32775, Code::precondition, "the machine's present state does not allow it"},
      Row{32776, Code::invalid, "something in it has the wrong type"},
      Row{32777, Code::unavailable, "the machine is not available"},
      Row{32778, Code::limit, "memory ran out"},
      Row{32779, Code::not_found, "a file is not there"},
      Row{32780, Code::precondition, "the guest is not ready"},
      Row{32781, Code::precondition, "the guest is locked: somebody has signed in there"},
  };
  auto row = std::ranges::find(rows, value, &Row::value);
  auto code = row == rows.end() ? Code::io : row->code;
  std::string meaning(row == rows.end() ? fmt::format("it answers {}", value) : row->meaning);
  if (!because.empty()) meaning = because;
  return {code, fmt::format("{}: {} [{}]", method, meaning, value), {}};
}

}  // namespace truce::hyperv
