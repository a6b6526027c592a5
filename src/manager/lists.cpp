// Lists of every kind, a page at a time, and watching them as server-sent events.
#include <limits>

#include "api.h"

namespace truce::manager {
namespace {

constexpr Duration heartbeat = 15s;

template <class T>
using Predicate = std::function<bool(const T&)>;

template <class T>
Predicate<T> filter_of(const Context& context) {
  auto equals = [&](const char* key) -> std::optional<std::string> {
    const auto* value = context.query(key);
    return value ? std::optional(*value) : std::nullopt;
  };
  auto project = equals("project"), observed = equals("observed"), label = equals("label"),
       contains = equals("contains"), state = equals("state"), target = equals("target");
  return [=](const T& object) {
    if constexpr (std::is_same_v<T, model::Vm>) {
      if (project && object.project != *project) return false;
      if (observed && model::to_string(object.observed) != *observed) return false;
      if (contains && !object.name.contains(*contains)) return false;
      if (label) {
        auto equal = std::min(label->find('='), label->size());
        auto found = object.labels.find(label->substr(0, equal));
        if (found == object.labels.end()) return false;
        if (equal < label->size() && found->second != label->substr(equal + 1)) return false;
      }
    } else if constexpr (std::is_same_v<T, model::Task>) {
      if (state && model::to_string(object.state) != *state) return false;
      if (target && object.target != *target) return false;
    } else if constexpr (std::is_same_v<T, model::Event>) {
      if (target && object.target != *target) return false;
    }
    return true;
  };
}

// Written by hand from the stored texts: a page of 500 is a copy, not 500 conversions.
template <class T>
http::Response page(const Inventory& inventory, const Context& context) {
  auto matches = filter_of<T>(context);
  const auto* limit_text = context.query("limit");
  auto limit = limit_text ? std::strtoul(limit_text->c_str(), nullptr, 10) : 500UL;
  const auto* after = context.query("after");
  const auto& all = inventory.all<T>();
  http::Response response;
  response.body = fmt::format("{{\"revision\":{},\"items\":[", inventory.revision());
  std::size_t count = 0;
  std::string last, next;
  for (auto it = after ? all.upper_bound(*after) : all.begin(); it != all.end(); ++it) {
    const auto& object = it->second->object;
    if (!visible(context.caller, object) || !matches(object)) continue;
    if (count == limit) {
      next = last;
      break;
    }
    if (count++ > 0) response.body += ',';
    response.body += *it->second->text;
    last = it->first;
  }
  response.body +=
      fmt::format("],\"next\":{}}}", boost::json::serialize(boost::json::string(next)));
  return response;
}

std::string sse(std::string_view event, store::Revision revision, std::string_view name,
                const std::string* text) {
  auto quoted = boost::json::serialize(boost::json::string(name));
  return fmt::format("event: {}\nid: {}\ndata: {{\"revision\":{},\"name\":{},\"object\":{}}}\n\n",
                     event, revision, revision, quoted, text ? std::string_view(*text) : "null");
}

// What changed after `seen`, in order. Code::limit when that is no longer remembered.
template <class T>
Result<std::string> news(const Inventory& inventory, const Context& context,
                         const Predicate<T>& matches, store::Revision seen) {
  if (seen < inventory.remembered_from()) {
    return fail(Code::limit, "the changes since revision {} are no longer remembered: list again",
                seen);
  }
  const auto& recent = inventory.recent();
  auto first = std::ranges::upper_bound(recent, seen, {}, &Seen::revision);
  std::string out;
  for (; first != recent.end(); ++first) {
    if (first->folder != folder_of<T>) continue;
    if (in_projects<T> && !access::sees(context.caller, first->project)) continue;
    bool put = false;
    if (first->text) {
      auto object = model::from_text<T>(*first->text, model::Unknown::ignore);
      put = object && matches(*object) && visible(context.caller, *object);
    }
    out += sse(put ? "put" : "delete", first->revision, first->name,
               put ? first->text.get() : nullptr);
  }
  return out;
}

template <class T>
Async<void> watch(Rooms& rooms, Context context, http::BodyWriter& writer) {
  using namespace asio::experimental::awaitable_operators;
  auto& inventory = rooms.ledger.inventory();
  auto matches = filter_of<T>(context);
  store::Revision seen = inventory.revision();
  if (const auto* since = context.query("since")) {
    seen = std::strtoll(since->c_str(), nullptr, 10);
  } else {
    std::string first;
    for (const auto& [name, kept] : inventory.all<T>()) {
      if (!visible(context.caller, kept->object) || !matches(kept->object)) continue;
      first += sse("put", kept->revision, name, kept->text.get());
    }
    first += fmt::format("event: synced\nid: {}\ndata: {{\"revision\":{}}}\n\n", seen, seen);
    if (!co_await writer.write(std::move(first))) co_return;
  }
  while (true) {
    auto caller = authenticate(inventory, rooms.settings, context.request);
    auto text = caller ? news<T>(inventory, context, matches, seen)
                       : std::unexpected(std::move(caller).error());
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
Async<Result<http::Response>> list(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  const auto* watched = context.query("watch");
  if (!watched || *watched == "false") co_return page<T>(inventory, context);
  if (const auto* since = context.query("since")) {
    auto revision = std::strtoll(since->c_str(), nullptr, 10);
    if (revision > inventory.revision()) {
      co_return fail_field("?since", "is ahead of the store's newest revision");
    }
  }
  http::Response response;
  response.content_type = "text/event-stream";
  response.stream = [&rooms, context](http::BodyWriter& writer) {
    return watch<T>(rooms, context, writer);
  };
  co_return response;
}

template <class T>
Async<Result<http::Response>> get(Rooms& rooms, const Context& context) {
  CO_TRY(auto kept, find<T>(rooms.ledger.inventory(), context.caller, context.name()));
  co_return object_response(200, kept->object, kept->revision);
}

}  // namespace

void add_list_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::list_vms, list<model::Vm>);
  handlers.on(Operation::get_vm, get<model::Vm>);
  handlers.on(Operation::list_templates, list<model::Template>);
  handlers.on(Operation::list_networks, list<model::Network>);
  handlers.on(Operation::get_network, get<model::Network>);
  handlers.on(Operation::list_security_groups, list<model::SecurityGroup>);
  handlers.on(Operation::get_security_group, get<model::SecurityGroup>);
  handlers.on(Operation::list_pools, list<model::Pool>);
  handlers.on(Operation::get_pool, get<model::Pool>);
  handlers.on(Operation::list_hosts, list<model::Host>);
  handlers.on(Operation::get_host, get<model::Host>);
  handlers.on(Operation::list_tasks, list<model::Task>);
  handlers.on(Operation::list_events, list<model::Event>);
  handlers.on(Operation::list_tokens, list<model::Token>);
}

}  // namespace truce::manager
