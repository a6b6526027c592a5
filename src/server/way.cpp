#include "way.h"

namespace truce::server {
namespace {

constexpr int of_ssh_itself = 255;

std::string last_line(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  auto begin = text.rfind('\n');
  return std::string(begin == text.npos ? text : text.substr(begin + 1));
}

}  // namespace

Way Way::to(const platform::Account& account) {
  constexpr std::string_view prefix = "ssh://";
  std::string host = account.url.substr(prefix.size()), port;
  auto end = host.find(':', host.starts_with('[') ? host.find(']') : 0);
  if (end != host.npos) {
    port = host.substr(end + 1);
    host.resize(end);
  }
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  Way way{.words = {"ssh", "-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o",
                    "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3", "-l", account.user},
          .root = account.user == "root"};
  if (!port.empty()) way.words.insert(way.words.end(), {"-p", port});
  way.words.insert(way.words.end(), {"--", host});
  return way;
}

Command Way::command(const std::string& script) const {
  Command command{.argv = words};
  command.argv.push_back(fmt::format("{}sh -c '{}'", root ? "exec " : "exec sudo -n ", script));
  return command;
}

Async<Result<std::string>> Way::run(std::string script, Duration limit) const {
  CO_TRY(auto output, co_await truce::run(command(script), limit));
  CO_TRY_VOID(judge_end(output.status, output.err));
  co_return std::move(output.out);
}

Result<void> judge_end(const ExitStatus& status, const std::string& said) {
  if (status.success()) return {};
  auto line = last_line(said);
  if (said.contains("Host key verification failed"))
    return fail(Code::forbidden,
                "its key is not the one that is known: {}. Compare it, and add it to the known "
                "hosts of root on the managers (ssh-keyscan)",
                line);
  if (said.contains("Permission denied"))
    return fail(Code::unauthenticated, "no key of root on this manager is taken (ssh-copy-id): {}",
                line);
  if (said.contains("sudo:"))
    return fail(Code::forbidden, "only root can do that, or who may sudo without a password: {}",
                line);
  if (status.code == of_ssh_itself || status.signal)
    return fail(Code::unavailable, "{}", line.empty() ? "the connection has ended" : line);
  return fail(Code::precondition, "{}", line.empty() ? to_string(status) : line);
}

}  // namespace truce::server
