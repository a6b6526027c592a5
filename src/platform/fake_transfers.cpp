#include <chrono>
#include <thread>

#include "image/formats.h"
#include "platform/fake.h"

namespace truce::platform {

namespace {

/// Memory that is read only when that is let.
class HeldFile final : public image::File {
 public:
  HeldFile(std::shared_ptr<image::MemoryFile> file, std::shared_ptr<std::atomic<bool>> hold,
           std::shared_ptr<std::atomic<int>> held, const std::atomic<bool>& cancelled)
      : file_(std::move(file)),
        hold_(std::move(hold)),
        held_(std::move(held)),
        cancelled_(cancelled) {}
  [[nodiscard]] std::string name() const override { return file_->name(); }
  [[nodiscard]] std::uint64_t size() const override { return file_->size(); }
  Result<void> read(std::uint64_t offset, image::Span into) const override {
    if (*hold_) ++*held_;
    while (*hold_ && !cancelled_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (cancelled_) return fail(Code::cancelled, "cancelled");
    return file_->read(offset, into);
  }
  Result<void> write(std::uint64_t, image::View) override { return refused(); }
  Result<void> write_zeroes(std::uint64_t, std::uint64_t) override { return refused(); }
  Result<void> resize(std::uint64_t) override { return refused(); }
  Result<void> flush() override { return {}; }
  [[nodiscard]] Result<image::Run> run(std::uint64_t offset, std::uint64_t length) const override {
    return file_->run(offset, length);
  }

 private:
  static Result<void> refused() { return fail(Code::unsupported, "it is only read"); }
  std::shared_ptr<image::MemoryFile> file_;
  std::shared_ptr<std::atomic<bool>> hold_;
  std::shared_ptr<std::atomic<int>> held_;
  const std::atomic<bool>& cancelled_;
};

class FakeDeparture final : public Departure {
 public:
  using Files = std::map<std::string, std::shared_ptr<image::MemoryFile>>;
  FakeDeparture(Files files, std::shared_ptr<std::atomic<int>> version,
                std::shared_ptr<std::atomic<bool>> hold, std::shared_ptr<std::atomic<int>> held)
      : files_(std::move(files)),
        version_(std::move(version)),
        hold_(std::move(hold)),
        held_(std::move(held)) {}
  Result<OpenDisk> open(const std::string& disk, const std::atomic<bool>& cancelled) override {
    auto found = files_.find(disk);
    if (found == files_.end()) return fail(Code::not_found, "no disk {}", disk);
    OpenDisk opened{.image = {}, .version = std::to_string(*version_)};
    auto file = std::make_shared<HeldFile>(found->second, hold_, held_, cancelled);
    TRY(opened.image, image::open(std::move(file), {}, "raw"));
    return opened;
  }

 private:
  Files files_;
  std::shared_ptr<std::atomic<int>> version_;
  std::shared_ptr<std::atomic<bool>> hold_;
  std::shared_ptr<std::atomic<int>> held_;
};

class FakeArrival final : public Arrival {
 public:
  using Files = std::vector<std::shared_ptr<image::MemoryFile>>;
  FakeArrival(std::shared_ptr<FakeEstate> estate, std::string machine, Files files)
      : estate_(std::move(estate)),
        machine_(std::move(machine)),
        files_(std::move(files)),
        hold_(estate_->hold) {}
  [[nodiscard]] const std::string& machine() const override { return machine_; }
  Result<void> fill(std::size_t disk, image::Image& from,
                    const image::ConvertOptions& how) override {
    while (*hold_ && !*how.cancelled) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    TRY(auto builder,
        image::build(*image::find_format("raw"), files_.at(disk), {.size = from.size()}));
    TRY_VOID(image::convert(from, *builder, how));
    return {};
  }
  Async<Result<void>> tell(double) override { co_return Result<void>(); }
  Async<Result<void>> finish() override { co_return Result<void>(); }
  Async<Result<void>> abandon() override {
    Update update;
    update.machines.gone = {machine_};
    estate_->change(std::move(update));
    co_return Result<void>();
  }

 private:
  std::shared_ptr<FakeEstate> estate_;
  std::string machine_;
  Files files_;
  std::shared_ptr<std::atomic<bool>> hold_;
};

}  // namespace

std::shared_ptr<image::MemoryFile> FakeEstate::content(const std::string& machine,
                                                       const std::string& disk) {
  auto& file = contents_[machine + "/" + disk];
  if (file) return file;
  file = std::make_shared<image::MemoryFile>(disk);
  for (const auto& one : all_.machines().at(machine).disks)
    if (one.id == disk) (void)file->resize(one.size.count);
  return file;
}

Async<Result<std::unique_ptr<Departure>>> FakePlatform::depart(std::string machine) {
  CO_TRY(auto there, co_await enter("depart", machine));
  if (there.state != model::Observed::off)
    co_return truce::fail(Code::precondition, "{} is not off", there.name);
  FakeDeparture::Files files;
  for (const auto& disk : there.disks) files[disk.id] = estate_->content(machine, disk.id);
  co_return std::make_unique<FakeDeparture>(std::move(files), estate_->version_, estate_->hold,
                                            estate_->held);
}

Async<Result<std::unique_ptr<Arrival>>> FakePlatform::arrive(NewMachine wish) {
  CO_TRY_VOID(co_await connect());
  CO_TRY_VOID(estate_->take_failure("arrive"));
  Machine made;
  made.id = estate_->new_id("vm");
  made.uuid = wish.uuid;
  made.name = wish.name;
  made.state = model::Observed::off;
  made.cpus = wish.cpus;
  made.memory = wish.memory;
  for (const auto& disk : wish.disks)
    made.disks.push_back({.id = std::to_string(made.disks.size()), .size = disk.size});
  auto id = made.id;
  auto disks = made.disks;
  CO_TRY_VOID(put(std::move(made)));
  FakeArrival::Files files;
  for (const auto& disk : disks) files.push_back(estate_->content(id, disk.id));
  co_return std::make_unique<FakeArrival>(estate_, id, std::move(files));
}

}  // namespace truce::platform
