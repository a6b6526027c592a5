#include "../../store/tests/conformance.h"

#include "cluster.h"

namespace truce::store {

namespace {

OpenStore::Opened open_etcd(asio::any_io_executor loop) {
  auto cluster = std::make_shared<etcd::Cluster>(1);
  // The suite's loop belongs to who runs it; it may be run from here as well.
  auto& context = static_cast<asio::io_context&>(loop.context());
  return {.around = cluster, .store = etcd::open_store(context, etcd::options_for(*cluster))};
}

auto stores() {
  std::vector<OpenStore> all;
  if (find_program("etcd")) all.push_back({"etcd", open_etcd});
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, StoreConformance, testing::ValuesIn(stores()),
                         [](const auto& test) { return test.param.name; });

}  // namespace

// The suite is empty then, and says nothing.
TEST(EtcdStore, conformance_is_tested_with_a_real_etcd) {
  SKIP_WITHOUT_ETCD();
}

}  // namespace truce::store
