#include "host.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <sstream>

#include "base/file.h"
#include "network/traffic.h"

namespace truce::node {
namespace {

template <class Read>
void each_line(const std::string& text, Read read) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    read(words);
  }
}

// `cpu user nice system idle iowait irq softirq steal …`; then the same of each processor.
void read_processors(const std::string& text, double ticks, model::HostSample& sample) {
  each_line(text, [&](std::istringstream& words) {
    std::string name;
    words >> name;
    if (!name.starts_with("cpu")) return;
    if (name != "cpu") {
      ++sample.cpus;
      return;
    }
    std::array<double, 8> times{};
    for (auto& time : times) words >> time;
    auto [user, nice, system, idle, iowait, irq, softirq, steal] = times;
    sample.cpu_busy = (user + nice + system + irq + softirq) / ticks;
    sample.cpu_iowait = iowait / ticks;
    sample.cpu_steal = steal / ticks;
  });
}

void read_memory(const std::string& text, model::HostSample& sample) {
  std::uint64_t swap = 0, swap_free = 0;
  each_line(text, [&](std::istringstream& words) {
    std::string name;
    std::uint64_t size = 0;
    if (!(words >> name >> size)) return;
    if (name == "MemTotal:") sample.memory = kib(size);
    if (name == "MemAvailable:") sample.memory_available = kib(size);
    if (name == "SwapTotal:") swap = size;
    if (name == "SwapFree:") swap_free = size;
  });
  sample.swap_used = kib(swap - std::min(swap, swap_free));
}

// `major minor name reads merged sectors ms writes merged sectors …` (kernel: iostats.rst), of
// sectors of 512 bytes, always.
void read_disks(const std::string& text, const HostDevices& devices, model::HostSample& sample) {
  each_line(text, [&](std::istringstream& words) {
    std::int64_t major = 0, minor = 0, reads = 0, writes = 0;
    std::uint64_t read = 0, written = 0, unused = 0;
    std::string name;
    words >> major >> minor >> name;
    if (!devices.disks.contains(name)) return;
    if (!(words >> reads >> unused >> read >> unused >> writes >> unused >> written)) return;
    sample.disk_reads += reads;
    sample.disk_writes += writes;
    sample.disk_read.count += read * 512;
    sample.disk_written.count += written * 512;
  });
}

// `some avg10=1.23 … total=456`, in microseconds.
std::optional<double> read_pressure(const std::string& text) {
  std::optional<double> seconds;
  each_line(text, [&](std::istringstream& words) {
    std::string who;
    words >> who;
    if (who != "some") return;
    constexpr std::string_view total = "total=";
    for (std::string word; words >> word;) {
      if (!word.starts_with(total)) continue;
      seconds = std::strtod(word.c_str() + total.size(), nullptr) / 1e6;
    }
  });
  return seconds;
}

bool part_of_another(std::string_view name) {
  constexpr std::string_view parts[]{"loop", "ram", "zram", "dm-", "md", "sr",
                                     "lo",   "tt-", "tr-",  "ifb", "br", "veth"};
  return std::ranges::any_of(parts, [&](auto part) { return name.starts_with(part); });
}

std::set<std::string, std::less<>> devices_in(const std::filesystem::path& folder) {
  std::set<std::string, std::less<>> real, others;
  std::error_code ec;
  for (std::filesystem::directory_iterator at(folder, ec), end; !ec && at != end;
       at.increment(ec)) {
    auto name = at->path().filename().string();
    std::error_code none;
    if (std::filesystem::exists(at->path() / "device", none)) real.insert(name);
    if (!part_of_another(name)) others.insert(name);
  }
  return real.empty() ? others : real;
}

std::string text_of(const char* path) {
  auto text = read_file(path, mib(16));
  return text ? *std::move(text) : std::string();
}

}  // namespace

model::HostSample read_host(const HostTexts& texts, const HostDevices& devices, double ticks) {
  model::HostSample sample;
  read_processors(texts.stat, ticks, sample);
  read_memory(texts.meminfo, sample);
  read_disks(texts.diskstats, devices, sample);
  for (const auto& [name, traffic] : network::parse_interfaces(texts.interfaces)) {
    if (!devices.cards.contains(name)) continue;
    sample.net_received.count += traffic.received;
    sample.net_sent.count += traffic.sent;
  }
  sample.pressure_cpu = read_pressure(texts.pressure_cpu);
  sample.pressure_memory = read_pressure(texts.pressure_memory);
  sample.pressure_io = read_pressure(texts.pressure_io);
  return sample;
}

HostDevices host_devices() {
  return {devices_in("/sys/block"), devices_in("/sys/class/net")};
}

model::HostSample measure_host() {
  HostTexts texts{.stat = text_of("/proc/stat"),
                  .meminfo = text_of("/proc/meminfo"),
                  .diskstats = text_of("/proc/diskstats"),
                  .interfaces = text_of("/proc/net/dev"),
                  .pressure_cpu = text_of("/proc/pressure/cpu"),
                  .pressure_memory = text_of("/proc/pressure/memory"),
                  .pressure_io = text_of("/proc/pressure/io")};
  return read_host(texts, host_devices(), static_cast<double>(::sysconf(_SC_CLK_TCK)));
}

}  // namespace truce::node
