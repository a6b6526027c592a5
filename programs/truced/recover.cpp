#include "recover.h"

#include <fmt/ranges.h>

#include <boost/asio/ip/tcp.hpp>
#include <iostream>
#include <set>

#include "addresses.h"
#include "base/frames.h"
#include "member.h"
#include "own_etcd.h"

namespace truce {
namespace {

using asio::ip::tcp;

constexpr Duration answer_limit = 3s;

std::set<std::string> words_of(std::string_view text) {
  std::set<std::string> words;
  while (!text.empty()) {
    auto end = std::min(text.find(','), text.size());
    if (end > 0) words.emplace(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

Result<Member> member_to_recover(const std::filesystem::path& folder) {
  TRY(auto member, read_member(folder));
  if (!member || !member->keeps_etcd())
    return fail(Code::precondition, "this host keeps no part of a cluster's state in etcd");
  if (member->foreign)
    return fail(
        Code::precondition,
        "the state of the cluster '{}' is in an etcd that is not truced's own ({}): there is "
        "nothing to give up here. Bring that etcd back; one manager is enough then",
        member->cluster, fmt::join(member->foreign->urls, ", "));
  if (member->managers.size() < 2)
    return fail(Code::precondition, "this host is the only manager of the cluster '{}' already",
                member->cluster);
  return *std::move(member);
}

/// Whoever gives the names has read what it means: they stand nowhere else together.
Result<void> check_names(const Member& member, const std::set<std::string>& named) {
  std::set<std::string> others;
  for (const auto& manager : member.managers)
    if (manager.name != member.host) others.insert(manager.name);
  if (named == others) return {};
  return fail(
      Code::invalid,
      "this would make '{0}' the only manager of the cluster '{1}', with what it has of the state: "
      "changes of the last moments before the others were lost may be missing.\n"
      "Do it only if all of {2} are lost for ever, and none of them is ever started again with the "
      "disks that it has: they would be a second cluster, and machines could run twice.\n"
      "If one of them can be brought back, bring it back instead. If not, say so by naming them: "
      "truced --recover-alone {3}",
      member.host, member.cluster, fmt::join(others, ", "), fmt::join(others, ","));
}

Async<Result<void>> connect(std::string host, std::uint16_t port) {
  auto loop = co_await asio::this_coro::executor;
  tcp::resolver resolver(loop);
  auto [ec, found] = co_await resolver.async_resolve(host, std::to_string(port), as_result);
  if (ec || found.empty()) co_return fail(Code::unavailable, "{}", ec.message());
  tcp::socket socket(loop);
  auto [refused] = co_await socket.async_connect(found.begin()->endpoint(), as_result);
  if (refused) co_return fail(Code::unavailable, "{}", refused.message());
  co_return Result<void>{};
}

Async<Result<void>> check_gone(std::vector<manager::Seat> others, Member member) {
  for (const auto& manager : others) {
    CO_TRY(auto place, split_listen(manager.address));
    for (auto port : {member.etcd_client_port, member.etcd_peer_port, place.second}) {
      if (!co_await within(answer_limit, connect(place.first, port), manager.name)) continue;
      co_return fail(Code::conflict, "{} is not lost: it answers at {}, port {}", manager.name,
                     place.first, port);
    }
  }
  co_return Result<void>{};
}

Async<Result<Member>> recover(model::Config config, std::set<std::string> named) {
  auto folder = std::filesystem::path(config.state_dir) / "cluster";
  CO_TRY(auto member, member_to_recover(folder));
  CO_TRY_VOID(check_names(member, named));
  if (co_await connect_unix(config.run_dir + "/truced.sock"))
    co_return fail(Code::conflict, "truced runs on this host: stop it first");
  auto others = member.managers;
  std::erase_if(others, [&](const auto& manager) { return manager.name == member.host; });
  CO_TRY_VOID(co_await check_gone(others, member));
  OwnEtcd part(co_await asio::this_coro::executor,
               {.secrets = folder,
                .folder = std::filesystem::path(config.state_dir) / "etcd",
                .host = member.host,
                .address = member.address,
                .listen = config.cluster_listen,
                .token = member.etcd_token,
                .managers = member.managers,
                .client_port = member.etcd_client_port,
                .peer_port = member.etcd_peer_port});
  auto alone = co_await part.give_up_others();
  co_await part.close();
  if (!alone) co_return std::unexpected(std::move(alone).error());
  member.managers = {{member.host, member.address}};
  CO_TRY_VOID(write_member(folder, member));
  co_return member;
}

}  // namespace

int recover_alone(const Options& options) {
  asio::io_context context(1);
  std::optional<Result<Member>> done;
  asio::co_spawn(context, recover(options.config, words_of(options.recover_alone)),
                 [&](std::exception_ptr e, Result<Member> result) {
                   if (e) std::rethrow_exception(e);
                   done = std::move(result);
                   context.stop();
                 });
  context.run();
  if (!*done) {
    std::cerr << "truced: " << done->error().message << '\n';
    return 1;
  }
  const auto& member = **done;
  std::cout << fmt::format(
      "{} is the only manager of the cluster '{}' now. Start truced; then take out the lost hosts: "
      "truce cluster remove HOST --force\n",
      member.host, member.cluster);
  return 0;
}

}  // namespace truce
