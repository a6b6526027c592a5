#pragma once

#include "etcd/membership.h"
#include "members.h"

namespace truce::etcd {

struct Membership::Inner {
  asio::any_io_executor loop;
  Options options;
  std::shared_ptr<Members> members;

  Async<Result<std::string>> ask(std::string method, std::string request) const;
  /// The member at one URL, for one purpose; to be closed.
  [[nodiscard]] Result<std::shared_ptr<Members>> at(std::string url) const;
  Async<Result<std::string>> ask_one(std::string url, std::string method,
                                     std::string request) const;
  Async<Result<std::vector<ListedMember>>> list() const;
};

}  // namespace truce::etcd
