#include "users/first_run.h"

#include "access/password.h"
#include "access/second_factor.h"
#include "base/file.h"
#include "base/log.h"
#include "base/random.h"

namespace truce::manager {

FirstRun::FirstRun(const Inventory& inventory, const Settings& settings)
    : inventory_(inventory), settings_(settings) {}

void FirstRun::renew() {
  end();
  if (!needed() || settings_.url.empty()) return;
  auto code = access::paper_code(random_bytes(10));
  sha256_ = access::paper_code_sha256(code);
  made_ = now();
  wrong_ = 0;
  std::string text = fmt::format(
      "there is no user yet: make the first administrator at {} with the one-time secret={}",
      settings_.url, code);
  if (settings_.tell_first_run) {
    settings_.tell_first_run(text);
  } else {
    spdlog::info("{}", text);
  }
  if (settings_.first_run_file.empty()) return;
  auto written = write_file_durably(settings_.first_run_file, code + "\n", 0600);
  if (!written) spdlog::warn("first-run code: {}", written.error().message);
}

Result<void> FirstRun::take(const std::string& typed) {
  if (!needed())
    return fail(Code::conflict, "there is a user already: an administrator makes others");
  end_old();
  if (sha256_.empty()) {
    return fail(Code::precondition,
                "{}; 'truce server reload' or a restart of truced makes a new one",
                taken_.empty() ? "no code is good any more" : "the code is being used");
  }
  if (!access::same_secret(access::paper_code_sha256(typed), sha256_)) {
    if (++wrong_ >= most_wrong) {
      spdlog::warn("first run: {} wrong codes; the right one is no longer good", most_wrong);
      end();
    }
    return std::unexpected(Error{Code::forbidden, "this is not the code", "/code"});
  }
  taken_ = std::exchange(sha256_, {});
  return {};
}

void FirstRun::give_back() {
  sha256_ = std::exchange(taken_, {});
}

void FirstRun::end() {
  sha256_.clear();
  taken_.clear();
  if (settings_.first_run_file.empty()) return;
  auto removed = remove_tree(settings_.first_run_file);
  if (!removed) spdlog::warn("first-run code: {}", removed.error().message);
}

void FirstRun::end_old() {
  if (!sha256_.empty() && (!needed() || now() - made_ > code_life)) end();
}

}  // namespace truce::manager
