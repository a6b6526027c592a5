// What a host's instances say of machines and places, in the words of platform. Pure.
#pragma once

#include <map>
#include <set>

#include "platform/nouns.h"
#include "wsman.h"

namespace truce::hyperv {

/// A file of a disk, as the host's image service describes it.
struct DiskFile {
  Bytes size;          ///< what the guest sees
  std::string parent;  ///< the file that it is a difference to; empty: none
  bool thin = false;
};

/// The instances of a moment, by their classes' names.
struct Seen {
  std::map<std::string, Instances, std::less<>> classes;
  std::map<std::string, DiskFile, std::less<>> files;  ///< by path
  [[nodiscard]] const Instances& of(std::string_view class_name) const;
};

/// What is asked for: a class, and which of its properties; none: all.
struct Query {
  std::string_view scope, class_name, properties;
  bool optional = false;  ///< older releases do not have the class
  [[nodiscard]] std::string text() const;
};

/// What changes when a machine does: asked for often.
const std::vector<Query>& watched();
/// All that picture() reads, watched() besides.
const std::vector<Query>& described();

/// Files of the disks of machines, and whose they are.
std::map<std::string, std::string> disk_files(const Seen& seen);
/// Machines that are now what they were not, by what is watched.
std::set<std::string> changed_machines(const Seen& before, const Seen& seen);

/// The machines that have gone, or come, between two queries: there is one without its settings.
bool is_torn(const Seen& seen);

/// All that there is. `host`: its id; `name` and `release`: how it is called.
platform::Update picture(const Seen& seen, const std::string& host, const std::string& name,
                         const std::string& release);

/// What a setting is of: a machine as it is, or a snapshot that somebody has taken.
bool is_of_machine(const Instance& setting);
bool is_of_snapshot(const Instance& setting);
/// Whether a guest's integration services answer.
bool answers(const Instance& shutdown_component);

/// Whether it is a disk in a file, whosever it is; and how that is called in its machine.
bool is_disk(const Instance& storage);
std::string disk_id(const Instance& storage);

/// The GUID that an InstanceID begins with (`Microsoft:GUID\…`): of a machine, or of a snapshot.
/// Empty: of neither, as those of definitions.
std::string owner_of(std::string_view instance_id);
model::Observed read_state(std::int64_t enabled_state);

}  // namespace truce::hyperv
