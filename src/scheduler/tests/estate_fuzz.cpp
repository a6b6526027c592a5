// Estates as anyone may write them: what is read is sound, and plans made from it pass the checker.
#include "scheduler/plans.h"

using namespace truce;
using namespace truce::scheduler;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(bytes), size);
  auto object = model::from_text<model::Estate>(text, model::Unknown::ignore);
  if (!object) return 0;
  auto estate = from_model(*object);
  if (!estate) return 0;
  TRUCE_ASSERT(check(*estate).has_value(), "what is read is sound");
  if (estate->hosts.size() > 16 || estate->machines.size() > 64) return 0;
  auto passes = [&](const Plan& plan) {
    auto findings = check_plan(*estate, plan);
    TRUCE_ASSERT(findings.wrong.empty(), findings.wrong.empty() ? "" : findings.wrong[0]);
  };
  passes(balance(*estate, {.objective = {}, .moves = 8}));
  if (!estate->hosts.empty()) passes(evacuate(*estate, 0, {.objective = {}, .effort = 1000}));
  passes(consolidate(*estate));
  return 0;
}
