#include "users/own_page.h"

#include "access/password.h"
#include "http/cookies.h"
#include "users/sessions.h"

namespace truce::manager {

Result<void> check_own_page(const access::Caller& caller, const model::OperationRow& row,
                            const http::Request& request) {
  bool by_cookie = !caller.session.empty();
  // Who they are is in the body: a cookie adds nothing, and another site must not sign anybody in
  // either.
  bool by_body = row.operation == model::Operation::sign_in ||
                 row.operation == model::Operation::create_first_user;
  bool changes = request.method != "GET" && request.method != "HEAD";
  if (!by_cookie && !by_body) return {};
  if ((changes || request.headers.contains("upgrade")) && !http::same_site(request))
    return fail(Code::forbidden, "a page of another site asked for this");
  if (!changes || by_body) return {};
  auto sent = request.headers.find("x-truce-csrf");
  if (sent != request.headers.end() &&
      access::same_secret(sent->second, csrf_of(session_cookie(request))))
    return {};
  return fail(Code::forbidden,
              "the header X-Truce-Csrf is missing or wrong: it must have the `csrf` of GET /v1");
}

}  // namespace truce::manager
