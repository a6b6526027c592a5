// metrics_recorder FILE OBJECTS: adds rounds until it is killed, and prints the number of each once
// it is kept. Round N has the time 1,700,000,000 s + 10 N and, of object K, the values N and K.
#include <unistd.h>

#include "rings.h"

int main(int argc, char** argv) {
  using namespace truce;
  using namespace truce::metrics;
  if (argc != 3) return 64;
  auto rings = Rings::open(argv[1], {.name = "vms", .quantities = {"n", "k", "none", "zero"}});
  if (!rings) return 1;
  auto objects = std::stoul(argv[2]);
  for (int round = 0;; ++round) {
    std::vector<Sample> samples;
    for (std::size_t k = 0; k < objects; ++k) {
      samples.push_back({fmt::format("object-{}", k),
                         {static_cast<float>(round), static_cast<float>(k), unknown, 0}});
    }
    Time time(std::chrono::seconds(1'700'000'000 + 10 * round));
    if (!(*rings)->add(time, samples)) return 2;
    auto line = fmt::format("{}\n", round);
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) return 3;
  }
}
