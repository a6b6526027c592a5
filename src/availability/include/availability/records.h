// What the store holds about nodes and machines, and the transactions on it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "availability/policy.h"

namespace truce::availability {

/// The clock of one node that goes on while it sleeps (CLOCK_BOOTTIME). Moments of two computers,
/// or of a node and a leader, mean nothing to each other: so each has a type of its own.
struct NodeClock {};
using NodeTime = std::chrono::time_point<NodeClock, std::chrono::microseconds>;
/// The clock of one leader (CLOCK_MONOTONIC).
struct LeaderClock {};
using LeaderTime = std::chrono::time_point<LeaderClock, std::chrono::microseconds>;

/// Of a key's last change, as the store counts commits; 0: there is no such key.
using Revision = std::int64_t;
/// Counts the lives of a node. One ends with a reboot, a fence or a missed deadline, and the next
/// begins when nothing protected of it runs or writes any more.
using Incarnation = std::uint64_t;
/// Counts the starts and moves of a machine: what has a lower one is an older copy.
using Epoch = std::uint64_t;

enum class NodeState : std::uint8_t { alive, fenced };

/// `node/<name>`: changes with a node's life only, so that it can be a condition of anything.
struct NodeRecord {
  Incarnation incarnation = 0;
  NodeState state = NodeState::fenced;
};

/// `beat/<name>`: changes with each heartbeat. Its revision is what leaders look at.
struct Beat {
  Incarnation incarnation = 0;
  NodeTime sent;  ///< by the node's clock: makes each differ from the one before, and nothing else
};

/// A node in one of its lives.
struct Owner {
  std::string node;
  Incarnation incarnation = 0;
  bool operator==(const Owner&) const = default;
};

enum class VmState : std::uint8_t {
  stopped,    ///< nobody runs it, and nobody may
  starting,   ///< its owner may begin to run it, by accept()
  running,    ///< its owner runs it
  migrating,  ///< its owner runs it, and its destination prepares
};

/// `vm/<name>`.
struct VmRecord {
  VmState state = VmState::stopped;
  std::optional<Owner> owner;        ///< absent when stopped
  std::optional<Owner> destination;  ///< while migrating
  Epoch epoch = 0;
  Policy policy;       ///< as it was at the start: the owner holds to that one
  bool wanted = true;  ///< whether it is to run
};

/// A value and when it was written.
template <class T>
struct Stored {
  T value;
  Revision modified = 0;
};

/// One linearizable read: all that the store held at one revision.
struct View {
  Revision revision = 0;
  std::map<std::string, Stored<NodeRecord>> nodes;  ///< by name, as the others
  std::map<std::string, Stored<Beat>> beats;
  std::map<std::string, Stored<VmRecord>> vms;
};

/// The value by that name, or null.
template <class T>
const Stored<T>* find(const std::map<std::string, Stored<T>>& all, const std::string& name) {
  auto found = all.find(name);
  return found == all.end() ? nullptr : &found->second;
}

std::string node_key(const std::string& node);
std::string beat_key(const std::string& node);
std::string vm_key(const std::string& vm);

/// Holds when the key's last change is `modified`; 0: when there is no such key.
struct Condition {
  std::string key;
  Revision modified = 0;
  bool operator==(const Condition&) const = default;
};
struct Write {
  std::string key;
  std::variant<NodeRecord, Beat, VmRecord> value;
};
/// All writes if all conditions hold, in one commit; else nothing. The same as a commit of `store`.
struct Transaction {
  std::vector<Condition> conditions;
  std::vector<Write> writes;
};

/// What is known of a transaction that was sent.
enum class Outcome : std::uint8_t {
  committed,
  conflict,  ///< a condition did not hold: it changed nothing, and never will
  unknown,   ///< no answer: it may have happened, or may still
};

}  // namespace truce::availability
