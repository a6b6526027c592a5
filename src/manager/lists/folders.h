// Where kinds of objects are in the store.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "model/model.h"

namespace truce::manager {

/// The folder of the store that a kind lives in, which is also its path in the API.
template <class T>
inline constexpr std::string_view folder_of = {};
template <>
inline constexpr std::string_view folder_of<model::Vm> = "vms";
template <>
inline constexpr std::string_view folder_of<model::Template> = "templates";
template <>
inline constexpr std::string_view folder_of<model::Network> = "networks";
template <>
inline constexpr std::string_view folder_of<model::SecurityGroup> = "security-groups";
template <>
inline constexpr std::string_view folder_of<model::Pool> = "pools";
// A pool as each host has it, by POOL/HOST: the inventory shows it as part of its pool.
template <>
inline constexpr std::string_view folder_of<model::PoolPlace> = "pool-places";
template <>
inline constexpr std::string_view folder_of<model::Host> = "hosts";
template <>
inline constexpr std::string_view folder_of<model::Task> = "tasks";
template <>
inline constexpr std::string_view folder_of<model::Event> = "events";
template <>
inline constexpr std::string_view folder_of<model::Token> = "tokens";
template <>
inline constexpr std::string_view folder_of<model::User> = "users";
template <>
inline constexpr std::string_view folder_of<model::Session> = "sessions";
template <>
inline constexpr std::string_view folder_of<model::Alarm> = "alarms";
template <>
inline constexpr std::string_view folder_of<model::AlarmTargets> = "alarm-targets";
template <>
inline constexpr std::string_view folder_of<model::AlarmReceivers> = "alarm-receivers";
template <>
inline constexpr std::string_view folder_of<model::AlarmMessage> = "alarm-messages";
template <>
inline constexpr std::string_view folder_of<model::Job> = "jobs";
template <>
inline constexpr std::string_view folder_of<model::Upload> = "uploads";
template <>
inline constexpr std::string_view folder_of<model::ConflictClass> = "conflict-classes";
template <>
inline constexpr std::string_view folder_of<model::ResourcePool> = "resource-pools";
template <>
inline constexpr std::string_view folder_of<model::Rule> = "rules";
template <>
inline constexpr std::string_view folder_of<model::Plan> = "plans";
template <>
inline constexpr std::string_view folder_of<model::Cluster> = "clusters";
template <>
inline constexpr std::string_view folder_of<model::JoinToken> = "join-tokens";
template <>
inline constexpr std::string_view folder_of<model::Platform> = "platforms";
template <>
inline constexpr std::string_view folder_of<model::Relocation> = "relocations";
// Who lives and who may run what: `availability` says what these are. Heartbeats are not here:
// there are too many of them.
template <>
inline constexpr std::string_view folder_of<model::NodeLife> = "node";
template <>
inline constexpr std::string_view folder_of<model::VmTenancy> = "vm";

/// What one of a kind is called.
template <class T>
inline constexpr std::string_view noun_of = folder_of<T>.substr(0, folder_of<T>.size() - 1);
template <>
inline constexpr std::string_view noun_of<model::ConflictClass> = "conflict class";
template <>
inline constexpr std::string_view noun_of<model::ResourcePool> = "resource pool";
template <>
inline constexpr std::string_view noun_of<model::JoinToken> = "join token";

/// The key of the object `name` of a kind.
template <class T>
std::string key_of(std::string_view name) {
  return fmt::format("{}/{}", folder_of<T>, name);
}

}  // namespace truce::manager
