// What every handler gets, and the table of handlers: one for each operation of the schema.
#pragma once

#include <array>
#include <functional>

#include "access/access.h"
#include "consoles.h"
#include "http/server.h"
#include "ledger.h"
#include "manager/manager.h"
#include "metrics/history.h"
#include "metrics/measurements.h"
#include "model/operations.h"
#include "nodes.h"

namespace truce::manager {

struct Entrance;
enum class Use;

/// One request after authentication.
struct Context {
  http::Request request;
  access::Caller caller;
  const model::OperationRow& row;

  [[nodiscard]] const std::string& name() const { return request.parameters.at("name"); }
  [[nodiscard]] Actor actor() const { return {caller.name, request.peer.address, request_id()}; }
  [[nodiscard]] const std::string& request_id() const { return request.headers.at("x-request-id"); }
  /// A query parameter that model::check_query has accepted.
  [[nodiscard]] const std::string* query(const std::string& key) const {
    auto found = request.query.find(key);
    return found == request.query.end() ? nullptr : &found->second;
  }
  /// The body as the operation's type; an absent body counts as `{}`.
  template <class T>
  [[nodiscard]] Result<T> body() const {
    return model::from_text<T>(request.body.empty() ? "{}" : request.body, model::Unknown::refuse);
  }
  /// Code::conflict with the field `If-Match` when the header names another revision.
  [[nodiscard]] Result<void> check_match(store::Revision revision) const;
};

class Alarms;
class Plans;
class Platforms;

/// The manager's rooms, handed to handlers by reference.
struct Rooms {
  asio::any_io_executor loop;
  const Settings& settings;
  Ledger& ledger;
  Nodes& nodes;
  Consoles& consoles;
  Entrance& entrance;
  Measurements& measurements;
  Alarms& alarms;
  Plans& plans;
  Platforms& platforms;
  metrics::History* history = nullptr;  ///< null: nothing is kept
  const http::Counters* counters = nullptr;
  Time started = now();
};

using Handler = std::function<Async<Result<http::Response>>(Rooms&, const Context&)>;

class Handlers {
 public:
  void on(model::Operation operation, Handler handler) {
    table_[static_cast<std::size_t>(operation)] = std::move(handler);
  }
  [[nodiscard]] const Handler& of(model::Operation operation) const {
    return table_[static_cast<std::size_t>(operation)];
  }

 private:
  std::array<Handler, model::operations.size()> table_;
};

void add_server_handlers(Handlers& handlers);
void add_list_handlers(Handlers& handlers);
void add_summary_handlers(Handlers& handlers);
void add_search_handlers(Handlers& handlers);
void add_vm_handlers(Handlers& handlers);
void add_power_handlers(Handlers& handlers);
void add_guest_handlers(Handlers& handlers);
void add_template_handlers(Handlers& handlers);
void add_network_handlers(Handlers& handlers);
void add_pool_handlers(Handlers& handlers);
void add_snapshot_handlers(Handlers& handlers);
void add_disk_handlers(Handlers& handlers);
void add_pending_handlers(Handlers& handlers);
void add_task_handlers(Handlers& handlers);
void add_token_handlers(Handlers& handlers);
void add_metric_handlers(Handlers& handlers);
void add_exposition_handlers(Handlers& handlers);
void add_upkeep_handlers(Handlers& handlers);
void add_sign_in_handlers(Handlers& handlers);
void add_account_handlers(Handlers& handlers);
void add_user_handlers(Handlers& handlers);
void add_alarm_handlers(Handlers& handlers);
void add_platform_handlers(Handlers& handlers);
void add_foreign_vm_handlers(Handlers& handlers);
void add_foreign_change_handlers(Handlers& handlers);
void add_relocation_handlers(Handlers& handlers);
void add_cluster_handlers(Handlers& handlers);
void add_join_token_handlers(Handlers& handlers);
void add_rotation_handlers(Handlers& handlers);
void add_host_handlers(Handlers& handlers);

/// Who the caller is: the holder of a bearer token; whom unix_administrator() names, here or at the
/// host of the cluster that passes the request on; the holder of a session's cookie, or of a client
/// certificate, in this order. A token that is sent but not known is Code::unauthenticated; of a
/// cookie or certificate, which browsers send by themselves, that makes a caller who is not known.
Result<access::Caller> authenticate(Rooms& rooms, const http::Request& request, Use use);

/// What the server is, and who the caller is to it; `cookie` is that of the caller's session.
model::Server describe_server(Rooms& rooms, const access::Caller& caller, std::string_view cookie);

/// An object as an answer, with its revision as ETag.
template <class T>
http::Response object_response(int status, const T& object, store::Revision revision) {
  http::Response response;
  response.status = status;
  response.body = model::to_text(object);
  if (revision > 0) response.headers["ETag"] = fmt::format("\"{}\"", revision);
  return response;
}

/// Whether the caller may see an object: what belongs to no project is for callers without limits,
/// unless its kind knows no projects.
template <class T>
bool visible(const access::Caller& caller, const T& object) {
  if constexpr (std::is_same_v<T, model::Network>) {
    return object.private_to.empty() || access::sees(caller, object.private_to);
  }
  if constexpr (std::is_same_v<T, model::Session>) {
    // A token may have the name of a user: it is not theirs.
    return (object.user == caller.name && !caller.session.empty()) || access::unlimited(caller);
  }
  // Both name machines of all projects.
  if constexpr (std::is_same_v<T, model::Rule> || std::is_same_v<T, model::Plan>)
    return caller.projects.empty();
  // What is on them is of no project.
  if constexpr (std::is_same_v<T, model::Platform>) return caller.projects.empty();
  // The project of an alarm says which machines it looks at; what it is raised for names machines.
  if constexpr (std::is_same_v<T, model::Alarm>) return caller.projects.empty();
  return !in_projects<T> || access::sees(caller, project_of(object));
}

/// The object that a path names, if the caller may see it; not_found otherwise.
template <class T>
Result<Ref<T>> find(const Inventory& inventory, const access::Caller& caller,
                    std::string_view name) {
  auto kept = inventory.find<T>(name);
  if (!kept || !visible(caller, kept->object)) {
    return fail(Code::not_found, "there is no {} '{}'", noun_of<T>, name);
  }
  return kept;
}

}  // namespace truce::manager
