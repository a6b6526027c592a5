// What an administrator does besides machines: host checks, backup, reload, support bundle.
#include <fcntl.h>
#include <unistd.h>

#include "api.h"
#include "base/file.h"
#include "base/random.h"
#include "base/release.h"
#include "base/revert.h"
#include "upkeep/bundle.h"
#include "upkeep/redact.h"

namespace truce::manager {
namespace {

constexpr auto host_limit = 60s;

Async<Result<http::Response>> get_host_checks(Rooms& rooms, const Context& context) {
  CO_TRY(auto host, find<model::Host>(rooms.ledger.inventory(), context.caller, context.name()));
  auto name = host->object.name;
  CO_TRY(auto reply,
         co_await rooms.nodes.ask(name, {.verb = model::CallVerb::check_host}, host_limit));
  co_return http::json_response(200, model::to_json(model::HostChecks{name, reply.checks}));
}

Async<Result<void>> note(Rooms& rooms, const Context& context, std::string message) {
  co_return co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    change.event("api." + std::string(context.row.id), "server", "", message);
    return {};
  });
}

Async<void> send_file(std::shared_ptr<Fd> file, http::BodyWriter& writer) {
  constexpr std::size_t piece_size = 1 << 20;
  while (true) {
    std::string piece(piece_size, '\0');
    auto got = ::read(file->get(), piece.data(), piece.size());
    if (got == 0) co_return;
    if (got < 0) throw std::runtime_error("the copy cannot be read");  // cuts the answer off
    piece.resize(static_cast<std::size_t>(got));
    if (!co_await writer.write(std::move(piece))) co_return;
  }
}

Async<Result<http::Response>> backup_server(Rooms& rooms, const Context& context) {
  if (!rooms.settings.backup)
    co_return fail(Code::unsupported, "this server's store has no backup of its own");
  auto path = rooms.settings.backup_folder / (".backup-" + random_hex(8));
  CO_TRY_VOID(co_await note(rooms, context, "a copy of the store was given out"));
  Revert revert;
  revert.add([path] { (void)remove_tree(path); });
  CO_TRY_VOID(co_await rooms.settings.backup(path));
  CO_TRY(auto opened, open_file(path, O_RDONLY));
  // Nothing is left behind, however this ends: the file goes with its last descriptor.
  auto file = std::make_shared<Fd>(std::move(opened));
  http::Response response;
  response.content_type = "application/vnd.sqlite3";
  response.stream = [file](http::BodyWriter& writer) { return send_file(file, writer); };
  co_return response;
}

Async<Result<http::Response>> reload_server(Rooms& rooms, const Context& context) {
  if (!rooms.settings.reload) co_return fail(Code::unsupported, "this server has no configuration");
  CO_TRY(auto told, rooms.settings.reload());
  CO_TRY_VOID(
      co_await note(rooms, context,
                    fmt::format("applied: {}; needs a restart: {}", fmt::join(told.applied, ", "),
                                fmt::join(told.needs_restart, ", "))));
  co_return http::json_response(200, model::to_json(told));
}

/// All objects of a kind, one a line; the newest, where there are many.
template <class T>
std::string listed(const Inventory& inventory) {
  constexpr std::size_t most = 4000;
  const auto& all = inventory.all<T>();
  auto at = all.begin();
  if (all.size() > most) std::advance(at, all.size() - most);
  std::string out;
  for (; at != all.end(); ++at) {
    auto value = model::to_json(at->second->object);
    if (auto* object = value.if_object()) object->erase("sha256");  // what tokens are compared with
    out += boost::json::serialize(value) + "\n";
  }
  return out;
}

constexpr std::string_view read_me =
    "What `truce support bundle` gathered. One object a line in *.jsonl.\n"
    "Secrets were taken out ([removed]) where they could be told by their look. The serial "
    "consoles,\n"
    "screens and disks of guests are not in it, nor what they were given for their first boot.\n"
    "Names of machines, users and addresses are: look at it before you send it.\n";

Async<void> add_host(Rooms& rooms, std::string host, std::map<std::string, std::string>& files) {
  auto folder = "hosts/" + host + "/";
  auto checks = co_await rooms.nodes.ask(host, {.verb = model::CallVerb::check_host}, host_limit);
  std::string rows;
  if (checks) {
    for (const auto& row : checks->checks)
      rows += boost::json::serialize(model::to_json(row)) + "\n";
  }
  files[folder + "checks.jsonl"] = checks ? rows : checks.error().message + "\n";
  auto told = co_await rooms.nodes.ask(host, {.verb = model::CallVerb::support_files}, host_limit);
  if (!told) {
    files[folder + "problem.txt"] = told.error().message + "\n";
    co_return;
  }
  for (auto& [name, content] : told->files) {
    // A node is trusted with its own files only: no name leads out of its folder.
    if (name.contains("..") || name.starts_with('/')) continue;
    files[folder + name] = std::move(content);
  }
}

Async<Result<http::Response>> get_support_bundle(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await note(rooms, context, "a support bundle was given out"));
  std::map<std::string, std::string> files;
  files["README.txt"] = read_me;
  files["versions.txt"] =
      fmt::format("truced {}\nstore revision {}\nup since {}\ntime {}\n", release::version(),
                  inventory.revision(), to_string(rooms.started), to_string(now()));
  files["vms.jsonl"] = listed<model::Vm>(inventory);
  files["hosts.jsonl"] = listed<model::Host>(inventory);
  files["templates.jsonl"] = listed<model::Template>(inventory);
  files["networks.jsonl"] = listed<model::Network>(inventory);
  files["pools.jsonl"] = listed<model::Pool>(inventory);
  files["tasks.jsonl"] = listed<model::Task>(inventory);
  files["events.jsonl"] = listed<model::Event>(inventory);
  files["alarms.jsonl"] = listed<model::Alarm>(inventory);
  files["tokens.jsonl"] = listed<model::Token>(inventory);
  std::vector<std::string> hosts;
  for (const auto& [name, kept] : inventory.all<model::Host>()) hosts.push_back(name);
  for (auto& host : hosts) co_await add_host(rooms, std::move(host), files);
  for (auto& [name, content] : files) content = redacted(content);
  http::Response response;
  response.content_type = "application/zstd";
  CO_TRY(response.body, packed_tar("truce-support", files, now()));
  co_return response;
}

}  // namespace

void add_upkeep_handlers(Handlers& handlers) {
  handlers.on(model::Operation::get_host_checks, get_host_checks);
  handlers.on(model::Operation::backup_server, backup_server);
  handlers.on(model::Operation::reload_server, reload_server);
  handlers.on(model::Operation::get_support_bundle, get_support_bundle);
}

}  // namespace truce::manager
