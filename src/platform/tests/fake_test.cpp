#include "platform/fake.h"

#include "conformance.h"

namespace truce::platform {
namespace {

class FakeLab final : public ConformanceLab {
 public:
  FakeLab() { estate_->add_machine("web02"); }
  std::unique_ptr<Platform> open(asio::any_io_executor loop) override {
    return std::make_unique<FakePlatform>(std::move(loop), estate_);
  }
  void restart_with_fewer() override {
    Update update;
    update.machines.gone = {estate_->inventory().machines().begin()->first};
    estate_->restart();
    estate_->change(std::move(update));
  }

 private:
  std::shared_ptr<FakeEstate> estate_ = std::make_shared<FakeEstate>();
};

INSTANTIATE_TEST_SUITE_P(Fake, PlatformConformance,
                         testing::Values(MakeLab([] { return std::make_unique<FakeLab>(); })));

}  // namespace
}  // namespace truce::platform
