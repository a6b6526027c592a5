// What a machine is on the other side, and what of it changes and is lost. Pure.
#pragma once

#include <functional>

#include "model/model.h"
#include "platform/inventory.h"
#include "platform/transfers.h"

namespace truce::manager {

/// A card of a machine that comes.
struct CardHere {
  std::string mac;
  std::string network;  ///< here
};

/// A machine of a platform as it would be here.
struct ToHere {
  model::VmCreate wish;  ///< without disks and cards
  std::string uuid;      ///< that its guest knows; empty: not told
  std::vector<model::RelocatedDisk> disks;
  std::vector<CardHere> cards;
  model::MoveReport report;
};

/// Code::precondition or Code::unsupported when it cannot come; Code::invalid with the field of
/// MoveOptions. `networks`: names of those that are here.
Result<ToHere> to_here(const platform::Inventory& all, const platform::Machine& machine,
                       const model::MoveOptions& options, const std::vector<std::string>& networks);

/// A machine of ours as it would be on a platform.
struct ToThere {
  platform::NewMachine machine;
  std::vector<model::RelocatedDisk> disks;  ///< `theirs` is the number of the disk
  model::MoveReport report;
};

/// The same for the other direction. `task` is told in the new machine's description: by that, and
/// its uuid, what a move has left is known again.
Result<ToThere> to_there(const model::Vm& vm, const model::MoveOptions& options,
                         const platform::Inventory& all, const std::string& task,
                         platform::Transfers::Devices devices);

/// A machine of a platform as a machine of ours would be, to go to another platform: it never is
/// one.
struct Between {
  model::Vm vm;
  std::vector<std::string> disks;  ///< ids there
  model::MoveReport report;        ///< what is changed and lost
};
Result<Between> as_ours(const platform::Inventory& all, const platform::Machine& machine);

/// Code::conflict when a machine of that name is there, or of that uuid where machines are known by
/// it.
Result<void> check_name_there(const platform::Inventory& all, const std::string& name,
                              const std::string& uuid);

/// Whether a machine on a platform is what such a move of ours makes there.
bool is_made_by(const model::Vm& vm, const model::MoveOptions& options, const std::string& task,
                const platform::Machine& there);

}  // namespace truce::manager
