// What the generated commands of clusters do not show well.
#include <boost/json.hpp>

#include "model/model.h"
#include "output.h"
#include "terminal.h"
#include "verbs.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

/// The name of the cluster that the daemon is part of; nothing when it does not answer as one that
/// is ready.
Async<std::optional<std::string>> cluster_of(Session& session) {
  auto answer = co_await session.get("/v1/cluster");
  if (!answer) co_return std::nullopt;
  auto cluster = model::from_json<model::Cluster>(*answer, model::Unknown::ignore);
  if (!cluster) co_return std::nullopt;
  co_return cluster->name;
}

enum class Membership { member, single };

/// The daemon answers first, and begins anew then: the next command shall find it ready.
Async<Ending> change_role(Session& session, const Invocation& invocation, Membership wanted) {
  constexpr int most_looks = 150;
  CO_TRY(auto request, make_request(invocation, surroundings()));
  CO_TRY(auto answer, co_await session.call(std::move(request)));
  auto ending = co_await follow_task(session, invocation, std::move(answer));
  for (int look = 0; ending && *ending == 0 && invocation.wait && look < most_looks; ++look) {
    auto name = co_await cluster_of(session);
    if (name && name->empty() == (wanted == Membership::single)) break;
    co_await sleep_for(200ms);
  }
  co_return ending;
}

}  // namespace

Async<Ending> cluster_init(Session& session, const Invocation& invocation) {
  co_return co_await change_role(session, invocation, Membership::member);
}

Async<Ending> cluster_join(Session& session, const Invocation& invocation) {
  co_return co_await change_role(session, invocation, Membership::member);
}

Async<Ending> cluster_leave(Session& session, const Invocation& invocation) {
  co_return co_await change_role(session, invocation, Membership::single);
}

// The token alone goes to the output, so that it can be redirected to a file.
Async<Ending> cluster_token(Session& session, const Invocation& invocation) {
  CO_TRY(auto request, make_request(invocation, surroundings()));
  CO_TRY(auto answer, co_await session.call(std::move(request)));
  if (invocation.style != Style::table && !invocation.quiet) {
    print(shown_object(answer, invocation.row->shown, invocation.style, false));
    co_return 0;
  }
  auto secret = model::from_json<model::JoinTokenSecret>(answer, model::Unknown::ignore);
  if (!secret) co_return std::unexpected(Failure(Exit::failed, std::move(secret).error()));
  print(printable(secret->token) + "\n");
  if (!invocation.quiet) {
    print(fmt::format("Good once, until {}. On {}: truce cluster join --token-file FILE\n",
                      secret->expires ? local_time(*secret->expires) : "it is withdrawn",
                      invocation.value("host")),
          Channel::errors);
  }
  co_return 0;
}

}  // namespace truce::cli
