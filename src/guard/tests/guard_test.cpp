#include "guard/fake.h"
#include "reaper_lab.h"

namespace truce::guard {
namespace {

class FakeLab final : public GuardLab {
 public:
  Async<std::unique_ptr<Guard>> open() override {
    reaper_->look();
    co_return std::make_unique<FakeGuard>(reaper_);
  }
  Async<void> pass(Duration time) override {
    reaper_->advance(time);
    co_return;
  }

 private:
  std::shared_ptr<FakeReaper> reaper_ = std::make_shared<FakeReaper>();
};

INSTANTIATE_TYPED_TEST_SUITE_P(Fake, Guards, FakeLab);
INSTANTIATE_TYPED_TEST_SUITE_P(Process, Guards, ReaperLab);

}  // namespace
}  // namespace truce::guard
