// Networks over hosts, VLANs and mirrored cards through the API: what is decided here, what is
// refused, and what hosts are told.
#include "estate.h"
#include "networks/neighbours.h"

namespace truce::manager {
namespace {

Async<Answer> ask(Estate& estate, std::string method, std::string target, std::string body,
                  int status, std::string field = "(none)") {
  auto answer = co_await estate.call(method, target, body);
  EXPECT_EQ(answer.status, status) << target << " " << body << ": " << answer.text("/detail");
  EXPECT_EQ(answer.text("/field"), field) << target << " " << body;
  co_return answer;
}

// A machine that was made on a host, off. `more` is of its wish.
Async<Answer> make(Estate& estate, std::string name, std::string more, int status = 202,
                   std::string field = "(none)") {
  co_await ask(estate, "POST", "/v1/vms",
               fmt::format(R"({{"name":"{}","disk":1048576{}}})", name, more), status, field);
  co_return co_await estate.call("GET", "/v1/vms/" + name);
}

TEST(Overlays, have_a_number_of_their_own_and_modes_with_addresses) {
  with_estate([](Estate& estate) -> Async<void> {
    auto create = [&](std::string body, int status, std::string field = "(none)") {
      return ask(estate, "POST", "/v1/networks", std::move(body), status, std::move(field));
    };
    EXPECT_EQ((co_await create(R"({"name":"a","overlay":true})", 201)).text("/vni"), "1000");
    EXPECT_EQ(
        (co_await create(R"({"name":"b","overlay":true,"mode":"isolated"})", 201)).text("/vni"),
        "1001");
    EXPECT_EQ((co_await create(R"({"name":"c"})", 201)).text("/vni"), "0");
    co_await ask(estate, "DELETE", "/v1/networks/a", "", 204);
    EXPECT_EQ((co_await create(R"({"name":"d","overlay":true,"mode":"routed"})", 201)).text("/vni"),
              "1000");
    co_await create(R"({"name":"x","overlay":true,"mode":"user"})", 400, "/overlay");
    co_await create(R"({"name":"x","overlay":true,"mode":"bridged","bridge":"br0"})", 400,
                    "/overlay");
    co_await create(R"({"name":"x","vlan":20})", 400, "/vlan");
    auto vlan = co_await create(R"({"name":"v","mode":"bridged","bridge":"br0","vlan":20})", 201);
    EXPECT_EQ(vlan.text("/vlan"), "20");
    co_await ask(estate, "POST", "/v1/security-groups", R"({"name":"web"})", 201);
    co_await make(estate, "m", R"(,"network":"v","address":"192.0.2.7","security_group":["web"])",
                  400, "/security_group");
  });
}

TEST(Overlays, give_each_card_its_addresses_for_good) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await ask(estate, "POST", "/v1/networks",
                 R"({"name":"lan","overlay":true,"subnet":"10.9.0.0/29","subnet6":"fd00:9::/64"})",
                 201);
    std::set<std::string> addresses, six;
    for (auto name : {"a", "b", "c", "d"}) {
      auto vm = co_await make(estate, name, R"(,"network":"lan")");
      addresses.insert(vm.text("/nics/0/address"));
      six.insert(vm.text("/nics/0/address6"));
      EXPECT_TRUE(vm.text("/nics/0/address").starts_with("10.9.0.")) << name;
      EXPECT_TRUE(vm.text("/nics/0/address6").starts_with("fd00:9::")) << name;
    }
    EXPECT_EQ(addresses.size(), 4U);
    EXPECT_EQ(six.size(), 4U);
    auto changed =
        co_await ask(estate, "PATCH", "/v1/vms/a/nics", R"({"address":"","send_mbit":5})", 200);
    EXPECT_TRUE(changed.text("/nics/0/address").starts_with("10.9.0."));
    auto last = co_await make(estate, "e", R"(,"network":"lan")");
    addresses.insert(last.text("/nics/0/address"));
    EXPECT_EQ(addresses.size(), 5U);
    auto full =
        co_await estate.call("POST", "/v1/vms", R"({"name":"f","disk":1048576,"network":"lan"})");
    EXPECT_TRUE(full.text("/detail").contains("all 5 addresses")) << full.text("/detail");
    co_await ask(estate, "PATCH", "/v1/networks/lan", R"({"subnet6":"fd00:8::/64"})", 409);
    co_await ask(estate, "PATCH", "/v1/networks/lan", R"({"subnet6":"fd00:9::/64"})", 200);
  });
}

TEST(Overlays, tell_each_host_of_all_hosts) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await ask(estate, "POST", "/v1/networks", R"({"name":"lan","overlay":true})", 201);
    PlayedNode other(estate.loop);
    co_await other.connect((estate.folder / "node.sock").string(), "h2");
    co_await estate.node.assignment([](const auto& a) {
      return a.hosts && a.hosts->size() == 2 && a.hosts->at(1).name == "h2";
    });
  });
}

// What a store holds, read.
class Shelf {
 public:
  template <class T>
  void put(const T& object) {
    entries_[key_of<T>(object.name)] = model::to_text(object);
  }
  void put_vm(std::string name, std::string host, std::vector<model::VmNic> nics) {
    model::Vm vm;
    vm.name = name;
    vm.uuid = "uuid-of-" + name;
    vm.cpus = 1;
    vm.number = static_cast<std::int64_t>(entries_.size());
    vm.host = std::move(host);
    vm.nics = std::move(nics);
    put(vm);
  }
  Inventory& read() {
    store::Listing listing;
    listing.revision = 7;
    for (const auto& [key, value] : entries_) listing.entries.push_back({key, value, 1, 1});
    auto loaded = inventory_.load(std::move(listing));
    EXPECT_TRUE(loaded) << loaded.error().message;
    return inventory_;
  }

