#include <boost/json.hpp>

#include "base/file.h"
#include "model/model.h"
#include "terminal.h"
#include "verbs.h"

namespace truce::cli {

Async<Ending> vm_screenshot(Session& session, const Invocation& invocation) {
  auto path = path_of("/v1/vms/", invocation.value("name"), "/screenshot");
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

}  // namespace truce::cli
