// truced: reads its configuration, wires the modules, runs.
#include <sys/resource.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <iostream>

#include "base/service.h"
#include "daemon.h"
#include "member.h"
#include "recover.h"
#include "storage/import_process.h"
#include "store/restore.h"

namespace truce {
namespace {

enum class Ending { for_good, in_another_role };

// SIGHUP reads the configuration again and opens the log file anew; SIGINT and SIGTERM end.
Async<void> until_signal(asio::io_context& context, Daemon& daemon) {
  asio::signal_set signals(context, SIGINT, SIGTERM, SIGHUP);
  while (true) {
    auto [ec, number] = co_await signals.async_wait(as_result);
    if (ec || number != SIGHUP) co_return;
    auto done = daemon.reload();
    if (!done) spdlog::error("configuration not read again: {}", done.error().message);
  }
}

Async<Ending> until_ended(asio::io_context& context, Daemon& daemon) {
  auto first = co_await (until_signal(context, daemon) || daemon.until_other_role());
  co_return first.index() == 0 ? Ending::for_good : Ending::in_another_role;
}

// A host that joins or leaves a cluster begins anew, in the same process: its machines run on.
Async<int> run(asio::io_context& context, Options options) {
  while (true) {
    Daemon daemon(context, options);
    auto started = co_await daemon.start();
    auto ending = Ending::for_good;
    if (started) {
      notify_service("READY=1");
      ending = co_await until_ended(context, daemon);
      if (ending == Ending::for_good) notify_service("STOPPING=1");
      spdlog::info(ending == Ending::for_good ? "stopping; machines run on"
                                              : "beginning anew in another role");
    } else {
      std::cerr << "truced: " << started.error().message << '\n';
    }
    co_await daemon.stop(ending == Ending::for_good ? Duration(0) : daemon.farewell());
    if (ending == Ending::for_good) co_return started ? 0 : 1;
  }
}

// A descriptor or two for each connection and machine; many systems begin with 1,024.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 65536);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// `--restore FILE`: puts a backup in the store's place, and ends.
int restore(const Options& options) {
  auto folder = options.config.state_dir + "/cluster";
  auto member = read_member(folder);
  if (member && *member && ((*member)->keeps_etcd() || (*member)->role == model::HostRole::node)) {
    std::cerr << fmt::format(
        "truced: this host's state is that of the cluster '{}', not a file: a backup goes to a "
        "single "
        "host (move {} away to make it one)\n",
        (*member)->cluster, folder);
    return 1;
  }
  auto restored = store::restore(options.restore, options.config.state_dir + "/store/truce.db");
  if (!restored) {
    std::cerr << "truced: " << restored.error().message << '\n';
    return 1;
  }
  std::cout << fmt::format("the store is what it was at revision {}, with {} entries\n",
                           restored->revision, restored->entries);
  if (!restored->old.empty())
    std::cout << fmt::format("what was there before is now {}\n", restored->old.string());
  return 0;
}

int main_with(Options options) {
  auto log = log_settings(options.config);
  auto begun = log ? start_log(*log) : Result<void>(std::unexpected(log.error()));
  if (!begun) {
    std::cerr << "truced: log-file: " << begun.error().message << '\n';
    return 1;
  }
  if (!options.restore.empty()) return restore(options);
  std::signal(SIGPIPE, SIG_IGN);
  if (!options.recover_alone.empty()) return recover_alone(options);
  ::umask(0022);
  raise_descriptor_limit();
  asio::io_context context(1);
  int status = 1;
  asio::co_spawn(context, run(context, std::move(options)), [&](std::exception_ptr e, int result) {
    if (e) std::rethrow_exception(e);
    status = result;
    context.stop();
  });
  context.run();
  return status;
}

}  // namespace
}  // namespace truce

int main(int argc, char** argv) {
  truce::storage::run_as_import_process(argc, argv);
  std::vector<std::string> words(argv + 1, argv + argc);
  auto options = truce::read_options(words);
  if (options) return truce::main_with(*std::move(options));
  // Said anew in CLI11's own way: help and version are no errors.
  CLI::App app;
  truce::Options unused;
  truce::describe(app, unused);
  CLI11_PARSE(app, argc, argv);
  return 1;
}
