#include "jobs.h"

#include <algorithm>

namespace truce::node {

struct Jobs::Running {
  Running(model::Job j, asio::any_io_executor loop)
      : job(std::move(j)), cancelled(std::move(loop)) {}
  model::Job job;
  Wakeup cancelled;
  bool done = false;
  model::JobReport last;
};

void Jobs::assign(const std::vector<model::Job>& jobs) {
  std::erase_if(running_, [&](const auto& running) {
    return running.second->done &&
           std::ranges::find(jobs, running.first, &model::Job::task) == jobs.end();
  });
  for (const auto& job : jobs) {
    auto& running = running_[job.task];
    if (!running) {
      running = std::make_shared<Running>(job, hands_.loop);
      job.vm.empty() ? hands_.scope.spawn(run(running)) : pass_on(running);
    }
    if (job.cancel) running->cancelled.wake();
    if (running->done) hands_.news.add(running->last);
  }
}

void Jobs::pass_on(const std::shared_ptr<Running>& running) {
  auto end = [this, running](model::JobReport report) {
    running->done = true;
    running->last = report;
    hands_.news.add(std::move(report));
  };
  const auto& job = running->job;
  if (hands_.to_keeper(job, end)) return;
  end({.task = job.task, .done = true, .error = "the machine is not on this host any more"});
}

Async<Result<model::Template>> Jobs::make(model::Job job, storage::Progress progress) {
  storage::TemplateContent content;
  if (job.kind == model::JobKind::build_template) {
    auto recipe = hands_.settings.recipes_dir / job.source;
    std::error_code ec;
    if (!std::filesystem::exists(recipe, ec)) {
      co_return fail(Code::not_found, "there is no recipe '{}' in {}", job.source,
                     hands_.settings.recipes_dir.string());
    }
    CO_TRY(content, co_await hands_.pool.build_template(job.template_, recipe, progress));
  } else {
    CO_TRY(content, co_await hands_.pool.import_template(job.template_, job.source, progress));
  }
  model::Template made;
  made.name = job.template_;
  made.kind = !content.iso.empty()     ? model::TemplateKind::iso
              : content.kernel.empty() ? model::TemplateKind::disk
                                       : model::TemplateKind::kernel;
  made.description = job.description;
  made.disk_size = content.disk_size;
  made.cloud_init = content.cloud_init;
  made.guest_agent = content.guest_agent;
  for (const auto& file : content.files) {
    made.stored.count += file.size.count;
    made.sha256[file.name] = file.sha256;
  }
  made.created = now();
  co_return made;
}

Async<void> Jobs::run(std::shared_ptr<Running> running) {
  using namespace asio::experimental::awaitable_operators;
  const auto job = running->job;
  model::JobReport report{.task = job.task};
  if (job.kind == model::JobKind::delete_template) {
    auto done = co_await hands_.pool.delete_template(job.template_);
    if (!done) report.error = done.error().message;
  } else {
    auto told = std::make_shared<Time>();
    auto last_step = std::make_shared<std::string>();
    auto progress = [this, task = job.task, told, last_step](double fraction, std::string step) {
      if (step == *last_step && now() - *told < 500ms) return;
      *told = now();
      *last_step = step;
      model::JobReport news{.task = task};
      news.step = std::move(step);
      news.progress = fraction;
      hands_.news.add(std::move(news));
    };
    auto first = co_await (make(job, progress) || running->cancelled.wait());
    if (first.index() == 1) {
      report.cancelled = true;
      auto undone = co_await hands_.pool.delete_template(job.template_);
      if (!undone) report.error = undone.error().message;
    } else if (auto& made = std::get<0>(first); made) {
      report.template_ = std::move(*made);
    } else {
      report.error = made.error().message;
    }
  }
  report.done = true;
  running->done = true;
  running->last = report;
  hands_.news.add(std::move(report));
}

}  // namespace truce::node
