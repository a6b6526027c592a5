#include <boost/json.hpp>

#include "base/file.h"
#include "model/model.h"
#include "output.h"
#include "terminal.h"
#include "verbs.h"

namespace truce::cli {
namespace {

constexpr std::string_view here = "(the machine now)";

/// Draws a tree as rows, children in the order of their creation.
class Drawing {
 public:
  explicit Drawing(const model::SnapshotTree& tree) : tree_(tree) { below("", ""); }
  [[nodiscard]] const std::vector<TableRow>& rows() const { return rows_; }

 private:
  void below(const std::string& parent, const std::string& before) {
    std::vector<const model::VmSnapshot*> children;
    for (const auto& each : tree_.snapshots) {
      if (each.parent == parent) children.push_back(&each);
    }
    bool ends_here = tree_.at == parent;
    for (const auto* child : children) {
      bool last = child == children.back() && !ends_here;
      add(*child, before + (last ? "└─ " : "├─ "));
      below(child->name, before + (last ? "   " : "│  "));
    }
    if (ends_here) rows_.push_back({before + "└─ " + std::string(here), "", "", "", ""});
  }
  void add(const model::VmSnapshot& snapshot, const std::string& before) {
    rows_.push_back({before + snapshot.name, local_time(snapshot.created),
                     std::string(model::to_string(snapshot.kind)),
                     snapshot.memory.count > 0 ? to_string(snapshot.memory) : "-",
                     printable(snapshot.description)});
  }

  const model::SnapshotTree& tree_;
  std::vector<TableRow> rows_;
};

Async<Ending> save_screenshot(Session& session, const Invocation& invocation,
                              std::string_view folder) {
  auto path = path_of(folder, invocation.value("name"), "/screenshot");
  CO_TRY(auto response,
         co_await session.send({.method = "GET", .path = path, .query = {}, .body = {}}));
  auto file = invocation.value("file");
  if (file == "-") {
    print(response.body);
    co_return 0;
  }
  CO_TRY_VOID(write_file_durably(file, response.body, 0644));
  co_return 0;
}

}  // namespace

Async<Ending> vm_screenshot(Session& session, const Invocation& invocation) {
  return save_screenshot(session, invocation, "/v1/vms/");
}

Async<Ending> task_screenshot(Session& session, const Invocation& invocation) {
  return save_screenshot(session, invocation, "/v1/tasks/");
}

Async<Ending> vm_exec(Session& session, const Invocation& invocation) {
  model::ExecRequest request{.argv = invocation.rest};
  if (invocation.has("timeout")) {
    auto seconds = std::strtoll(invocation.value("timeout").c_str(), nullptr, 10);
    if (seconds < 1)
      co_return std::unexpected(Failure(Error{Code::invalid, "--timeout: must be at least 1", {}}));
    request.timeout_seconds = seconds;
  }
  auto path = path_of("/v1/vms/", invocation.value("name"), "/exec");
  CO_TRY(auto value,
         co_await session.call(
             {.method = "POST", .path = path, .query = {}, .body = model::to_text(request)}));
  auto answer = model::from_json<model::ExecAnswer>(value, model::Unknown::ignore);
  if (!answer)
    co_return std::unexpected(
        Failure(Exit::failed, std::move(answer).error().within("the answer")));
  print(answer->out);
  print(answer->err, Channel::errors);
  co_return static_cast<int>(answer->exit_code & 0xff);
}

Async<Ending> vm_log(Session& session, const Invocation& invocation) {
  Outgoing request{.method = "GET",
                   .path = path_of("/v1/vms/", invocation.value("name"), "/serial"),
                   .query = {},
                   .body = {}};
  if (invocation.has("bytes")) request.query["bytes"] = invocation.value("bytes");
  CO_TRY(auto response, co_await session.send(std::move(request)));
  print(response.body);
  if (!response.body.empty() && !response.body.ends_with('\n')) print("\n");
  co_return 0;
}

Async<Ending> snapshot_list(Session& session, const Invocation& invocation) {
  auto path = path_of("/v1/vms/", invocation.value("vm"), "/snapshots");
  CO_TRY(auto answer,
         co_await session.call({.method = "GET", .path = path, .query = {}, .body = {}}));
  auto tree = model::from_json<model::SnapshotTree>(answer, model::Unknown::ignore);
  if (!tree)
    co_return std::unexpected(Failure(Exit::failed, std::move(tree).error().within("the answer")));
  if (invocation.quiet || invocation.style == Style::csv) {
    for (const auto& each : tree->snapshots) print(each.name + "\n");
  } else if (invocation.style == Style::json) {
    print(pretty_json(answer));
  } else if (invocation.style == Style::yaml) {
    print(yaml(answer));
  } else if (tree->snapshots.empty()) {
    print(fmt::format("{} has no snapshots\n", invocation.value("vm")));
  } else {
    print(table({{invocation.value("vm")},
                 {"created"},
                 {"kind"},
                 {"memory", Align::right},
                 {"description"}},
                Drawing(*tree).rows()));
  }
  co_return 0;
}

}  // namespace truce::cli
