#include "news.h"

namespace truce::node {
namespace {

constexpr std::size_t machines_in_report = 500;

bool replaceable(const model::VmReport& report) {
  return report.event.empty() && report.failed.empty() && report.generation == 0;
}

}  // namespace

void News::add(model::VmReport report) {
  for (auto old = vms_.rbegin(); old != vms_.rend(); ++old) {
    if (old->uuid != report.uuid) continue;
    if (!replaceable(*old)) break;
    vms_.erase(std::next(old).base());
    break;
  }
  vms_.push_back(std::move(report));
  added_.wake();
}

void News::add(model::JobReport report) {
  auto task = report.task;
  jobs_[task] = std::move(report);
  added_.wake();
}

void News::add(model::NetworkReport report) {
  auto name = report.name;
  networks_[name] = std::move(report);
  added_.wake();
}

void News::add(model::Host host) {
  host_ = std::move(host);
  added_.wake();
}

void News::add(std::vector<model::Pool> pools) {
  pools_ = std::move(pools);
  added_.wake();
}

void News::clear() {
  vms_.clear();
  jobs_.clear();
  networks_.clear();
  host_.reset();
  pools_.clear();
}

bool News::empty() const {
  return vms_.empty() && jobs_.empty() && networks_.empty() && !host_ && pools_.empty();
}

Async<void> News::wait() {
  while (empty()) co_await added_.wait();
}

model::Report News::take() {
  model::Report report;
  while (!vms_.empty() && report.vms.size() < machines_in_report) {
    report.vms.push_back(std::move(vms_.front()));
    vms_.pop_front();
  }
  for (auto& [task, job] : jobs_) report.jobs.push_back(std::move(job));
  for (auto& [name, network] : networks_) report.networks.push_back(std::move(network));
  jobs_.clear();
  networks_.clear();
  report.host = std::exchange(host_, std::nullopt);
  report.pools = std::exchange(pools_, {});
  return report;
}

}  // namespace truce::node
