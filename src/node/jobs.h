#pragma once

#include <map>
#include <memory>
#include <string>

#include "keeper.h"

namespace truce::node {

/// Long work that is not the life of a machine: templates, and what keepers do of it. A job is done
/// again from its start after a crash; its result appears whole or not at all.
class Jobs {
 public:
  explicit Jobs(Hands& hands) : hands_(hands) {}

  /// All jobs that have not ended: new ones begin, those to be cancelled are.
  void assign(const std::vector<model::Job>& jobs);

 private:
  struct Running;
  Async<void> run(std::shared_ptr<Running> running);
  Async<model::JobReport> make_or_cancel(std::shared_ptr<Running> running);
  Async<model::JobReport> fetch_or_cancel(std::shared_ptr<Running> running);
  storage::Progress progress_of(const std::string& task);
  Async<Result<void>> short_work(model::Job job);
  void pass_on(const std::shared_ptr<Running>& running);
  Async<Result<model::Template>> make(model::Job job, storage::Progress progress);

  Hands& hands_;
  std::map<std::string, std::shared_ptr<Running>> running_;
};

}  // namespace truce::node
