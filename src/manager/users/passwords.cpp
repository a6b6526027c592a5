#include "users/passwords.h"

#include "base/random.h"
#include "base/revert.h"

namespace truce::manager {
namespace {

constexpr std::size_t salt_size = 16;

/// What the passwords of users that there are not are compared with.
const std::string& nobodys_hash() {
  static const auto hash = access::hash_password(random_hex(16), random_bytes(salt_size));
  return hash;
}

}  // namespace

// Made before anybody asks, so that the first name that there is not takes no longer either.
Passwords::Passwords() {
  asio::post(pool_, [] { (void)nobodys_hash(); });
}

template <class Work>
Async<Result<std::invoke_result_t<Work&>>> Passwords::on_pool(Work work) {
  if (waiting_ >= most_waiting)
    co_return fail(Code::unavailable, "too many people are signing in: try again in a moment");
  ++waiting_;
  Revert done;
  done.add([this] { --waiting_; });
  co_return co_await run_blocking(pool_, std::move(work));
}

Async<Result<std::string>> Passwords::hash(std::string password) {
  return on_pool([password = std::move(password)] {
    return access::hash_password(password, random_bytes(salt_size));
  });
}

Async<Result<access::Verdict>> Passwords::check(std::string phc, std::string password) {
  return on_pool([phc = std::move(phc), password = std::move(password)] {
    bool nobody = phc.empty();
    auto verdict = access::check_hash(nobody ? nobodys_hash() : phc, password);
    if (nobody) verdict.right = false;
    return verdict;
  });
}

}  // namespace truce::manager
