// Thousands of random sequences of operations, each against plain bytes.
#include "operations.h"

namespace truce::image::proof {
namespace {

class RandomOperations : public testing::TestWithParam<Variant> {};
INSTANTIATE_TEST_SUITE_P(All, RandomOperations, testing::ValuesIn(writable_variants()),
                         [](const auto& each) { return each.param.name; });

void run_sequence(const Variant& variant, std::uint64_t seed) {
  SCOPED_TRACE(variant.name + ", seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  FilesInMemory neighbours;
  auto file = std::make_shared<MemoryFile>("disk");
  auto size = some_size(variant, random);
  auto disk = random() % 3 == 0 ? Content(size) : sparse_content(size, static_cast<unsigned>(seed));
  BuildOptions options;
  options.options = variant.options;
  options.neighbours = &neighbours;
  auto built = store(*find_format(variant.format), file, disk, options);
  ASSERT_TRUE(built) << built.error().message;
  Workload workload(variant, file, neighbours, std::move(disk), seed + 1);
  ASSERT_NO_FATAL_FAILURE(workload.open_it());
  ASSERT_NO_FATAL_FAILURE(workload.operate(40));
  workload.finish();
}

TEST_P(RandomOperations, leave_what_a_plain_disk_would_hold) {
  auto seeds = at_length() ? 1000U : GetParam().name == "qcow2_2m" ? 1U : 3U;
  for (std::uint64_t seed = 1; seed <= seeds && !HasFatalFailure(); ++seed)
    run_sequence(GetParam(), seed);
}

}  // namespace
}  // namespace truce::image::proof
