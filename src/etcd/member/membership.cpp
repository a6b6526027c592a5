#include "etcd/membership.h"

#include <algorithm>
#include <charconv>

#include "membership_inner.h"
#include "messages.h"

namespace truce::etcd {

namespace {

constexpr auto list_method = "/etcdserverpb.Cluster/MemberList";

const ListedMember* find(const std::vector<ListedMember>& all, std::uint64_t id) {
  auto found = std::ranges::find(all, id, &ListedMember::id);
  return found == all.end() ? nullptr : &*found;
}

const ListedMember* find(const std::vector<ListedMember>& all, const std::string& peer_url) {
  auto found = std::ranges::find_if(all, [&](const ListedMember& member) {
    return std::ranges::find(member.peer_urls, peer_url) != member.peer_urls.end();
  });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

bool is_new_enough(std::string_view version) {
  constexpr std::pair oldest(3U, 4U);
  std::pair<unsigned, unsigned> found;
  const auto* end = version.data() + version.size();
  auto major = std::from_chars(version.data(), end, found.first);
  if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') return false;
  auto minor = std::from_chars(major.ptr + 1, end, found.second);
  return minor.ec == std::errc() && found >= oldest;
}

Membership::Membership(std::shared_ptr<Inner> inner) : inner_(std::move(inner)) {}
Membership::~Membership() {
  inner_->members->close();
}

Result<std::unique_ptr<Membership>> Membership::open(asio::any_io_executor loop, Options options) {
  TRY(auto wire, Wire::make(loop, options));
  auto inner = std::make_shared<Inner>();
  inner->loop = std::move(loop);
  inner->members = std::make_shared<Members>(std::move(wire), options);
  inner->options = std::move(options);
  return std::unique_ptr<Membership>(new Membership(std::move(inner)));
}

// What etcd calls a failed precondition is an invalid request only where a store asks.
Async<Result<std::string>> Membership::Inner::ask(std::string method, std::string request) const {
  auto answer = co_await members->ask(std::move(method), std::move(request));
  if (!answer && answer.error().code == Code::invalid) answer.error().code = Code::precondition;
  co_return answer;
}

Result<std::shared_ptr<Members>> Membership::Inner::at(std::string url) const {
  auto only = options;
  only.urls = {std::move(url)};
  TRY(auto wire, Wire::make(loop, only));
  return std::make_shared<Members>(std::move(wire), only);
}

Async<Result<std::string>> Membership::Inner::ask_one(std::string url, std::string method,
                                                      std::string request) const {
  CO_TRY(auto member, at(std::move(url)));
  auto reply = co_await member->once(std::move(method), std::move(request), member->limit());
  member->close();
  if (reply.outcome != Outcome::done) co_return std::unexpected(std::move(reply.error));
  co_return std::move(reply.bytes);
}

Async<Result<std::vector<ListedMember>>> Membership::Inner::list() const {
  CO_TRY(auto bytes, co_await ask(list_method, {}));
  co_return parse_members(bytes);
}

Async<Result<std::vector<ListedMember>>> Membership::list() {
  auto inner = inner_;
  co_return co_await inner->list();
}

// Its answer may be lost, and etcd refuses the same again: then the list tells.
Async<Result<ListedMember>> Membership::add(std::string peer_url) {
  auto inner = inner_;
  CO_TRY(auto before, co_await inner->list());
  if (const auto* known = find(before, peer_url)) co_return *known;
  auto answer = co_await inner->ask("/etcdserverpb.Cluster/MemberAdd", add_request(peer_url));
  if (answer) co_return parse_added(*answer);
  auto after = co_await inner->list();
  if (after) {
    if (const auto* added = find(*after, peer_url)) co_return *added;
  }
  co_return std::unexpected(std::move(answer).error());
}

Async<Result<void>> Membership::promote(std::uint64_t id) {
  auto inner = inner_;
  auto answer = co_await inner->ask("/etcdserverpb.Cluster/MemberPromote", member_request(id));
  if (answer) co_return Result<void>{};
  auto error = std::move(answer).error();
  CO_TRY(auto all, co_await inner->list());
  const auto* member = find(all, id);
  if (member != nullptr && !member->learner) co_return Result<void>{};
  if (error.message.find("in sync with leader") != std::string::npos) {
    error.code = Code::unavailable;
  }
  co_return std::unexpected(std::move(error));
}

Async<Result<void>> Membership::remove(std::uint64_t id) {
  auto inner = inner_;
  auto answer = co_await inner->ask("/etcdserverpb.Cluster/MemberRemove", member_request(id));
  if (answer || answer.error().code == Code::not_found) co_return Result<void>{};
  auto all = co_await inner->list();
  if (all && find(*all, id) == nullptr) co_return Result<void>{};
  co_return std::unexpected(std::move(answer).error());
}

Async<Result<void>> Membership::move(std::uint64_t id, std::string peer_url) {
  auto inner = inner_;
  CO_TRY_VOID(
      co_await inner->ask("/etcdserverpb.Cluster/MemberUpdate", update_request(id, peer_url)));
  co_return Result<void>{};
}

Async<Result<void>> Membership::hand_over(std::uint64_t to) {
  auto inner = inner_;
  CO_TRY(auto all, co_await inner->list());
  for (const auto& member : all) {
    if (member.client_urls.empty()) continue;
    auto health = co_await this->health(member.client_urls.front());
    if (!health.leads()) continue;
    if (health.id == to) co_return Result<void>{};
    CO_TRY_VOID(co_await inner->ask_one(
        member.client_urls.front(), "/etcdserverpb.Maintenance/MoveLeader", member_request(to)));
    co_return Result<void>{};
  }
  co_return fail(Code::unavailable, "etcd: nobody leads at present");
}

Async<Health> Membership::health(std::string client_url) {
  auto inner = inner_;
  auto answer = co_await inner->ask_one(client_url, "/etcdserverpb.Maintenance/Status", {});
  auto health = answer ? parse_status(*answer) : std::unexpected(std::move(answer).error());
  if (!health) co_return Health{.problem = std::move(health).error().message};
  if (health->problem.empty() && health->leader == 0) health->problem = "it follows nobody";
  co_return *std::move(health);
}

Async<Result<void>> Membership::defragment(std::string client_url) {
  auto inner = inner_;
  auto patient = inner->options;
  patient.urls = {client_url};
  patient.attempt = patient.limit = std::chrono::minutes(2);
  CO_TRY(auto wire, Wire::make(inner->loop, patient));
  Members member(std::move(wire), patient);
  auto reply = co_await member.once("/etcdserverpb.Maintenance/Defragment", {}, member.limit());
  member.close();
  if (reply.outcome != Outcome::done) co_return std::unexpected(std::move(reply.error));
  co_return Result<void>{};
}

Async<Result<void>> Membership::disarm() {
  auto inner = inner_;
  CO_TRY_VOID(co_await inner->ask("/etcdserverpb.Maintenance/Alarm", disarm_request()));
  co_return Result<void>{};
}

}  // namespace truce::etcd
