// Pools, templates and jobs of several hosts: what each is told, and what is made of what they
// tell.
#include "pools/places.h"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "estate.h"
#include "plans/filled_inventory.h"
#include "pools/fill.h"
#include "pools/intake.h"

namespace truce::manager {
namespace {

model::Pool seen(std::string name, std::uint64_t total_gib, std::uint64_t free_gib,
                 std::string problem = {}) {
  model::Pool pool;
  pool.name = std::move(name);
  pool.path = "/srv/" + pool.name;
  pool.total = gib(total_gib);
  pool.free = gib(free_gib);
  pool.used = gib(total_gib - free_gib);
  pool.allocated = gib(1);
  pool.problem = std::move(problem);
  return pool;
}

/// A second host beside the estate's.
struct Two {
  explicit Two(Estate& e) : estate(e), node(e.loop) {}

  Async<void> connect() {
    co_await node.connect((estate.folder / "node.sock").string(), "h2");
    co_await node.assignment([](const auto& sent) { return !sent.networks.empty(); });
    co_await host_is("h2", "online");
  }
  Async<void> host_is(std::string name, std::string state) {
    for (int i = 0; i < 500; ++i) {
      auto host = co_await estate.call("GET", "/v1/hosts/" + name);
      if (host.text("/state") == state) co_return;
      co_await sleep_for(10ms);
    }
    ADD_FAILURE() << name << " is not " << state;
  }
  static Async<void> report(PlayedNode& from, model::Pool pool) {
    model::FromNode message;
    message.report.emplace();
    message.report->pools.push_back(std::move(pool));
    co_await from.send(std::move(message));
  }
  static Async<void> report(PlayedNode& from, std::vector<model::Template> templates) {
    model::FromNode message;
    message.report.emplace();
    message.report->templates = std::move(templates);
    co_await from.send(std::move(message));
  }
  /// What is shown of a pool once it is as `so` says.
  template <class So>
  Async<model::Pool> pool_when(std::string name, So so) {
    model::Pool shown;
    for (int i = 0; i < 500; ++i) {
      auto answer = co_await estate.call("GET", "/v1/pools/" + name);
      auto read = model::from_text<model::Pool>(answer.raw, model::Unknown::ignore);
      if (read) shown = *read;
      if (read && so(shown)) co_return shown;
      co_await sleep_for(10ms);
    }
    ADD_FAILURE() << model::to_text(shown);
    co_return shown;
  }
  Async<model::Pool> pool(std::string name, std::size_t places) {
    return pool_when(name, [places](const model::Pool& shown) {
      return shown.places.size() == places &&
             std::ranges::all_of(shown.places, [](const auto& place) {
               return place.total.count > 0 || !place.problem.empty();
             });
    });
  }
  /// The next job that a node is told of.
  static Async<model::Job> job(PlayedNode& at) {
    auto sent = co_await at.assignment([](const auto& each) { return !each.jobs.empty(); });
    co_return sent.jobs.empty() ? model::Job{} : sent.jobs.front();
  }
  static Async<void> end(PlayedNode& at, const model::Job& job, std::string error = {}) {
    model::JobReport done{.task = job.task};
    done.done = true;
    done.error = std::move(error);
    co_await at.report(done);
  }
  Async<void> make_pool(PlayedNode& at, std::string body) {
    auto created = co_await estate.call("POST", "/v1/pools", body);
    EXPECT_EQ(created.status, 202) << created.raw;
    co_await end(at, co_await job(at));
    EXPECT_EQ(co_await estate.task_ends(created.text("/name")), "succeeded");
  }

