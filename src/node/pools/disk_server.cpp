#include "pools/disk_server.h"

#include <atomic>

#include "base/log.h"
#include "image/nbd_server.h"

namespace truce::node {

namespace {

namespace nbd = image::nbd;

Result<void> serve_one(std::shared_ptr<image::Image> disk, storage::Access access, Fd stream,
                       const std::atomic<bool>& stop) {
  nbd::ServeOptions options;
  options.exports.push_back({.name = "",
                             .description = {},
                             .image = std::move(disk),
                             .access = access == storage::Access::write
                                           ? nbd::ExportOptions::Access::read_write
                                           : nbd::ExportOptions::Access::read_only});
  options.client = std::move(stream);
  options.until = nbd::ServeOptions::Until::unused;
  options.report = [](std::string_view line) {
    spdlog::info("a disk that is given out: {}", line);
  };
  return nbd::serve(std::move(options), stop);
}

}  // namespace

Async<void> Loans::back() {
  constexpr Duration moment = 50ms, longest = 30s;
  auto end = std::chrono::steady_clock::now() + longest;
  while (std::chrono::steady_clock::now() < end) {
    std::erase_if(disks_, [](const auto& disk) { return disk.expired(); });
    if (disks_.empty()) co_return;
    co_await sleep_for(moment);
  }
}

Result<DiskServer::Turn> DiskServer::take_turn() {
  if (turns_.use_count() > most)
    return fail(Code::limit, "{} disks of this host are being read or written already", most);
  return Turn(turns_);
}

Async<void> DiskServer::serve(Turn turn, std::shared_ptr<image::Image> disk, storage::Access access,
                              Fd stream) {
  auto stop = std::make_shared<std::atomic<bool>>(false);
  // What runs on a thread hears of no cancellation.
  auto when_cancelled = [](std::shared_ptr<std::atomic<bool>> flag) -> Async<void> {
    while ((co_await asio::this_coro::cancellation_state).cancelled() ==
           asio::cancellation_type::none)
      co_await sleep_for(24h);
    *flag = true;
  };
  auto work = [disk = std::move(disk), access, stream = std::make_shared<Fd>(std::move(stream)),
               stop]() mutable {
    return serve_one(std::move(disk), access, std::move(*stream), *stop);
  };
  auto first = co_await (run_blocking(threads_, std::move(work)) || when_cancelled(stop));
  if (first.index() == 0 && !std::get<0>(first))
    spdlog::warn("a disk that was given out: {}", std::get<0>(first).error().message);
  turn.reset();
}

}  // namespace truce::node
