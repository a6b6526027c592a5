// bench_migration: two hosts' hypervisors in one process and one guest that goes to and fro between
// them, once for each line `go` on standard input, which is answered with a line of JSON; `rest`
// and `wake` pause it in between and let it run. The guest is the one of src/qemu/tests, which
// `--image` writes for others to run.
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "hypervisor/tests/carrier.h"
#include "qemu/qemu.h"
#include "qemu/tests/guest_image.h"

namespace truce::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "bench_migration: {}\n", why);
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) give_up(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

double milliseconds(Clock::duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}

struct Settings {
  fs::path folder, image;
  std::uint64_t memory_mib = 512;
  int channels = 1;
  bool works = false, with_disk = false;
};

struct Host {
  fs::path folder;
  std::unique_ptr<qemu::Qemu> qemu;

  Async<void> open(fs::path place) {
    folder = std::move(place);
    must(make_folder(folder / "run", 0711));
    qemu::Options options;
    options.runtimes = folder / "run";
    options.control_group = "truce-bench-" + folder.filename().string();
    qemu = must(co_await qemu::Qemu::open(options));
    qemu->on_notice([](const hypervisor::Notice&) {});
    must(co_await qemu->adopt());
  }
  /// The guest's answer to a letter; what it says when it boots is passed over.
  Async<char> ask(std::string uuid, char letter) {
    auto serial = must(co_await connect_unix(qemu->socket(uuid, "serial")));
    co_await asio::async_write(serial, asio::buffer(&letter, 1), as_result);
    char said = 'R';
    while (said == 'R') {
      auto [ec, size] = co_await asio::async_read(serial, asio::buffer(&said, 1), as_result);
      if (ec) give_up("the guest does not answer");
    }
    co_return said;
  }
};

class Flights {
 public:
  explicit Flights(Settings settings) : settings_(std::move(settings)) {}

  Async<void> begin() {
    co_await here_.open(settings_.folder / "one");
    co_await there_.open(settings_.folder / "two");
    machine_.uuid = random_uuid();
    machine_.name = "bench";
    machine_.memory = mib(settings_.memory_mib);
    machine_.disks = {{"disk0", {}, "raw", {}}};
    place(here_, machine_);
    must(write_file_durably(machine_.disks[0].path, qemu::guest_image()));
    must(co_await here_.qemu->start(machine_));
    co_await here_.ask(machine_.uuid, 'm');
    if (settings_.works) co_await here_.ask(machine_.uuid, 'b');
  }

  /// A guest that is not measured must not take time from another that is.
  Async<void> rest() { must(co_await here_.qemu->pause(machine_.uuid)); }
  Async<void> wake() { must(co_await here_.qemu->resume(machine_.uuid)); }

  Async<std::string> go() {
    auto twin = machine_;
    auto path = machine_.disks[0].path;
    place(there_, twin);
    hypervisor::Departure departure;
    departure.channels = settings_.channels;
    if (settings_.with_disk) {
      departure.copied = {{"disk0", true}};
      must(write_file_durably(twin.disks[0].path, std::string(1 << 20, '\0')));
    } else {
      twin.disks[0].path = path;
    }
    hypervisor::Carrier carrier(co_await asio::this_coro::executor, machine_.folder);
    const auto& uuid = machine_.uuid;
    auto begun = Clock::now();
    auto outline = must(co_await here_.qemu->migration()->outline(uuid));
    auto landing = must(co_await there_.qemu->migration()->receive(twin, outline, departure));
    carrier.fill(departure);
    carrier.carry_to(landing);
    auto ready = Clock::now();
    auto flight = must(co_await here_.qemu->migration()->send(uuid, departure, {}, {}));
    auto sent = Clock::now();
    must(co_await there_.qemu->migration()->land(uuid));
    auto landed = Clock::now();
    must(co_await here_.qemu->kill(uuid));
    co_await carrier.close();
    if (settings_.works) co_await expect_sound();
    machine_ = std::move(twin);
    std::swap(here_, there_);
    co_return fmt::format(
        R"({{"prepare":{:.2f},"send":{:.2f},"total":{:.2f},"downtime":{:.2f},"sent":{},"rounds":{}}})",
        milliseconds(ready - begun), milliseconds(sent - ready), milliseconds(landed - begun),
        static_cast<double>(flight.downtime.count()) + milliseconds(landed - sent),
        flight.sent.count, flight.rounds);
  }

  Async<void> end() {
    must(co_await here_.qemu->kill(machine_.uuid));
    co_await here_.qemu->close();
    co_await there_.qemu->close();
    here_.qemu.reset();
    there_.qemu.reset();
  }

 private:
  void place(const Host& host, hypervisor::Machine& machine) {
    machine.number = ++last_number_;
    machine.folder = host.folder / machine.uuid;
    machine.runtime = host.folder / "run" / machine.uuid;
    must(make_folder(machine.folder, 0711));
    machine.disks[0].path = machine.folder / "disk0.raw";
  }

  Async<void> expect_sound() {
    char said = 'N';
    for (int i = 0; i < 300 && said == 'N'; ++i) {
      said = co_await there_.ask(machine_.uuid, 's');
      if (said == 'N') co_await sleep_for(50ms);
    }
    if (said != 'S') give_up(fmt::format("the guest did not arrive sound: it says {}", said));
  }

  Settings settings_;
  Host here_, there_;
  hypervisor::Machine machine_;
  int last_number_ = 0;
};

Async<void> serve(Settings settings) {
  Flights flights(std::move(settings));
  co_await flights.begin();
  std::cout << "ready" << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
    if (line == "rest") co_await flights.rest();
    if (line == "wake") co_await flights.wake();
    std::cout << (line == "go" ? co_await flights.go() : "done") << std::endl;
  }
  co_await flights.end();
}

}  // namespace
}  // namespace truce::bench

int main(int argc, char** argv) {
  truce::bench::Settings settings;
  CLI::App app("A guest that goes to and fro between two hypervisors of one host");
  app.add_option("--folder", settings.folder, "Where both hosts have their files");
  app.add_option("--image", settings.image, "Only writes the guest's disk there");
  app.add_option("--memory-mib", settings.memory_mib, "Of the guest");
  app.add_option("--channels", settings.channels, "Connections for its memory");
  app.add_flag("--works", settings.works,
               "The guest changes 8 MiB of memory and its disk all the time");
  app.add_flag("--with-disk", settings.with_disk, "Its disk is copied");
  CLI11_PARSE(app, argc, argv);
  if (!settings.image.empty()) {
    truce::bench::must(truce::write_file_durably(settings.image, truce::qemu::guest_image(), 0644));
    return 0;
  }
  truce::start_log("error");  // standard output is for whoever measures
  ::umask(022);
  truce::asio::io_context loop;
  truce::asio::co_spawn(loop, truce::bench::serve(std::move(settings)),
                        [](std::exception_ptr error) {
                          if (error) std::rethrow_exception(error);
                        });
  loop.run();
}
