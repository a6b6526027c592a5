// How a host becomes the first of a cluster, and its state moves into etcd.
#include "addresses.h"
#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "membership.h"
#include "store/copy.h"

namespace truce {
namespace {

constexpr Duration etcd_limit = 60s;
constexpr Duration try_again_soon = 200ms;

}  // namespace

Result<void> HostMembership::make_identity(const std::string& cluster, const std::string& reached) {
  TRY_VOID(make_folder(settings_.folder, 0700));
  const auto& folder = settings_.folder;
  std::error_code ec;
  if (!authority_ && std::filesystem::exists(authority_file(folder), ec)) {
    TRY(authority_, link::Authority::open(authority_file(folder)));
  } else if (!authority_) {
    TRY(authority_, link::Authority::make(cluster));
    TRY_VOID(authority_->write(authority_file(folder)));
  }
  TRY_VOID(write_file_durably(bundle_file(folder), authority_->pem(), 0644));
  TRY(auto request, link::make_request(settings_.host));
  TRY(auto signed_,
      authority_->sign(request.pem, {.host = settings_.host, .addresses = names_in(reached)}));
  TRY_VOID(link::write_identity(identity_file(folder), signed_, *request.key));
  return open_identity();
}

// Whoever founds hears at once whether others can reach it there.
Result<void> HostMembership::begin_listening(const Member& member) {
  auto before = std::exchange(member_, member);
  auto heard = listen();
  if (heard && !member.keeps_etcd()) heard = write_member(settings_.folder, member);
  if (heard && !member.keeps_etcd()) return {};
  listener_.reset();
  member_ = std::move(before);
  if (heard) return {};
  return fail_field("/address", heard.error().message);
}

namespace {

model::EtcdAccess access_of(const model::ClusterCreate& wish) {
  return {.urls = wish.etcd,
          .prefix = wish.etcd_prefix,
          .ca = wish.etcd_ca,
          .certificate = wish.etcd_certificate,
          .key = wish.etcd_key,
          .user = wish.etcd_user,
          .password = wish.etcd_password};
}

// What a host is that founds a cluster.
Member first_member(const model::ClusterCreate& wish, const std::string& host,
                    const std::string& reached) {
  Member member{
      .cluster = wish.name, .host = host, .role = model::HostRole::manager, .address = reached};
  member.managers.push_back({host, reached});
  member.store = wish.store;
  if (!wish.etcd.empty()) {
    member.foreign = EtcdPlace{wish.etcd, wish.etcd_prefix, wish.etcd_user};
  } else if (wish.store == model::StoreKind::etcd) {
    member.etcd_token = random_hex(16);
    member.etcd_client_port = static_cast<std::uint16_t>(wish.etcd_client_port);
    member.etcd_peer_port = static_cast<std::uint16_t>(wish.etcd_peer_port);
  }
  return member;
}

}  // namespace

// The secrets in the state that moves are sealed with this host's keys: they go along.
Result<void> HostMembership::take_seals_along() {
  TRY(auto own, read_seals(seals_file(settings_.store)));
  if (own) TRY_VOID(write_seals(seals_file(settings_.folder), *own));
  return {};
}

// Asked before anything is made that others could see.
Async<Result<void>> HostMembership::begin_etcd(model::ClusterCreate wish) {
  if (founding_->foreign) {
    ForeignEtcd foreign(
        loop_, {.secrets = settings_.folder, .host = settings_.host, .place = *founding_->foreign});
    CO_TRY_VOID(foreign.keep(access_of(wish)));
  }
  CO_TRY_VOID(co_await etcd_->found());
  co_return co_await etcd_->start();
}

Async<Result<manager::Founded>> HostMembership::found(model::ClusterCreate wish) {
  if (follows() || founding_) co_return fail(Code::conflict, "this host is in a cluster already");
  auto store = wish.store;
  if (!wish.etcd.empty()) {
    CO_TRY_VOID(ForeignEtcd::check(access_of(wish)));
  } else if (store == model::StoreKind::etcd) {
    CO_TRY_VOID(OwnEtcd::check());
  }
  // Any address outside: only the way out is asked for.
  CO_TRY(auto reached, own_address(wish.address, "192.0.2.1"));
  CO_TRY_VOID(make_identity(wish.name, reached));
  auto member = first_member(wish, settings_.host, reached);
  CO_TRY_VOID(begin_listening(member));
  auto own = identity_->certificate();
  manager::Founded founded{reached, authority_->certificate().fingerprint, own.fingerprint,
                           own.ends};
  if (store == model::StoreKind::sqlite) co_return founded;
  CO_TRY_VOID(take_seals_along());
  etcd_ = etcd_for(member);
  founding_ = member;
  auto begun = co_await begin_etcd(std::move(wish));
  if (begun) co_return founded;
  co_await give_up_founding();
  co_return std::unexpected(std::move(begun).error());
}

Async<void> HostMembership::give_up_founding() {
  founding_.reset();
  auto forgotten = co_await etcd_->forget();
  if (!forgotten) spdlog::warn("etcd: {}", forgotten.error().message);
  etcd_.reset();
}

namespace {

// A member that has just been started needs a moment.
Async<Result<std::unique_ptr<etcd::EtcdStore>>> open_soon(EtcdPart& part) {
  auto end = std::chrono::steady_clock::now() + etcd_limit;
  while (true) {
    auto store = co_await part.open_store();
    if (store || std::chrono::steady_clock::now() > end) co_return store;
    co_await sleep_for(try_again_soon);
  }
}

}  // namespace

Async<Result<void>> HostMembership::seal(store::Store& to, manager::LastWrites last) {
  auto& from = state_->inner();
  CO_TRY(auto newest, co_await from.list("leader/"));
  CO_TRY(auto writes, co_await last(newest.revision));
  CO_TRY_VOID(co_await to.commit({}, std::move(writes)));
  // From this file on the state is in etcd, and the old store is not written to any more.
  co_return write_member(settings_.folder, *founding_);
}

// An etcd of ours goes as a whole; in one of others only what was copied by us is taken away again.
Async<Result<void>> HostMembership::carry_over(store::Store& to, manager::LastWrites last) {
  CO_TRY(auto content, co_await store::copy(state_->inner(), to));
  auto done = co_await seal(to, std::move(last));
  if (!done && founding_->foreign && !co_await withdraw_state(to))
    spdlog::warn("etcd: under {} lies a state that nobody uses", founding_->foreign->prefix);
  if (done)
    spdlog::info("the state has moved into etcd: {} entries, SHA-256 {}", content.entries,
                 content.digest);
  co_return done;
}

Async<Result<void>> HostMembership::move_state(manager::LastWrites last) {
  if (!founding_ || state_ == nullptr)
    co_return fail(Code::precondition, "there is nothing that this host's state could move to");
  // Half a move is nothing that an end of this daemon may leave.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  auto store = co_await open_soon(*etcd_);
  Result<void> done;
  if (store) {
    co_await state_->shut();
    done = co_await carry_over(**store, std::move(last));
    store->reset();
  } else {
    done = std::unexpected(std::move(store).error());
  }
  if (!done) {
    state_->open();
    co_await give_up_founding();
    co_return std::unexpected(
        std::move(done).error().within("the state could not be moved into etcd"));
  }
  changed_();
  co_return Result<void>{};
}

}  // namespace truce
