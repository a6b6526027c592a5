#include "news.h"

namespace truce::node {
namespace {

constexpr std::size_t machines_in_report = 500;

bool replaceable(const model::VmReport& report) {
  return report.event.empty() && report.failed.empty() && report.generation == 0;
}

}  // namespace

void News::add(model::VmReport report) {
  auto [newest, first] = newest_.try_emplace(report.uuid, vms_.end());
  if (!first && replaceable(*newest->second)) vms_.erase(newest->second);
  newest->second = vms_.insert(vms_.end(), std::move(report));
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

void News::add(model::Pool pool) {
  auto name = pool.name;
  pools_[name] = std::move(pool);
  added_.wake();
}

void News::add(std::vector<model::Template> templates) {
  templates_ = std::move(templates);
  added_.wake();
}

void News::clear() {
  vms_.clear();
  newest_.clear();
  jobs_.clear();
  networks_.clear();
  host_.reset();
  pools_.clear();
  templates_.reset();
}

bool News::empty() const {
  return vms_.empty() && jobs_.empty() && networks_.empty() && !host_ && pools_.empty() &&
         !templates_;
}

Async<void> News::wait() {
  while (empty()) co_await added_.wait();
}

model::Report News::take() {
  model::Report report;
  while (!vms_.empty() && report.vms.size() < machines_in_report) {
    auto newest = newest_.find(vms_.front().uuid);
    if (newest->second == vms_.begin()) newest_.erase(newest);
    report.vms.push_back(std::move(vms_.front()));
    vms_.pop_front();
  }
  for (auto& [task, job] : jobs_) report.jobs.push_back(std::move(job));
  for (auto& [name, network] : networks_) report.networks.push_back(std::move(network));
  jobs_.clear();
  networks_.clear();
  report.host = std::exchange(host_, std::nullopt);
  report.templates = std::exchange(templates_, std::nullopt);
  for (auto& [name, pool] : pools_) report.pools.push_back(std::move(pool));
  pools_.clear();
  return report;
}

}  // namespace truce::node