  Estate& estate;
  PlayedNode node;
};

template <class Work>
void with_two(Work work) {
  with_estate([work](Estate& estate) -> Async<void> {
    Two two(estate);
    co_await two.connect();
    co_await work(estate, two);
    two.node.close();
  });
}

TEST(Places, hosts_report_their_own_of_a_pool_and_what_is_shown_is_the_sum) {
  with_two([](Estate& estate, Two& two) -> Async<void> {
    co_await Two::report(estate.node, seen("default", 10, 4));
    auto pool = co_await two.pool("default", 1);
    EXPECT_EQ(pool.host, "h1");
    EXPECT_EQ(pool.total, gib(10));
    co_await Two::report(two.node, seen("default", 20, 15));
    pool = co_await two.pool("default", 2);
    EXPECT_EQ(pool.host, "");
    EXPECT_EQ(pool.total, gib(30));
    EXPECT_EQ(pool.free, gib(19));
    EXPECT_EQ(pool.used, gib(11));
    EXPECT_EQ(pool.allocated, gib(2));
    co_await Two::report(two.node, seen("default", 20, 15, "its disk is gone"));
    pool =
        co_await two.pool_when("default", [](const auto& shown) { return !shown.problem.empty(); });
    EXPECT_EQ(pool.problem, "h2: its disk is gone");
    EXPECT_EQ(pool.places.at(0).problem, "");
    auto vm = co_await estate.call("POST", "/v1/vms", R"({"name":"v","disk":1048576})");
    EXPECT_EQ(vm.status, 202) << vm.raw;
    EXPECT_EQ((co_await estate.node.machine("v", 1)).host, "h1") << "where it works";
  });
}

TEST(Places, a_pool_of_one_host_is_made_by_it_and_machines_in_it_go_there) {
  with_two([](Estate& estate, Two& two) -> Async<void> {
    co_await two.make_pool(two.node, R"({"name":"fast","source":"/srv/fast","host":"h2"})");
    auto told = co_await two.node.assignment(
        [](const auto& sent) { return sent.pools && !sent.pools->empty(); });
    EXPECT_EQ(told.pools->at(0).source, "/srv/fast");
    co_await Two::report(two.node, seen("fast", 10, 4));
    co_await two.pool("fast", 1);
    auto vm =
        co_await estate.call("POST", "/v1/vms", R"({"name":"v","disk":1048576,"pool":"fast"})");
    EXPECT_EQ(vm.status, 202) << vm.raw;
    auto placed = co_await two.node.machine("v", 1);
    EXPECT_EQ(placed.host, "h2");
    EXPECT_EQ(placed.epoch, 1);
    // A host that tells of a pool which it does not have is not believed.
    co_await Two::report(estate.node, seen("fast", 99, 99));
    co_await estate.make_machine("later");
    EXPECT_EQ((co_await two.pool("fast", 1)).total, gib(10));
  });
}

TEST(Places, a_host_that_lacks_a_pool_refuses_in_a_sentence) {
  with_two([](Estate& estate, Two& two) -> Async<void> {
    co_await two.make_pool(two.node, R"({"name":"fast","source":"/srv/fast","host":"h2"})");
    two.node.close();
    co_await two.host_is("h2", "offline");
    auto vm =
        co_await estate.call("POST", "/v1/vms", R"({"name":"v","disk":1048576,"pool":"fast"})");
    EXPECT_EQ(vm.status, 202) << vm.raw;
    std::string problem;
    for (int i = 0; i < 500 && problem.empty(); ++i) {
      problem = (co_await estate.call("GET", "/v1/vms/v")).text("/problem");
      co_await sleep_for(10ms);
    }
    EXPECT_TRUE(problem.contains("h1: pool 'fast' is not there")) << problem;
    EXPECT_TRUE(problem.contains("h2 is offline")) << problem;
  });
}

TEST(Places, hosts_have_folders_of_their_own_under_one_name_and_lose_them_one_by_one) {
  with_two([](Estate& estate, Two& two) -> Async<void> {
    co_await two.make_pool(estate.node, R"({"name":"fast","source":"/srv/fast"})");
    auto again = co_await estate.call("POST", "/v1/pools", R"({"name":"fast","source":"/srv/x"})");
    EXPECT_EQ(again.status, 409) << again.raw;
    again = co_await estate.call("POST", "/v1/pools",
                                 R"({"name":"fast","source":"/srv/x","host":"h9"})");
    EXPECT_EQ(again.text("/field"), "/host") << again.raw;
    co_await two.make_pool(two.node, R"({"name":"fast","source":"/mnt/quick","host":"h2"})");
    auto told = co_await two.node.assignment(
        [](const auto& sent) { return sent.pools && !sent.pools->empty(); });
    EXPECT_EQ(told.pools->at(0).source, "/mnt/quick");
    auto deleted = co_await estate.call("DELETE", "/v1/pools/fast");
    EXPECT_EQ(deleted.status, 202) << deleted.raw;
    auto of_one = co_await Two::job(estate.node);
    auto of_two = co_await Two::job(two.node);
    EXPECT_EQ(of_one.pool->source, "/srv/fast");
    EXPECT_EQ(of_two.pool->source, "/mnt/quick");
    co_await Two::end(estate.node, of_one);
    co_await Two::end(two.node, of_two, "it holds files");
    auto left =
        co_await two.pool_when("fast", [](const auto& shown) { return !shown.name.empty(); });
    EXPECT_EQ(left.places.size(), 1U);
    EXPECT_EQ(left.places.at(0).host, "h2");
  });
}

TEST(Places, a_shared_pool_is_one_for_all_hosts_and_none_for_one_that_cannot_see_it) {
  with_two([](Estate& estate, Two& two) -> Async<void> {
    co_await two.make_pool(estate.node, R"({"name":"nfs","source":"/mnt/nfs","shared":true})");
    auto is_told = [](const auto& sent) { return sent.pools && !sent.pools->empty(); };
    auto told = (co_await two.node.assignment(is_told)).pools->at(0);
    EXPECT_TRUE(told.shared);
    EXPECT_EQ(told.source, "/mnt/nfs");
    EXPECT_EQ(told.id, (co_await estate.node.assignment(is_told)).pools->at(0).id);
    EXPECT_EQ(told.id.size(), 16U);
    co_await Two::report(estate.node, seen("nfs", 10, 4));
    co_await Two::report(two.node, seen("nfs", 10, 4));
    auto pool = co_await two.pool("nfs", 2);
    EXPECT_EQ(pool.total, gib(10));
    EXPECT_EQ(pool.free, gib(4));
    co_await Two::report(estate.node, seen("nfs", 0, 0, "not mounted"));
    pool = co_await two.pool_when("nfs", [](const auto& shown) { return !shown.problem.empty(); });
    EXPECT_EQ(pool.problem, "h1: not mounted");
    EXPECT_EQ(pool.total, gib(10)) << "as the other sees it";
    auto vm =
        co_await estate.call("POST", "/v1/vms", R"({"name":"v","disk":1048576,"pool":"nfs"})");
    EXPECT_EQ(vm.status, 202) << vm.raw;
    EXPECT_EQ((co_await two.node.machine("v", 1)).host, "h2");
    auto deleted = co_await estate.call("DELETE", "/v1/pools/nfs");
    EXPECT_EQ(deleted.status, 409);
  });
}

TEST(Places, what_may_be_promised_holds_for_each_host_of_its_own_and_for_a_shared_pool_once) {
  with_two([](Estate& estate, Two& two) -> Async<void> {
    for (auto* node : {&estate.node, &two.node})
      co_await Two::report(*node, seen("default", 10, 9));
    co_await two.pool("default", 2);
    auto set = co_await estate.call("PATCH", "/v1/pools/default", R"({"overcommit_percent":100})");
    EXPECT_EQ(set.status, 200);
    auto make = [&](std::string name, Bytes size) {
      return estate.call("POST", "/v1/vms",
                         fmt::format(R"({{"name":"{}","disk":{}}})", name, size.count));
    };
    EXPECT_EQ((co_await make("a", gib(8))).status, 202);
    EXPECT_EQ((co_await make("b", gib(8))).status, 202) << "on the other host";
    auto a = co_await estate.call("GET", "/v1/vms/a");
    auto b = co_await estate.call("GET", "/v1/vms/b");
    EXPECT_NE(a.text("/host"), b.text("/host"));
    auto refused = co_await make("c", gib(4));
    EXPECT_EQ(refused.text("/field"), "/pool") << refused.raw;
    EXPECT_TRUE(refused.text("/detail").contains("8GiB")) << refused.raw;
    EXPECT_EQ((co_await make("d", gib(2))).status, 202);
  });
}

model::Template made(std::string name, std::string digest) {
  model::Template made;
  made.name = std::move(name);
  made.kind = model::TemplateKind::disk;
  made.disk_size = gib(2);
  made.sha256["disk.qcow2"] = std::move(digest);
  made.created = now();
  return made;
}

Async<void> build(Estate& estate, PlayedNode& at, std::string body) {
  auto created = co_await estate.call("POST", "/v1/templates", body);
  EXPECT_EQ(created.status, 202) << created.raw;
  auto job = co_await Two::job(at);
  EXPECT_EQ(job.task, created.text("/name"));
  model::JobReport done{.task = job.task};
  done.done = true;
  done.template_ = made(job.template_, "d1");
  co_await at.report(done);
  EXPECT_EQ(co_await estate.task_ends(job.task), "succeeded");
}

TEST(Places, a_template_is_made_where_it_was_asked_for_and_known_where_it_is) {
  with_two([](Estate& estate, Two& two) -> Async<void> {
    co_await build(estate, two.node, R"({"name":"base","recipe":"base","host":"h2"})");
    auto shown = co_await estate.call("GET", "/v1/templates/base");
    EXPECT_EQ(shown.text("/hosts"), R"(["h2"])");
    co_await build(estate, estate.node, R"({"name":"other","recipe":"other"})");
    shown = co_await estate.call("GET", "/v1/templates/other");
    EXPECT_EQ(shown.text("/hosts"), R"(["h1"])");
    // One of the same name with other content is not that template.
    co_await Two::report(estate.node, {made("base@1", "d2"), made("other@1", "d1")});
    auto job = co_await Two::job(estate.node);
    EXPECT_EQ(job.kind, model::JobKind::delete_template) << "so that it fetches the right one";
    EXPECT_EQ(job.template_, "base@1");
    co_await Two::report(two.node, {made("base@1", "d1"), made("other@1", "d1")});
    for (int i = 0; i < 500 && shown.text("/hosts") != R"(["h1","h2"])"; ++i) {
      co_await sleep_for(10ms);
      shown = co_await estate.call("GET", "/v1/templates/other");
    }
    EXPECT_EQ(shown.text("/hosts"), R"(["h1","h2"])");
    shown = co_await estate.call("GET", "/v1/templates/base");
    EXPECT_EQ(shown.text("/hosts"), R"(["h2"])");
  });
}

TEST(Places, every_host_that_has_a_template_deletes_it_also_one_that_is_away_at_first) {
  with_two([](Estate& estate, Two& two) -> Async<void> {
    co_await build(estate, estate.node, R"({"name":"base","recipe":"base"})");
    co_await Two::report(two.node, {made("base@1", "d1")});
    std::string hosts;
    for (int i = 0; i < 500 && hosts != R"(["h1","h2"])"; ++i) {
      co_await sleep_for(10ms);
      hosts = (co_await estate.call("GET", "/v1/templates/base")).text("/hosts");
    }
    two.node.close();
    auto deleted = co_await estate.call("DELETE", "/v1/templates/base@1");
    EXPECT_EQ(deleted.status, 202) << deleted.raw;
    auto job = co_await Two::job(estate.node);
    EXPECT_EQ(job.task, deleted.text("/name"));
    co_await Two::end(estate.node, job);
    EXPECT_EQ(co_await estate.task_ends(job.task), "succeeded");
    Two back(estate);
    co_await back.node.connect((estate.folder / "node.sock").string(), "h2");
    auto later = co_await Two::job(back.node);
    EXPECT_EQ(later.kind, model::JobKind::delete_template);
    EXPECT_EQ(later.template_, "base@1");
    co_await Two::end(back.node, later);
    EXPECT_EQ(co_await estate.task_ends(later.task), "succeeded");
    back.node.close();
  });
}

/// What a host does that is asked for a file of a template.
Async<void> give_file(Estate& estate, std::string content) {
  for (int answered = 0; answered < 2;) {
    auto message = co_await estate.node.next();
    if (!message.call) continue;
    ++answered;
    const auto& call = *message.call;
    model::FromNode reply;
    reply.reply.emplace();
    reply.reply->id = call.id;
    if (call.verb == model::CallVerb::template_file) {
      EXPECT_EQ(call.part, "disk.qcow2");
      reply.reply->file =
          model::FileFacts{"disk.qcow2", static_cast<std::int64_t>(content.size()), "d1"};
      co_await estate.node.send(reply);
      continue;
    }
    auto socket = co_await connect_unix((estate.folder / "node.sock").string());
    model::FromNode hello;
    hello.hello = model::Hello{.host = "h1", .stream = call.stream};
    co_await write_frame(*socket, model::to_text(hello));
    co_await estate.node.send(reply);
    auto part =
        content.substr(static_cast<std::size_t>(call.offset), static_cast<std::size_t>(call.bytes));
    co_await asio::async_write(*socket, asio::buffer(part), as_result);
  }
}

struct Fetched {
  model::CallReply reply;
  std::string bytes;
};

Async<Fetched> fetch(Estate& estate, model::Fetch wish) {
  Fetched fetched;
  auto socket = co_await connect_unix((estate.folder / "node.sock").string());
  model::FromNode hello;
  hello.hello = model::Hello{.host = "h2"};
  hello.hello->fetch = std::move(wish);
  co_await write_frame(*socket, model::to_text(hello));
  auto frame = co_await read_frame(*socket, kib(64));
  fetched.reply =
      *model::from_text<model::CallReply>(frame ? *frame : "{}", model::Unknown::ignore);
  co_await asio::async_read(*socket, asio::dynamic_buffer(fetched.bytes), as_result);
  co_return fetched;
}

TEST(Places, a_file_of_a_template_goes_from_the_host_that_has_it_to_one_that_asks) {
  with_two([](Estate& estate, Two& two) -> Async<void> {
    co_await build(estate, estate.node, R"({"name":"base","recipe":"base"})");
    auto fetched =
        co_await (fetch(estate, {"base@1", "disk.qcow2", 3}) && give_file(estate, "0123456789"));
    EXPECT_EQ(fetched.bytes, "3456789");
    EXPECT_EQ(fetched.reply.file->size, 10);
    EXPECT_EQ(fetched.reply.file->host, "h1");
    auto none = co_await fetch(estate, {"none@1", "disk.qcow2", 0});
    EXPECT_EQ(none.reply.code, "not_found");
    estate.node.close();
    co_await two.host_is("h1", "offline");
    auto away = co_await fetch(estate, {"base@1", "disk.qcow2", 0});
    EXPECT_EQ(away.reply.code, "unavailable");
    EXPECT_TRUE(away.reply.error.contains("'h1'")) << away.reply.error;
  });
}

model::Vm machine(std::string pool, model::Observed observed, std::string host) {
  model::Vm vm;
  vm.name = "web01";
  vm.uuid = "u1";
  vm.cpus = 1;
  vm.memory = mib(64);
  vm.observed = observed;
  vm.host = std::move(host);
  vm.disks = {{.id = "disk0", .size = gib(1), .pool = std::move(pool)}};
  return vm;
}

TEST(Places, disks_that_are_made_bind_a_machine_unless_hosts_share_them) {
  using model::Observed;
  FilledInventory shelf;
  for (const auto* name : {"h1", "h2"}) shelf.put_host(name);
  auto local = seen("fast", 10, 5);
  auto shared = seen("nfs", 10, 5);
  shared.shared = true;
  for (const auto* name : {"h1", "h2"}) {
    put_place(local, {.host = name, .total = gib(10), .free = gib(5)});
    put_place(shared, {.host = name, .total = gib(10), .free = gib(5)});
  }
  put_place(shared, {.host = "h3", .problem = "not mounted"});
  shelf.put(local);
  shelf.put(shared);
  auto reach = [&](const model::Vm& vm, const std::string& host) {
    auto can = check_reach(shelf.inventory, vm, host);
    return can ? std::string() : can.error().message;
  };
  EXPECT_EQ(reach(machine("fast", Observed::absent, ""), "h2"), "");
  EXPECT_EQ(reach(machine("fast", Observed::off, "h1"), "h1"), "");
  EXPECT_EQ(reach(machine("fast", Observed::off, "h1"), "h2"),
            "h2: disk0 is in the pool 'fast' of h1");
  EXPECT_EQ(reach(machine("nfs", Observed::off, "h1"), "h2"), "");
  EXPECT_EQ(reach(machine("nfs", Observed::off, "h1"), "h3"), "h3: pool 'nfs': not mounted");
  EXPECT_EQ(reach(machine("nfs", Observed::off, "h1"), "h4"), "h4: pool 'nfs' is not there");
  EXPECT_TRUE(reaches(shelf.inventory, "nfs", "h2"));
  EXPECT_FALSE(reaches(shelf.inventory, "nfs", "h3"));
  auto clone = machine("fast", Observed::absent, "");
  auto source = machine("fast", Observed::off, "h1");
  source.uuid = "u2";
  shelf.put(source);
  clone.source = model::SnapshotSource{"u2", "before"};
  EXPECT_EQ(reach(clone, "h1"), "");
  EXPECT_EQ(reach(clone, "h2"), "h2: the snapshot of 'web01' that it is copied from is on h1");
}

TEST(Places, how_full_a_pool_is_is_said_of_the_fullest_host) {
  auto pool = seen("default", 0, 0);
  put_place(pool, {.host = "h1", .total = gib(100), .free = gib(90)});
  EXPECT_EQ(used_percent(pool), 10);
  put_place(pool, {.host = "h2", .total = gib(10), .free = gib(1)});
  EXPECT_EQ(used_percent(pool), 90);
  EXPECT_EQ(size_of(pool), gib(110));
  pool.quota = gib(20);
  EXPECT_EQ(size_of(pool), gib(30)) << "a quota is for each host's own";
  pool.shared = true;
  put_place(pool, {.host = "h2", .total = gib(100), .free = gib(90)});
  EXPECT_EQ(size_of(pool), gib(20)) << "and once where they share it";
  drop_place(pool, "h2");
  EXPECT_EQ(pool.host, "h1");
}

TEST(Places, a_host_that_leaves_takes_along_what_only_it_had) {
  FilledInventory shelf;
  auto pool = seen("default", 0, 0);
  for (const auto* name : {"h1", "h2"}) put_place(pool, {.host = name, .total = gib(10)});
  auto own = seen("fast", 0, 0);
  put_place(own, {.host = "h2", .total = gib(10)});
  auto both = made("both@1", "d1"), alone = made("alone@1", "d1");
  both.hosts = {"h1", "h2"};
  alone.hosts = {"h2"};
  shelf.put(pool);
  shelf.put(own);
  shelf.put(both);
  shelf.put(alone);
  Change change(shelf.inventory, {});
  forget_host(shelf.inventory, change, "h2");
  shelf.take(change);
  EXPECT_EQ(shelf.inventory.find<model::Pool>("default")->object.places.size(), 1U);
  EXPECT_FALSE(shelf.inventory.find<model::Pool>("fast"));
  EXPECT_FALSE(shelf.inventory.find<model::Template>("alone@1"));
  EXPECT_EQ(shelf.inventory.find<model::Template>("both@1")->object.hosts,
            std::vector<std::string>{"h1"});
}

// Reports of many hosts that come at once, and how many commits they took.
Async<void> take_in_from(int hosts, store::Store& store, Scope& scope, asio::any_io_executor loop) {
  Ledger ledger(loop, store);
  EXPECT_TRUE(co_await ledger.open(scope));
  PoolIntake intake(ledger, scope, loop);
  int stored = 0;
  auto report = [&](std::string host) -> Async<void> {
    auto done = co_await intake.take_in(host, {seen("default", 100, 40)});
    EXPECT_TRUE(done) << done.error().message;
    ++stored;
  };
  auto before = ledger.inventory().revision();
  for (int number = 0; number < hosts; ++number) scope.spawn(report(fmt::format("h{}", number)));
  for (int i = 0; i < 1000 && stored < hosts; ++i) co_await sleep_for(10ms);
  EXPECT_EQ(stored, hosts);
  auto pool = ledger.inventory().find<model::Pool>("default");
  EXPECT_EQ(pool ? pool->object.places.size() : 0, static_cast<std::size_t>(hosts));
  EXPECT_LE(ledger.inventory().revision() - before, 10) << "what comes at once is stored together";
  scope.cancel();
  co_await scope.join();
}

TEST(Places, reports_of_many_hosts_at_once_are_stored_together) {
  asio::io_context context;
  auto loop = context.get_executor();
  store::MemoryStore store(loop);
  Scope scope(loop);
  asio::co_spawn(context, take_in_from(300, store, scope, loop), [](std::exception_ptr e) {
    if (e) std::rethrow_exception(e);
  });
  context.run();
}

}  // namespace
}  // namespace truce::manager
