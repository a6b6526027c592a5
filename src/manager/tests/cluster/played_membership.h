// A cluster without files and ports, for tests of the API: its membership is played, and so are its
// nodes.
#pragma once

#include <sys/socket.h>

#include "cluster/cluster.h"
#include "estate.h"

namespace truce::manager {

/// A program that pretends to have files, ports and an authority.
class PlayedMembership final : public Membership {
 public:
  Async<Result<Founded>> found(model::ClusterCreate wish) override {
    if (wish.store == model::StoreKind::etcd && wish.etcd.empty() && !has_etcd)
      co_return fail(Code::unsupported, "apt install etcd-server");
    if (wish.address == "nowhere") co_return fail_field("/address", "is not of this host");
    founded = wish.name;
    prefix = wish.etcd_prefix;
    co_return Founded{wish.address.empty() ? "192.0.2.1:7444" : wish.address, std::string(64, 'f'),
                      "sha-own", now() + std::chrono::days(90)};
  }
  Result<Issued> issue(const std::string& request, const std::string& host,
                       const std::string& authority) override {
    if (request != "a request") return fail(Code::invalid, "it is no request");
    ++issued;
    signed_with = authority;
    return Issued{"certificate of " + host, "authority", fmt::format("sha-{}", issued),
                  now() + std::chrono::days(90)};
  }
  Result<FreshAuthorities> make_fresh_authorities() override {
    made = fmt::format("fresh-{}", ++authorities);
    return FreshAuthorities{made, own_etcd ? "etcd-" + made : ""};
  }
  Result<model::AuthorityOrders> fresh_authorities(const std::string& hosts,
                                                   const std::string&) const override {
    if (hosts != made) return fail(Code::not_found, "this host has no such authority");
    return model::AuthorityOrders{.authority = "certificate of " + made,
                                  .authority_key = "key of " + made};
  }
  [[nodiscard]] bool in_cluster() const override { return !founded.empty(); }
  Async<Result<void>> move_state(LastWrites last) override {
    if (!move_problem.empty()) co_return fail(Code::unavailable, "{}", move_problem);
    CO_TRY(moved, co_await last(0));
    co_return Result<void>{};
  }
  Async<Result<model::ManagerEnrollment>> admit_manager(std::string request, std::string host,
                                                        std::string) override {
    admitted.push_back(host);
    co_return model::ManagerEnrollment{.etcd_token = "token", .etcd_certificate = request};
  }
  Async<Result<void>> remove_manager(std::string host, std::string) override {
    if (host == kept) co_return fail(Code::precondition, "too few others answer");
    removed.push_back(host);
    co_return Result<void>{};
  }
  [[nodiscard]] std::map<std::string, SeatState> managers() const override { return states; }
  [[nodiscard]] std::string etcd_problem() const override { return problem; }
  Async<Result<void>> join(Invitation given, std::string) override {
    invitation = std::move(given);
    co_return Result<void>{};
  }
  void refuse(const std::string& host) override { refused.push_back(host); }

  bool has_etcd = true;
  std::string founded, move_problem, kept, problem, prefix, made, signed_with;
  std::vector<store::Write> moved;
  std::vector<std::string> admitted, removed;
  std::map<std::string, SeatState> states;
  int issued = 0, authorities = 0;
  bool own_etcd = false;
  std::optional<Invitation> invitation;
  std::vector<std::string> refused;
};

/// An estate whose host is `h1`, and perhaps the manager of a cluster already.
template <class Work>
void with_host(Work work) {
  on_loop([&](asio::any_io_executor loop) -> Async<void> {
    PlayedMembership membership;
    Estate estate(loop);
    estate.adjust = [&](Settings& settings) {
      settings.host = "h1";
      settings.membership = &membership;
      settings.absence = 10ms;
    };
    co_await estate.start();
    co_await estate.connect();
    co_await work(estate, membership);
    estate.node.close();
    co_await estate.manager->stop();
  });
}

inline Async<void> found_cluster(Estate& estate) {
  auto made = co_await estate.call("POST", "/v1/cluster", R"({"name":"estate","store":"sqlite"})");
  EXPECT_EQ(made.status, 202) << made.raw;
  EXPECT_EQ(made.text("/state"), "succeeded");
}

inline Async<Invitation> invite(Estate& estate, std::string host) {
  auto made =
      co_await estate.call("POST", "/v1/cluster/tokens", fmt::format(R"({{"host":"{}"}})", host));
  EXPECT_EQ(made.status, 201) << made.raw;
  auto read = read_token(made.text("/token"));
  EXPECT_TRUE(read) << made.raw;
  co_return read ? *read : Invitation{};
}

inline std::string request_of(std::string_view host, std::string_view secret) {
  return fmt::format(
      R"({{"host":"{}","secret":"{}","request":"a request","address":"192.0.2.2:7444","version":"1"}})",
      host, secret);
}

/// As a host without a certificate asks, or one that has it.
inline Async<Answer> enroll(Estate& estate, std::string body, std::string certified = {}) {
  auto user = std::exchange(estate.unix_user, std::nullopt);
  auto address = std::exchange(estate.address, "192.0.2.2:5000");
  estate.host = certified;
  auto answer = co_await estate.call("POST", "/v1/cluster/enroll", std::move(body));
  estate.host.clear();
  estate.unix_user = user;
  estate.address = address;
  co_return answer;
}

inline Async<void> let_in(Estate& estate, std::string host) {
  auto invitation = co_await invite(estate, host);
  auto answer = co_await enroll(estate, request_of(host, invitation.secret));
  EXPECT_EQ(answer.status, 201) << answer.raw;
}

/// A node's end of a connection that the link has brought from `host`.
inline UnixSocket connect_as(Estate& estate, const std::string& host) {
  int ends[2] = {-1, -1};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  using Protocol = asio::local::stream_protocol;
  estate.manager->serve_node(UnixSocket(estate.loop, Protocol(), ends[0]), host);
  return {estate.loop, Protocol(), ends[1]};
}

inline Async<std::string> state_of(Estate& estate, std::string host,
                                   std::string pointer = "/state") {
  auto shown = co_await estate.call("GET", "/v1/hosts/" + host);
  co_return shown.status == 200 ? shown.text(pointer) : std::to_string(shown.status);
}

template <class Condition>
Async<void> until(Condition condition) {
  for (int i = 0; i < 2000; ++i) {
    if (co_await condition()) co_return;
    co_await sleep_for(5ms);
  }
  ADD_FAILURE() << "it did not come true";
}

}  // namespace truce::manager
