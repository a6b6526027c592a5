#include "jobs.h"

#include <algorithm>

#include "library/templates.h"
#include "storage/library.h"

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
    if (job.kind == model::JobKind::migrate_vm) continue;  // of Moves
    bool of_another = job.vm.empty() && !job.host.empty() && job.host != hands_.settings.name;
    if (of_another) continue;
    auto& running = running_[job.task];
    if (!running) {
      running = std::make_shared<Running>(job, hands_.loop);
      job.vm.empty() ? hands_.scope.spawn(run(running)) : pass_on(running);
    }
    if (job.cancel) running->cancelled.wake();
    if (job.cancel && !job.vm.empty() && !running->done) hands_.cancel_at_keeper(job);
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

namespace {
bool makes_template(const model::Job& job) {
  return job.kind == model::JobKind::build_template ||
         job.kind == model::JobKind::import_template || job.kind == model::JobKind::import_upload;
}
}  // namespace

// Not to be cancelled: it is done soon, or fails.
Async<Result<void>> Jobs::short_work(model::Job job) {
  bool of_pool = job.kind == model::JobKind::create_pool || job.kind == model::JobKind::delete_pool;
  if (of_pool && !job.pool) co_return fail(Code::invalid, "the job names no pool");
  switch (job.kind) {
    case model::JobKind::delete_template:
      CO_TRY_VOID(co_await hands_.pool.delete_template(job.template_));
      co_await hands_.templates->report();
      co_return Result<void>{};
    case model::JobKind::create_pool:
      co_return co_await hands_.pools.make(*job.pool);
    case model::JobKind::delete_pool:
      co_return co_await hands_.pools.remove(*job.pool);
    default:
      co_return fail(Code::unsupported, "this host does not know how to {}",
                     model::to_string(job.kind));
  }
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
  } else if (job.kind == model::JobKind::import_upload) {
    auto* library = hands_.pool.library();
    if (library == nullptr) co_return fail(Code::unsupported, "this host keeps no templates");
    storage::WholeUpload upload{job.source, job.size, job.sha256};
    CO_TRY(content, co_await library->make_template(upload, job.template_, progress));
  } else {
    CO_TRY(content, co_await hands_.pool.import_template(job.template_, job.source, progress));
  }
  auto made = describe_template(job.template_, content);
  made.description = job.description;
  made.created = now();
  co_return made;
}

storage::Progress Jobs::progress_of(const std::string& task) {
  auto told = std::make_shared<Time>();
  auto last_step = std::make_shared<std::string>();
  return [this, task, told, last_step](double fraction, std::string step) {
    if (step == *last_step && now() - *told < 500ms) return;
    *told = now();
    *last_step = step;
    model::JobReport news{.task = task};
    news.step = std::move(step);
    news.progress = fraction;
    hands_.news.add(std::move(news));
  };
}

Async<model::JobReport> Jobs::make_or_cancel(std::shared_ptr<Running> running) {
  const auto job = running->job;
  model::JobReport report{.task = job.task};
  auto first = co_await (make(job, progress_of(job.task)) || running->cancelled.wait());
  if (first.index() == 1) {
    report.cancelled = true;
    auto undone = co_await hands_.pool.delete_template(job.template_);
    if (!undone) report.error = undone.error().message;
  } else if (auto& made = std::get<0>(first); made) {
    report.template_ = std::move(*made);
  } else {
    report.error = made.error().message;
  }
  co_return report;
}

// One that others wait for as well goes on for them.
Async<model::JobReport> Jobs::fetch_or_cancel(std::shared_ptr<Running> running) {
  const auto job = running->job;
  model::JobReport report{.task = job.task};
  auto first = co_await (hands_.templates->ensure(job.template_, progress_of(job.task)) ||
                         running->cancelled.wait());
  report.cancelled = first.index() == 1;
  if (!report.cancelled && !std::get<0>(first)) report.error = std::get<0>(first).error().message;
  co_return report;
}

Async<void> Jobs::run(std::shared_ptr<Running> running) {
  model::JobReport report{.task = running->job.task};
  if (running->job.kind == model::JobKind::fetch_template) {
    report = co_await fetch_or_cancel(running);
  } else if (makes_template(running->job)) {
    report = co_await make_or_cancel(running);
  } else {
    auto done = co_await short_work(running->job);
    if (!done) report.error = done.error().message;
  }
  report.done = true;
  running->done = true;
  running->last = report;
  hands_.news.add(std::move(report));
}

}  // namespace truce::node
