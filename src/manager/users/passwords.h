// Hashes of passwords, computed where they hold nobody up.
#pragma once

#include <string>

#include "access/password.h"
#include "base/async.h"

namespace truce::manager {

/// Two threads and a bounded queue: a flood of sign-ins takes 92 MiB, two processors at most, and
/// nothing of the loop. Code::unavailable when 32 wait already.
class Passwords {
 public:
  static constexpr std::size_t most_waiting = 32;

  Passwords();
  Async<Result<std::string>> hash(std::string password);
  /// An empty `phc` is that of a user that there is not: as long as any other, and never right.
  Async<Result<access::Verdict>> check(std::string phc, std::string password);

 private:
  template <class Work>
  Async<Result<std::invoke_result_t<Work&>>> on_pool(Work work);

  std::size_t waiting_ = 0;
  asio::thread_pool pool_{2};
};

}  // namespace truce::manager
