#include "members.h"

namespace truce::etcd {

namespace {

bool says(const Answer& answer, std::string_view words) {
  return answer.text.find(words) != std::string::npos;
}

Reply refused(Code code, std::string message) {
  return {Outcome::refused, {}, {code, "etcd: " + std::move(message), {}}};
}

Reply not_done(std::string message) {
  return {Outcome::not_done, {}, {Code::unavailable, "etcd: " + std::move(message), {}}};
}

Reply too_large(const Answer& answer) {
  return refused(
      Code::invalid,
      answer.text + ": a commit has 1.5 MB at most, or what its --max-request-bytes says");
}

Reply invalid(const Answer& answer) {
  if (says(answer, "too large")) return too_large(answer);
  if (says(answer, "too many operations"))
    return refused(Code::invalid, answer.text + ": start it with --max-txn-ops=128 or more");
  if (says(answer, "user name is empty"))
    return refused(Code::unauthenticated,
                   "it wants a user and a password, or a certificate of ours");
  if (says(answer, "authentication failed"))
    return refused(Code::unauthenticated, "it does not take this user and password");
  if (says(answer, "authentication is not enabled"))
    return refused(Code::precondition, answer.text + ": give no user, or `etcdctl auth enable`");
  if (says(answer, "auth store is old")) return not_done(answer.text);
  return refused(Code::invalid, answer.text);
}

Reply exhausted(const Answer& answer) {
  if (says(answer, "too many requests")) return not_done(answer.text);
  if (says(answer, "space exceeded")) {
    return {
        Outcome::full,
        {},
        {Code::io,
         "etcd: its space is used up: compact and defragment it, or raise --quota-backend-bytes; "
         "then `etcdctl alarm disarm`",
         {}}};
  }
  return too_large(answer);
}

}  // namespace

Reply reply_of(Answer answer, const std::string& user) {
  switch (answer.status) {
    case Status::ok:
      return {Outcome::done, std::move(answer.text), {}};
    case Status::invalid_argument:
    case Status::failed_precondition:
      return invalid(answer);
    case Status::resource_exhausted:
      return exhausted(answer);
    case Status::permission_denied:
      return refused(Code::forbidden,
                     fmt::format("the user '{}' may not read and write the prefix: grant it a role "
                                 "that does (`etcdctl role grant-permission --prefix`)",
                                 user));
    case Status::not_found:
      return refused(Code::not_found, answer.text);
    case Status::unauthenticated:
      return refused(Code::unauthenticated, answer.text);
    case Status::out_of_range:
      return refused(Code::limit, answer.text);
    case Status::data_loss:
      return refused(Code::corrupt, answer.text + ": compare its members, and restore a backup");
    default:
      // A member without a leader says so before it takes a request.
      if (answer.text == "etcdserver: no leader") return not_done("it has no leader, or no quorum");
      return {Outcome::unknown, {}, {Code::unavailable, "etcd: " + answer.text, {}}};
  }
}

}  // namespace truce::etcd
