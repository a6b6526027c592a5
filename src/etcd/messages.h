// What is said to etcd and what it answers, as bytes. The only file that knows protobuf.
#pragma once

#include "etcd/membership.h"
#include "store/store.h"

namespace truce::etcd {

using store::Change;
using store::Condition;
using store::Entry;
using store::Revision;
using store::Write;

/// The first key behind all that begin with `prefix`, which is not only of bytes 255.
std::string end_of(std::string prefix);

/// A key that every commit of one kind writes: see commits.h.
struct Mark {
  std::string key;
  Revision modified = 0;  ///< what the commit demands of it
  std::string value;
};

std::string get_request(const std::string& key);
/// The first `limit` entries from `first` on and before `end`; of `revision`, 0: of now.
std::string list_request(const std::string& first, const std::string& end, std::int64_t limit,
                         Revision revision);
std::string put_request(const std::string& key, const std::string& value);
/// Writes what `writes` say, and the mark if that changes anything, if the conditions hold and the
/// mark is what it was; else reads what they speak of. Keys get `prefix`.
std::string commit_request(const std::string& prefix, const std::vector<Condition>& conditions,
                           const std::vector<Write>& writes, const Mark& mark);
/// Writes `mark`, and its text into the `others`, if it is what it was; else reads it.
std::string fence_request(const Mark& mark, const std::vector<std::string>& others = {});
/// All changes under `prefix` from a revision on.
std::string watch_request(const std::string& prefix, Revision from);
std::string sign_in_request(const std::string& user, std::string_view password);
std::string compact_request(Revision revision);

/// What parse_… answer when the bytes are not such a message: Code::corrupt.
struct RangeReply {
  Revision revision = 0;
  bool more = false;
  std::vector<Entry> entries;
};
Result<RangeReply> parse_range(const std::string& bytes);

struct TxnReply {
  Revision revision = 0;
  bool done = false;
  bool unchanged = false;    ///< done, and there was nothing to do: the mark is as it was
  std::vector<Entry> found;  ///< not done: what is present of the mark and the conditions' keys
};
Result<TxnReply> parse_txn(const std::string& bytes);
Result<Revision> parse_put(const std::string& bytes);

struct Event {
  Revision revision = 0;
  Change change;
};
struct WatchReply {
  Revision revision = 0;
  Revision compacted = 0;  ///< the watch has ended, as what came before this is gone
  bool created = false;
  bool ended = false;
  bool more = false;  ///< the last event's commit goes on in the next reply
  std::string reason;
  std::vector<Event> events;  ///< in their order
};
Result<WatchReply> parse_watch(const std::string& bytes);
Result<std::string> parse_token(const std::string& bytes);

// Of membership.

std::string add_request(const std::string& peer_url);
/// For MemberRemove, MemberPromote and MoveLeader, which say nothing else.
std::string member_request(std::uint64_t id);
std::string update_request(std::uint64_t id, const std::string& peer_url);
/// Ends every alarm of used up space.
std::string disarm_request();
Result<ListedMember> parse_added(const std::string& bytes);
Result<std::vector<ListedMember>> parse_members(const std::string& bytes);
Result<Health> parse_status(const std::string& bytes);

struct Piece {
  std::uint64_t remaining = 0;  ///< bytes that are still to come
  std::string bytes;
};
Result<Piece> parse_piece(const std::string& bytes);

}  // namespace truce::etcd
