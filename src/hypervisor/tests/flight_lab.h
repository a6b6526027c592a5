// What tests of a Migration need: two hosts of its kind, and what is between them.
#pragma once

#include "carrier.h"
#include "conformance.h"

namespace truce::hypervisor {

/// Two hosts and what is between them.
class FlightConformance : public HypervisorConformance {
 public:
  struct Side {
    std::unique_ptr<ConformanceLab> lab;
    std::unique_ptr<Hypervisor> host;
    std::unique_ptr<Notices> notices;
    std::vector<std::pair<std::string, model::Observed>> found;

    Migration& migration() { return *host->migration(); }
    /// A new life of its daemon.
    Async<void> open() {
      if (host) co_await host->close();
      host.reset();
      auto opened = co_await lab->open();
      CO_ASSERT_OK(opened);
      host = *std::move(opened);
      if (!notices) notices = std::make_unique<Notices>(co_await asio::this_coro::executor);
      host->on_notice(notices->sink());
      auto adopted = co_await host->adopt();
      CO_ASSERT_OK(adopted);
      found = *std::move(adopted);
    }
  };
  struct Trip {
    Side here, there;
    Machine machine, twin;
    std::unique_ptr<Carrier> carrier;
    Departure departure;

    const std::string& uuid() { return machine.uuid; }
    /// A guest that runs here.
    Async<void> begin() {
      machine = here.lab->machine();
      CO_ASSERT_OK(co_await here.host->start(machine));
      co_await here.lab->booted(*here.host, machine.uuid);
    }
    /// And a host that waits for it.
    Async<void> receive(bool copied = false) {
      twin = there.lab->twin(machine, copied);
      departure.copied.clear();
      if (copied) departure.copied = {{"disk0", true}};
      if (carrier) co_await carrier->close();
      carrier = std::make_unique<Carrier>(co_await asio::this_coro::executor, machine.folder);
      auto outline = co_await here.migration().outline(machine.uuid);
      CO_ASSERT_OK(outline);
      auto landing = co_await there.migration().receive(twin, *outline, departure);
      CO_ASSERT_OK(landing);
      EXPECT_EQ(landing->disks.empty(), !copied);
      carrier->carry_to(*landing);
      carrier->fill(departure);
    }
    Async<Result<Flight>> send() {
      co_return co_await here.migration().send(machine.uuid, departure, {}, {});
    }
    /// It runs here, and its guest obeys.
    Async<void> expect_runs_here() {
      co_await here.lab->booted(*here.host, machine.uuid);
      CO_ASSERT_OK(co_await here.host->pause(machine.uuid));
      CO_ASSERT_OK(co_await here.host->resume(machine.uuid));
    }
  };

 protected:
  void on_hosts(std::function<Async<void>(Trip&)> body) {
    Trip trip;
    for (auto* side : {&trip.here, &trip.there}) {
      side->lab = GetParam()();
      if (auto why = side->lab->why_not(); !why.empty()) GTEST_SKIP() << "skipped, because " << why;
    }
    asio::io_context loop;
    auto all = [](Trip& both, std::function<Async<void>(Trip&)> inner) -> Async<void> {
      for (auto* side : {&both.here, &both.there}) co_await side->open();
      co_await inner(both);
      if (both.carrier) co_await both.carrier->close();
      for (auto* side : {&both.here, &both.there}) {
        co_await side->host->close();
        side->host.reset();
        co_await end_all(*side->lab);
      }
      both.carrier.reset();
      both.here.notices.reset();
      both.there.notices.reset();
    };
    asio::co_spawn(loop, all(trip, std::move(body)), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
    loop.run();
  }
};

}  // namespace truce::hypervisor
