#include "templates.h"

#include <algorithm>

#include "api.h"
#include "pools/places.h"
#include "tasks.h"

namespace truce::manager {
namespace {

// The version in NAME@VERSION, when `full` is one of `family`'s.
std::int64_t version_of(std::string_view full, std::string_view family) {
  if (!full.starts_with(family) || full.size() <= family.size() || full[family.size()] != '@')
    return 0;
  return std::strtoll(std::string(full.substr(family.size() + 1)).c_str(), nullptr, 10);
}

Result<void> check_source(const model::TemplateCreate& wish) {
  if (wish.recipe.has_value() == wish.file.has_value()) {
    return fail_field("/recipe", "give either a recipe or a file");
  }
  if (wish.file && !wish.file->starts_with('/')) {
    return fail_field("/file", "must be an absolute path on the host");
  }
  return {};
}

Async<Result<http::Response>> create_template(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::TemplateCreate>());
  CO_TRY_VOID(check_source(wish));
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto host, choose_host(rooms.ledger.inventory(), rooms.settings.host, wish.host));
    auto full = next_template(rooms.ledger.inventory(), wish.name);
    task = begin_task(rooms.ledger, change, "template.create", "templates/" + full, "", 0);
    model::Job job;
    job.task = task.name;
    job.kind = wish.recipe ? model::JobKind::build_template : model::JobKind::import_template;
    job.template_ = full;
    job.host = host;
    job.source = wish.recipe ? *wish.recipe : *wish.file;
    job.description = wish.description;
    change.put_job(job);
    change.event("api.create_template", "templates/" + full, "", "from " + job.source);
    return {};
  }));
  co_return object_response(202, task, 0);
}

Async<Result<http::Response>> get_template(Rooms& rooms, const Context& context) {
  CO_TRY(auto kept, newest_template(rooms.ledger.inventory(), context.name()));
  co_return object_response(200, kept->object, kept->revision);
}

// A machine that was cloned in full does not need its template any more, but for its kernel.
std::string user_of(const Inventory& inventory, const model::Template& of) {
  const auto& full = of.name;
  for (const auto& [name, kept] : inventory.all<model::Vm>()) {
    const auto& vm = kept->object;
    bool linked = of.kind == model::TemplateKind::kernel && vm.template_ == full;
    for (const auto& disk : vm.disks) {
      linked = linked || (disk.template_ == full && disk.clone == model::CloneKind::linked);
    }
    if (linked || vm.iso == full) return name;
  }
  return {};
}

model::Task delete_on(Ledger& ledger, Change& change, const std::string& name,
                      const std::string& host) {
  auto task = begin_task(ledger, change, "template.delete", "templates/" + name, "", 0);
  model::Job job;
  job.task = task.name;
  job.kind = model::JobKind::delete_template;
  job.template_ = name;
  job.host = host;
  change.put_job(job);
  return task;
}

bool deletion_under_way(const Inventory& inventory, const std::string& name,
                        const std::string& host) {
  return std::ranges::any_of(inventory.all<model::Job>(), [&](const auto& entry) {
    const auto& job = entry.second->object;
    return job.kind == model::JobKind::delete_template && job.template_ == name && job.host == host;
  });
}

// Every host that has it removes its own files, once it is connected. The task of the usual host,
// or of the first that is connected, is what is waited for.
model::Task begin_deletion(Rooms& rooms, Change& change, const model::Template& of) {
  const auto& inventory = rooms.ledger.inventory();
  auto hosts = of.hosts;
  auto usual = usual_host(inventory, rooms.settings.host);
  auto online = [&](const std::string& name) {
    auto host = inventory.find<model::Host>(name);
    return host && host->object.state == model::HostState::online;
  };
  std::ranges::sort(
      hosts, {}, [&](const auto& host) { return std::tuple(host != usual, !online(host), host); });
  if (hosts.empty()) hosts.push_back(usual);
  model::Task first;
  for (const auto& host : hosts) {
    auto task = delete_on(rooms.ledger, change, of.name, host);
    if (first.name.empty()) first = task;
  }
  return first;
}

Async<Result<http::Response>> delete_template(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  model::Task task;
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, newest_template(inventory, context.name()));
    TRY_VOID(context.check_match(kept->revision));
    const auto& full = kept->object.name;
    if (auto vm = user_of(inventory, kept->object); !vm.empty()) {
      return fail(Code::precondition, "the machine '{}' uses '{}': delete it first", vm, full);
    }
    task = begin_deletion(rooms, change, kept->object);
    // No new machine may be made from it while its files go.
    change.erase<model::Template>(full);
    change.event("api.delete_template", "templates/" + full, "", "delete");
    return {};
  }));
  co_return object_response(202, task, 0);
}

}  // namespace

bool take_in_templates(Ledger& ledger, Change& change, const std::string& host,
                       const std::vector<model::Template>& seen) {
  const auto& inventory = ledger.inventory();
  for (const auto& [name, kept] : inventory.all<model::Template>()) {
    if (change.full()) return false;
    auto known = kept->object;
    auto found = std::ranges::find(seen, name, &model::Template::name);
    bool there = found != seen.end() && (known.sha256.empty() || found->sha256 == known.sha256);
    bool others_have_it =
        std::ranges::any_of(known.hosts, [&](const auto& other) { return other != host; });
    bool wrong = found != seen.end() && !there && others_have_it;
    if (wrong && !deletion_under_way(inventory, name, host)) delete_on(ledger, change, name, host);
    auto at = std::ranges::lower_bound(known.hosts, host);
    bool was = at != known.hosts.end() && *at == host;
    if (there == was) continue;
    there ? void(known.hosts.insert(at, host)) : void(known.hosts.erase(at));
    change.put(known);
  }
  return true;
}

std::string next_template(const Inventory& inventory, std::string_view family) {
  std::int64_t newest = 0;
  for (const auto& [name, kept] : inventory.all<model::Template>()) {
    newest = std::max(newest, version_of(name, family));
  }
  for (const auto& [task, kept] : inventory.all<model::Job>()) {
    newest = std::max(newest, version_of(kept->object.template_, family));
  }
  return fmt::format("{}@{}", family, newest + 1);
}

Result<Ref<model::Template>> newest_template(const Inventory& inventory, const std::string& name) {
  if (auto kept = inventory.find<model::Template>(name)) return kept;
  Ref<model::Template> newest;
  std::int64_t highest = 0;
  for (const auto& [full, kept] : inventory.all<model::Template>()) {
    if (version_of(full, name) <= highest) continue;
    highest = version_of(full, name);
    newest = kept;
  }
  if (!newest) {
    return fail(Code::not_found,
                "there is no template '{}': see truce template list, or make it with "
                "truce template create {} --recipe ...",
                name, name.substr(0, name.find('@')));
  }
  return newest;
}

void add_template_handlers(Handlers& handlers) {
  using model::Operation;
  handlers.on(Operation::create_template, create_template);
  handlers.on(Operation::get_template, get_template);
  handlers.on(Operation::delete_template, delete_template);
}

}  // namespace truce::manager
