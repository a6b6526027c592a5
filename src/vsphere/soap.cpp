#include "soap.h"

#include <algorithm>
#include <array>

namespace truce::vsphere {

namespace {

constexpr std::string_view fault_mark = " [";

struct Meaning {
  std::string_view fault;
  Code code;
};

// vim25's faults that a caller can act on.
constexpr std::array meanings = {
    Meaning{"NotAuthenticated", Code::unauthenticated},
    Meaning{"InvalidLogin", Code::unauthenticated},
    Meaning{"NoPermission", Code::forbidden},
    Meaning{"ManagedObjectNotFound", Code::not_found},
    Meaning{"InvalidPowerState", Code::precondition},
    Meaning{"InvalidState", Code::precondition},
    Meaning{"ToolsUnavailable", Code::precondition},
    Meaning{"CannotAccessVmDevice", Code::precondition},
    Meaning{"CpuHotPlugNotSupported", Code::precondition},
    Meaning{"MemoryHotPlugNotSupported", Code::precondition},
    Meaning{"DuplicateName", Code::conflict},
    Meaning{"AlreadyExists", Code::conflict},
    Meaning{"FileAlreadyExists", Code::conflict},
    Meaning{"TaskInProgress", Code::conflict},
    Meaning{"ConcurrentAccess", Code::conflict},
    Meaning{"InvalidArgument", Code::invalid},
    Meaning{"InvalidRequest", Code::invalid},
    Meaning{"InvalidName", Code::invalid},
    Meaning{"RequestCanceled", Code::cancelled},
    Meaning{"NotSupported", Code::unsupported},
    Meaning{"MethodNotFound", Code::unsupported},
    Meaning{"NotImplemented", Code::unsupported},
    Meaning{"RestrictedVersion", Code::unsupported},
    Meaning{"HostNotConnected", Code::unavailable},
    Meaning{"HostCommunication", Code::unavailable},
    Meaning{"InsufficientResourcesFault", Code::limit},
    Meaning{"NoDiskSpace", Code::limit},
};

Error fault_in(Value fault) {
  std::string kind;
  fault["detail"].each([&](Value one) {
    kind = one.type();
    if (kind.empty() && one.name().ends_with("Fault"))
      kind = one.name().substr(0, one.name().size() - std::string_view("Fault").size());
  });
  return error_of(kind, fault["faultstring"].text());
}

}  // namespace

std::string envelope(const Call& call) {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
      "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" "
      "xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" "
      "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body>"
      "<{0} xmlns=\"urn:vim25\">{1}{2}</{0}></soapenv:Body></soapenv:Envelope>",
      call.method, to_xml("_this", call.self), call.arguments);
}

Error error_of(std::string_view kind, std::string_view message) {
  constexpr std::size_t longest = 500;  // what is told to people
  auto found = std::ranges::find(meanings, kind, &Meaning::fault);
  auto code = found == meanings.end() ? Code::io : found->code;
  auto told = message.empty() ? "the server gives no reason" : message.substr(0, longest);
  return {code, fmt::format("{}{}{}]", told, fault_mark, kind.empty() ? "Fault" : kind), {}};
}

std::string_view fault_of(const Error& error) {
  std::string_view message = error.message;
  auto at = message.rfind(fault_mark);
  if (at == std::string_view::npos || !message.ends_with(']')) return {};
  at += fault_mark.size();
  return message.substr(at, message.size() - at - 1);
}

Result<Answer> Answer::read(std::string_view text) {
  Answer answer;
  auto root = parse(*answer.document_, text);
  auto body = root["Body"];
  if (root.name() != "Envelope" || !body) return fail(Code::corrupt, "the answer is no SOAP");
  if (auto fault = body["Fault"]) return std::unexpected(fault_in(fault));
  body.each([&](Value one) { answer.body_ = one; });
  if (!answer.body_.name().ends_with("Response"))
    return fail(Code::corrupt, "the answer is none of vim25");
  return answer;
}

Value ObjectUpdate::value(std::string_view path) const {
  auto found = std::ranges::find(changes, path, &Change::path);
  return found == changes.end() ? Value() : found->value;
}

Result<ObjectUpdate> read_object(std::string_view element) {
  constexpr std::size_t most_changes = 10'000;
  ObjectUpdate update;
  auto root = parse(*update.document, element);
  if (!root || !root["obj"]) return fail(Code::corrupt, "an object in the answer has no reference");
  update.object = root["obj"].ref();
  bool is_content = root.name() == "objects";
  auto kind = root["kind"].text();
  update.kind = is_content || kind == "enter" ? ObjectUpdate::Kind::enter
                : kind == "leave"             ? ObjectUpdate::Kind::leave
                                              : ObjectUpdate::Kind::modify;
  root.each(is_content ? "propSet" : "changeSet", [&](Value one) {
    using Op = ObjectUpdate::Change::Op;
    auto op = one["op"].text();
    if (update.changes.size() > most_changes) return;
    update.changes.push_back({one["name"].text(),
                              op.empty() || op == "assign" ? Op::assign
                              : op == "add"                ? Op::add
                                                           : Op::remove,
                              one["val"]});
  });
  if (update.changes.size() > most_changes)
    return fail(Code::limit, "{} has more than {} changes", update.object.value, most_changes);
  return update;
}

}  // namespace truce::vsphere
