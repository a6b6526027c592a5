// Lists of every kind, a page at a time, and watching them as server-sent events.
#include "platforms/lists.h"

#include <limits>

#include "api.h"
#include "lists/filter.h"
#include "lists/order.h"
#include "lists/page.h"
#include "users/sessions.h"

namespace truce::manager {
namespace {

constexpr Duration heartbeat = 15s;

/// The objects of a page in their order: forward from the name `after`, or backward from it.
template <class T, class Take>
void walk(const Inventory& inventory, const std::string* after, bool newest, Take take) {
  const auto& all = inventory.all<T>();
  if (newest) {
    auto end = after ? all.lower_bound(*after) : all.end();
    for (auto it = std::make_reverse_iterator(end); it != all.rend(); ++it)
      if (!take(it->first, *it->second)) return;
  } else {
    for (auto it = after ? all.upper_bound(*after) : all.begin(); it != all.end(); ++it)
      if (!take(it->first, *it->second)) return;
  }
}

template <class T>
http::Response page(const Inventory& inventory, const Context& context) {
  auto matches = filter_of<T>(context);
  auto limit = number_of(context, "limit", 500);
  const auto* newest = context.query("newest");
  Page written(inventory.revision());
  std::string last, next;
  walk<T>(inventory, context.query("after"), newest && *newest != "false",
          [&](const std::string& name, const auto& kept) {
            if (!visible(context.caller, kept.object) || !matches(kept.object)) return true;
            if (written.count() == limit) {
              next = last;
              return false;
            }
            written.add(*kept.text);
            last = name;
            return true;
          });
  return written.take(next);
}

/// An object, or with `text` null its end, as an event; `kind` is told where a watch has several.
std::string sse(const Seen& seen, const std::string* text, bool with_kind) {
  auto kind = with_kind ? fmt::format("\"kind\":\"{}\",", seen.folder) : std::string();
  return fmt::format("event: {}\nid: {}\ndata: {{{}\"revision\":{},\"name\":{},\"object\":{}}}\n\n",
                     text ? "put" : "delete", seen.revision, kind, seen.revision,
                     boost::json::serialize(boost::json::string(seen.name)),
                     text ? std::string_view(*text) : "null");
}

std::string synced(store::Revision revision) {
  return fmt::format("event: synced\nid: {}\ndata: {{\"revision\":{}}}\n\n", revision, revision);
}

/// What the caller is told of a change; nothing when it is not theirs to see.
template <class T>
std::string told(const access::Caller& caller, const Seen& seen, const Predicate<T>& matches,
                 bool with_kind) {
  if (in_projects<T> && !access::sees(caller, seen.project)) return {};
  bool put = false;
  if (seen.text) {
    auto object = model::from_text<T>(*seen.text, model::Unknown::ignore);
    put = object && (!matches || matches(*object)) && visible(caller, *object);
  }
  return sse(seen, put ? seen.text.get() : nullptr, with_kind);
}

/// How a kind of objects is told of in a watch of everything.
struct Kind {
  std::string_view folder;
  std::string (*told)(const access::Caller& caller, const Seen& seen);
  bool for_administrators = false;
};

template <class T>
constexpr Kind kind_of(bool for_administrators = false) {
  return {folder_of<T>,
          [](const access::Caller& caller, const Seen& seen) {
            return told<T>(caller, seen, {}, true);
          },
          for_administrators};
}

constexpr Kind kinds[]{kind_of<model::Vm>(),           kind_of<model::Template>(),
                       kind_of<model::Network>(),      kind_of<model::SecurityGroup>(),
                       kind_of<model::ResourcePool>(), kind_of<model::ConflictClass>(),
                       kind_of<model::Pool>(),         kind_of<model::Host>(),
                       kind_of<model::Task>(),         kind_of<model::Event>(),
                       kind_of<model::Token>(true),    kind_of<model::User>(true),
                       kind_of<model::Session>(),      kind_of<model::Alarm>(),
                       kind_of<model::Rule>(),         kind_of<model::Plan>(),
                       kind_of<model::Platform>()};

std::string told_of_any(const access::Caller& caller, const Seen& seen) {
  const auto* kind = std::ranges::find(kinds, seen.folder, &Kind::folder);
  if (kind == std::end(kinds)) return {};
  if (kind->for_administrators && !access::unlimited(caller)) return {};
  return kind->told(caller, seen);
}

using Tell = std::function<std::string(const access::Caller& caller, const Seen& seen)>;

// What changed after `revision`, in order. Code::limit when that is no longer remembered.
Result<std::string> news(const Inventory& inventory, const access::Caller& caller, const Tell& tell,
                         store::Revision revision) {
  if (revision < inventory.remembered_from()) {
    return fail(Code::limit, "the changes since revision {} are no longer remembered: list again",
                revision);
  }
  const auto& recent = inventory.recent();
  auto first = std::ranges::upper_bound(recent, revision, {}, &Seen::revision);
  std::string out;
  for (; first != recent.end(); ++first) out += tell(caller, *first);
  return out;
}

/// Who the caller is now, if they may still watch what they began to watch. That they do so does
/// not keep their session from being idle.
Result<access::Caller> still_allowed(Rooms& rooms, const Context& context) {
  TRY(auto caller, authenticate(rooms, context.request, Use::only_looks));
  TRY_VOID(access::allow(caller, context.row.permission));
  return caller;
}

/// Sends what changes after `seen` until the caller leaves, may no longer, or is too slow.
Async<void> follow(Rooms& rooms, const Context& context, Tell tell, store::Revision seen,
                   http::BodyWriter& writer) {
  auto& inventory = rooms.ledger.inventory();
  while (true) {
    auto caller = still_allowed(rooms, context);
    auto text =
        caller ? news(inventory, *caller, tell, seen) : std::unexpected(std::move(caller).error());
    if (!text) {
      co_await writer.write(
          fmt::format("event: gone\ndata: {}\n\n",
                      boost::json::serialize(boost::json::string(text.error().message))));
      co_return;
    }
    seen = inventory.revision();
    if (!text->empty()) {
      if (!co_await writer.write(std::move(*text))) co_return;
      continue;
    }
    auto woken = co_await (inventory.changed_since(seen) || sleep_for(heartbeat));
    if (woken.index() == 1 && !co_await writer.write(": alive\n\n")) co_return;
  }
}

template <class T>
Async<void> watch(Rooms& rooms, Context context, http::BodyWriter& writer) {
  auto& inventory = rooms.ledger.inventory();
  auto matches = filter_of<T>(context);
  store::Revision seen = inventory.revision();
  if (const auto* since = context.query("since")) {
    seen = std::strtoll(since->c_str(), nullptr, 10);
  } else {
    std::string first;
    for (const auto& [name, kept] : inventory.all<T>()) {
      if (!visible(context.caller, kept->object) || !matches(kept->object)) continue;
      first += sse({kept->revision, folder_of<T>, name, {}, {}}, kept->text.get(), false);
    }
    first += synced(seen);
    if (!co_await writer.write(std::move(first))) co_return;
  }
  Tell tell = [matches](const access::Caller& caller, const Seen& change) {
    return change.folder == folder_of<T> ? told<T>(caller, change, matches, false) : std::string();
  };
  co_await follow(rooms, context, std::move(tell), seen, writer);
}

Async<void> watch_all(Rooms& rooms, Context context, http::BodyWriter& writer) {
  auto seen = rooms.ledger.inventory().revision();
  if (const auto* since = context.query("since")) {
    seen = std::strtoll(since->c_str(), nullptr, 10);
  } else if (!co_await writer.write(synced(seen))) {
    co_return;
  }
  co_await follow(rooms, context, told_of_any, seen, writer);
}

using Stream = Async<void> (*)(Rooms& rooms, Context context, http::BodyWriter& writer);

Result<http::Response> streamed(Rooms& rooms, const Context& context, Stream stream) {
  if (const auto* since = context.query("since")) {
    auto revision = std::strtoll(since->c_str(), nullptr, 10);
    if (revision > rooms.ledger.inventory().revision())
      return fail_field("?since", "is ahead of the store's newest revision");
  }
  http::Response response;
  response.content_type = "text/event-stream";
  response.stream = [&rooms, context, stream](http::BodyWriter& writer) {
    return stream(rooms, context, writer);
  };
  return response;
}

template <class T>
Async<Result<http::Response>> list(Rooms& rooms, const Context& context) {
  const auto* watched = context.query("watch");
  bool watching = watched && *watched != "false";
  if constexpr (std::is_same_v<T, model::Platform>)
    if (!watching) co_return platform_page(rooms, context);
  if constexpr (on_platforms<T>)
    if (context.query("platform")) co_return foreign_page<T>(rooms, context);
  if constexpr (std::is_same_v<T, model::Vm>) {
    if (in_another_order(context)) {
      if (watching) co_return fail_field("?watch", "tells changes as they come, in no order");
      co_return ordered_page(rooms.ledger.inventory(), context);
    }
  }
  if (!watching) co_return page<T>(rooms.ledger.inventory(), context);
  co_return streamed(rooms, context, watch<T>);
}

Async<Result<http::Response>> watch_changes(Rooms& rooms, const Context& context) {
  co_return streamed(rooms, context, watch_all);
}

template <class T>
Async<Result<http::Response>> get(Rooms& rooms, const Context& context) {
  CO_TRY(auto kept, find<T>(rooms.ledger.inventory(), context.caller, context.name()));
  co_return object_response(200, kept->object, kept->revision);
}

}  // namespace

void add_list_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::watch_changes, watch_changes);
  handlers.on(Operation::list_vms, list<model::Vm>);
  handlers.on(Operation::get_vm, get<model::Vm>);
  handlers.on(Operation::list_templates, list<model::Template>);
  handlers.on(Operation::list_uploads, list<model::Upload>);
  handlers.on(Operation::get_upload, get<model::Upload>);
  handlers.on(Operation::list_networks, list<model::Network>);
  handlers.on(Operation::get_network, get<model::Network>);
  handlers.on(Operation::list_security_groups, list<model::SecurityGroup>);
  handlers.on(Operation::get_security_group, get<model::SecurityGroup>);
  handlers.on(Operation::list_resource_pools, list<model::ResourcePool>);
  handlers.on(Operation::get_resource_pool, get<model::ResourcePool>);
  handlers.on(Operation::list_conflict_classes, list<model::ConflictClass>);
  handlers.on(Operation::get_conflict_class, get<model::ConflictClass>);
  handlers.on(Operation::list_pools, list<model::Pool>);
  handlers.on(Operation::get_pool, get<model::Pool>);
  handlers.on(Operation::list_hosts, list<model::Host>);
  handlers.on(Operation::get_host, get<model::Host>);
  handlers.on(Operation::list_platforms, list<model::Platform>);
  handlers.on(Operation::list_join_tokens, list<model::JoinToken>);
  handlers.on(Operation::list_tasks, list<model::Task>);
  handlers.on(Operation::list_events, list<model::Event>);
  handlers.on(Operation::list_tokens, list<model::Token>);
  handlers.on(Operation::list_users, list<model::User>);
  handlers.on(Operation::get_user, get<model::User>);
  handlers.on(Operation::list_sessions, list<model::Session>);
  handlers.on(Operation::list_alarms, list<model::Alarm>);
  handlers.on(Operation::get_alarm, get<model::Alarm>);
  handlers.on(Operation::list_rules, list<model::Rule>);
  handlers.on(Operation::get_rule, get<model::Rule>);
  handlers.on(Operation::list_plans, list<model::Plan>);
  handlers.on(Operation::get_plan, get<model::Plan>);
}

}  // namespace truce::manager
