// The templates that this host has, and how it gets those that others have.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/async.h"
#include "news.h"
#include "node/node.h"
#include "storage/pool.h"

namespace truce::node {

/// A template as the API shows it, of what is in its folder.
model::Template describe_template(std::string name, const storage::TemplateContent& content);

class Templates {
 public:
  /// Steps for people, and how far it has come.
  using Tell = storage::Progress;

  /// `pool` is the one that has the templates.
  Templates(storage::Pool& pool, const Settings& settings, News& news)
      : pool_(pool), settings_(settings), news_(news) {}

  /// The names of all templates that the estate has; empty: as before.
  void assign(const std::vector<std::string>& names);
  /// Returns once the template is here: it is fetched from a host that has it, through the manager,
  /// once for all who wait. Code::not_found where no host has it.
  Async<Result<void>> ensure(std::string name, Tell tell);
  /// Tells the manager what is here: after a new connection, and after it has changed.
  Async<void> report();

 private:
  struct Fetching;
  Async<Result<void>> fetch(std::string name, Tell tell);

  storage::Pool& pool_;
  const Settings& settings_;
  News& news_;
  std::set<std::string> known_;
  std::map<std::string, std::shared_ptr<Fetching>> fetching_;
  int active_ = 0;
};

}  // namespace truce::node