 private:
  asio::io_context loop_;
  std::map<std::string, std::string> entries_;
  Inventory inventory_{loop_.get_executor()};
};

model::VmNic card(std::string network, std::string mac, std::string address = {}) {
  model::VmNic nic;
  nic.network = std::move(network);
  nic.mac = std::move(mac);
  nic.address = std::move(address);
  return nic;
}

TEST(Neighbours, are_cards_on_other_hosts_that_machines_of_this_one_can_meet) {
  Shelf shelf;
  auto network = [&](std::string name, model::NetworkMode mode, std::int64_t vni) {
    model::Network made;
    made.name = std::move(name);
    made.mode = mode;
    made.vni = vni;
    shelf.put(made);
  };
  network("lan", model::NetworkMode::nat, 1000);
  network("far", model::NetworkMode::nat, 1001);
  network("own", model::NetworkMode::nat, 0);
  network("wire", model::NetworkMode::bridged, 0);
  auto grouped = card("wire", "52:54:00:00:00:05", "192.0.2.5");
  grouped.security_groups = {"web"};
  shelf.put_vm("a", "h1",
               {card("lan", "52:54:00:00:00:01", "10.0.0.1"), card("wire", "52:54:00:00:00:02"),
                card("own", "52:54:00:00:00:03")});
  shelf.put_vm(
      "b", "h2",
      {card("lan", "52:54:00:00:00:04", "10.0.0.4"), grouped, card("wire", "52:54:00:00:00:06"),
       card("own", "52:54:00:00:00:07"), card("far", "52:54:00:00:00:08", "10.1.0.8")});
  shelf.put_vm("c", "", {card("lan", "52:54:00:00:00:09", "10.0.0.9")});
  auto& inventory = shelf.read();
  auto met = neighbours_of(inventory, "h1");
  ASSERT_EQ(met.size(), 2U);
  EXPECT_EQ(met[0].mac, "52:54:00:00:00:04");
  EXPECT_EQ(met[0].vm, "b");
  EXPECT_EQ(met[0].host, "h2");
  EXPECT_EQ(met[0].address, "10.0.0.4");
  EXPECT_EQ(met[1].mac, "52:54:00:00:00:05") << "a rule may name its group";
  EXPECT_TRUE(neighbours_of(inventory, "h3").empty());

  ToldOfOthers told;
  model::Assignment first, second;
  first.full = true;
  tell_of_others(inventory, "h1", told, first);
  ASSERT_TRUE(first.neighbours);
  EXPECT_EQ(*first.neighbours, met);
  tell_of_others(inventory, "h1", told, second);
  EXPECT_FALSE(second.neighbours || second.hosts) << "no news";
}

TEST(Mirrors, lead_to_a_card_of_another_machine_of_the_project) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await ask(estate, "POST", "/v1/networks", R"({"name":"u","mode":"user"})", 201);
    co_await make(estate, "web", "");
    co_await make(estate, "ids", "");
    co_await make(estate, "small", R"(,"network":"u")");
    auto set = [&](std::string name, std::string card, int status, std::string field = "(none)") {
      return ask(estate, "PATCH", "/v1/vms/" + name + "/nics",
                 fmt::format(R"({{"mirror_to":"{}"}})", card), status, std::move(field));
    };
    for (auto bad : {"ids", "ids/1", "ids/", "none/0", "web/0", "small/0", "/0"}) {
      co_await set("web", bad, 400, "/mirror_to");
    }
    co_await set("small", "ids/0", 400, "/mirror_to");
    EXPECT_EQ((co_await set("web", "ids/0", 200)).text("/nics/0/mirror_to"), "ids/0");
    co_await set("ids", "web/0", 400, "/mirror_to");
    auto born = co_await make(estate, "born", R"(,"mirror_to":"ids/0")");
    EXPECT_EQ(born.text("/nics/0/mirror_to"), "ids/0");
    co_await make(estate, "worse", R"(,"mirror_to":"web/0")", 400, "/mirror_to");
    EXPECT_EQ((co_await set("born", "", 200)).text("/nics/0/mirror_to"), "");
  });
}

TEST(Mirrors, across_projects_are_for_administrators) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await make(estate, "web", "");
    co_await make(estate, "ids", R"(,"project":"bank")");
    auto created = co_await estate.call(
        "POST", "/v1/tokens", R"({"name":"o","role":"operator","projects":["default","bank"]})");
    EXPECT_EQ(created.status, 201);
    std::map<std::string, std::string> worker{
        {"authorization", "Bearer " + created.text("/token")}};
    constexpr auto wish = R"({"mirror_to":"ids/0"})";
    auto user = std::exchange(estate.unix_user, std::nullopt);
    auto refused = co_await estate.call("PATCH", "/v1/vms/web/nics", wish, worker);
    EXPECT_EQ(refused.status, 403);
    estate.unix_user = user;
    co_await ask(estate, "PATCH", "/v1/vms/web/nics", wish, 200);
  });
}

TEST(Mirrors, follow_a_name_and_end_with_the_machine) {
  with_estate([](Estate& estate) -> Async<void> {
    co_await estate.make_machine("web");
    auto ids = co_await estate.make_machine("ids");
    co_await ask(estate, "PATCH", "/v1/vms/web/nics", R"({"mirror_to":"ids/0"})", 200);
    co_await ask(estate, "POST", "/v1/vms/ids/rename", R"({"new_name":"watch"})", 200);
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms/web")).text("/nics/0/mirror_to"), "watch/0");
    co_await ask(estate, "DELETE", "/v1/vms/watch", "", 202);
    EXPECT_EQ((co_await estate.call("GET", "/v1/vms/web")).text("/nics/0/mirror_to"), "");
  });
}

}  // namespace
}  // namespace truce::manager
