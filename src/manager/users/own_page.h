// What a browser can be made to send by a page of somebody else's.
#pragma once

#include "access/access.h"
#include "http/http.h"
#include "model/operations.h"

namespace truce::manager {

/// Refuses (Code::forbidden) what a caller with a session's cookie did not mean: changes without
/// the header X-Truce-Csrf, and changes and WebSockets that a page of another site asks for.
Result<void> check_own_page(const access::Caller& caller, const model::OperationRow& row,
                            const http::Request& request);

}  // namespace truce::manager
