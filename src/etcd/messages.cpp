#include "messages.h"

#include <etcd.pb.h>

#include <algorithm>
#include <set>

namespace truce::etcd {

namespace {

/// What etcd takes in a transaction and those inside of it, as it is set up (--max-txn-ops).
constexpr std::size_t max_operations = 128;

template <class Message>
Result<Message> parse(const std::string& bytes) {
  Message message;
  if (!message.ParseFromString(bytes))
    return fail(Code::corrupt, "etcd: its answer is no message of etcd 3.4 or newer");
  return message;
}

Entry entry_of(const wire::KeyValue& kv) {
  return {.key = kv.key(),
          .value = kv.value(),
          .created = kv.create_revision(),
          .modified = kv.mod_revision()};
}

ListedMember listed(const wire::Member& member) {
  return {.id = member.id(),
          .name = member.name(),
          .peer_urls = {member.peer_urls().begin(), member.peer_urls().end()},
          .client_urls = {member.client_urls().begin(), member.client_urls().end()},
          .learner = member.is_learner()};
}

void demand(wire::TxnRequest& txn, const std::string& key, Revision modified) {
  auto& compare = *txn.add_compare();
  compare.set_target(wire::Compare::MOD);
  compare.set_key(key);
  compare.set_mod_revision(modified);
}

void put(wire::TxnRequest& txn, const std::string& key, const std::string& value) {
  auto& request = *txn.add_success()->mutable_request_put();
  request.set_key(key);
  request.set_value(value);
}

void read_otherwise(wire::TxnRequest& txn, const std::string& key, bool keys_only) {
  auto& request = *txn.add_failure()->mutable_request_range();
  request.set_key(key);
  request.set_keys_only(keys_only);
}

// Deletes of what may be absent all are the only writes that can change nothing.
bool may_change_nothing(const std::vector<Condition>& conditions,
                        const std::vector<Write>& writes) {
  std::set<std::string_view> present;
  for (const auto& condition : conditions) {
    if (condition.modified != 0) present.insert(condition.key);
  }
  return std::ranges::none_of(
      writes, [&](const Write& write) { return write.value || present.contains(write.key); });
}

void write_all(wire::TxnRequest& txn, const std::string& prefix, const std::vector<Write>& writes,
               const Mark& mark) {
  for (const auto& write : writes) {
    if (write.value) {
      put(txn, prefix + write.key, *write.value);
    } else {
      txn.add_success()->mutable_request_delete_range()->set_key(prefix + write.key);
    }
  }
  put(txn, mark.key, mark.value);
}

// A transaction inside of the transaction: if all are absent nothing, else the writes.
void write_unless_absent(wire::TxnRequest& outer, const std::string& prefix,
                         const std::vector<Write>& writes, const Mark& mark) {
  auto& txn = *outer.add_success()->mutable_request_txn();
  for (const auto& write : writes) demand(txn, prefix + write.key, 0);
  write_all(txn, prefix, writes, mark);
  txn.mutable_success()->Swap(txn.mutable_failure());
}

}  // namespace

std::string end_of(std::string prefix) {
  while (prefix.back() == '\xff') prefix.pop_back();
  ++prefix.back();
  return prefix;
}

std::string get_request(const std::string& key) {
  wire::RangeRequest request;
  request.set_key(key);
  return request.SerializeAsString();
}

std::string list_request(const std::string& first, const std::string& end, std::int64_t limit,
                         Revision revision) {
  wire::RangeRequest request;
  request.set_key(first);
  request.set_range_end(end);
  request.set_limit(limit);
  request.set_revision(revision);
  return request.SerializeAsString();
}

std::string put_request(const std::string& key, const std::string& value) {
  wire::PutRequest request;
  request.set_key(key);
  request.set_value(value);
  return request.SerializeAsString();
}

std::string commit_request(const std::string& prefix, const std::vector<Condition>& conditions,
                           const std::vector<Write>& writes, const Mark& mark) {
  wire::TxnRequest txn;
  demand(txn, mark.key, mark.modified);
  read_otherwise(txn, mark.key, false);
  for (const auto& condition : conditions) {
    demand(txn, prefix + condition.key, condition.modified);
    read_otherwise(txn, prefix + condition.key, true);
  }
  auto operations = conditions.size() + 1 + writes.size() + 1;
  if (operations <= max_operations && may_change_nothing(conditions, writes)) {
    if (!writes.empty()) write_unless_absent(txn, prefix, writes, mark);
  } else {
    write_all(txn, prefix, writes, mark);
  }
  return txn.SerializeAsString();
}

std::string fence_request(const Mark& mark, const std::vector<std::string>& others) {
  wire::TxnRequest txn;
  demand(txn, mark.key, mark.modified);
  put(txn, mark.key, mark.value);
  for (const auto& key : others) put(txn, key, mark.value);
  read_otherwise(txn, mark.key, false);
  return txn.SerializeAsString();
}

std::string watch_request(const std::string& prefix, Revision from) {
  wire::WatchRequest request;
  auto& create = *request.mutable_create_request();
  create.set_key(prefix);
  create.set_range_end(end_of(prefix));
  create.set_start_revision(from);
  create.set_progress_notify(true);
  create.set_fragment(true);
  return request.SerializeAsString();
}

std::string sign_in_request(const std::string& user, std::string_view password) {
  wire::AuthenticateRequest request;
  request.set_name(user);
  request.set_password(password.data(), password.size());
  return request.SerializeAsString();
}

std::string compact_request(Revision revision) {
  wire::CompactionRequest request;
  request.set_revision(revision);
  return request.SerializeAsString();
}

Result<RangeReply> parse_range(const std::string& bytes) {
  TRY(auto message, parse<wire::RangeResponse>(bytes));
  RangeReply reply{.revision = message.header().revision(), .more = message.more(), .entries = {}};
  reply.entries.reserve(static_cast<std::size_t>(message.kvs_size()));
  for (const auto& kv : message.kvs()) reply.entries.push_back(entry_of(kv));
  return reply;
}

Result<TxnReply> parse_txn(const std::string& bytes) {
  TRY(auto message, parse<wire::TxnResponse>(bytes));
  TxnReply reply{.revision = message.header().revision(),
                 .done = message.succeeded(),
                 .unchanged = message.succeeded() && message.responses().empty(),
                 .found = {}};
  for (const auto& response : message.responses()) {
    if (reply.done && response.response_txn().succeeded()) reply.unchanged = true;
    for (const auto& kv : response.response_range().kvs()) reply.found.push_back(entry_of(kv));
  }
  return reply;
}

Result<Revision> parse_put(const std::string& bytes) {
  TRY(auto message, parse<wire::PutResponse>(bytes));
  return message.header().revision();
}

Result<WatchReply> parse_watch(const std::string& bytes) {
  TRY(auto message, parse<wire::WatchResponse>(bytes));
  WatchReply reply{.revision = message.header().revision(),
                   .compacted = message.compact_revision(),
                   .created = message.created(),
                   .ended = message.canceled(),
                   .more = message.fragment(),
                   .reason = message.cancel_reason(),
                   .events = {}};
  for (const auto& event : message.events()) {
    auto& made = reply.events.emplace_back();
    made.revision = event.kv().mod_revision();
    made.change.key = event.kv().key();
    if (event.type() == wire::Event::PUT) made.change.entry = entry_of(event.kv());
  }
  return reply;
}

Result<std::string> parse_token(const std::string& bytes) {
  TRY(auto message, parse<wire::AuthenticateResponse>(bytes));
  return message.token();
}

std::string add_request(const std::string& peer_url) {
  wire::MemberAddRequest request;
  request.add_peer_urls(peer_url);
  request.set_is_learner(true);
  return request.SerializeAsString();
}

std::string member_request(std::uint64_t id) {
  wire::MemberRequest request;
  request.set_id(id);
  return request.SerializeAsString();
}

std::string update_request(std::uint64_t id, const std::string& peer_url) {
  wire::MemberUpdateRequest request;
  request.set_id(id);
  request.add_peer_urls(peer_url);
  return request.SerializeAsString();
}

std::string disarm_request() {
  wire::AlarmRequest request;
  request.set_action(wire::AlarmRequest::DEACTIVATE);
  request.set_alarm(wire::AlarmRequest::NOSPACE);
  return request.SerializeAsString();
}

Result<ListedMember> parse_added(const std::string& bytes) {
  TRY(auto message, parse<wire::MemberAddResponse>(bytes));
  return listed(message.member());
}

Result<std::vector<ListedMember>> parse_members(const std::string& bytes) {
  TRY(auto message, parse<wire::MemberListResponse>(bytes));
  std::vector<ListedMember> all;
  for (const auto& member : message.members()) all.push_back(listed(member));
  return all;
}

Result<Health> parse_status(const std::string& bytes) {
  TRY(auto message, parse<wire::StatusResponse>(bytes));
  Health health;
  health.version = message.version();
  health.id = message.header().member_id();
  health.cluster = message.header().cluster_id();
  health.leader = message.leader();
  health.size.count = static_cast<std::uint64_t>(std::max<std::int64_t>(message.db_size(), 0));
  health.in_use.count =
      static_cast<std::uint64_t>(std::max<std::int64_t>(message.db_size_in_use(), 0));
  health.quota.count =
      static_cast<std::uint64_t>(std::max<std::int64_t>(message.db_size_quota(), 0));
  health.applied = static_cast<std::int64_t>(message.raft_applied_index());
  health.learner = message.is_learner();
  health.problem = fmt::format("{}", fmt::join(message.errors(), "; "));
  return health;
}

Result<Piece> parse_piece(const std::string& bytes) {
  TRY(auto message, parse<wire::SnapshotResponse>(bytes));
  return Piece{message.remaining_bytes(), message.blob()};
}

}  // namespace truce::etcd
