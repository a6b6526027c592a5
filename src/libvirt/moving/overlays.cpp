// Machines that leave while they run. What they write after a moment goes into overlays beside
// their disks (libvirt's snapshots of disks alone), so that what is under those stands still and is
// read as the files that it is; at the end overlays are committed into the disks.
#include <charconv>
#include <thread>

#include "base/revert.h"
#include "image/image.h"
#include "moving/chain.h"
#include "moving/transfers.h"
#include "volumes.h"

namespace truce::libvirt {

using namespace platform;

namespace {

constexpr auto longest_wait = 10min;
constexpr auto look_again = std::chrono::milliseconds(100);
constexpr int most_moments = 16;

/// `FILE.MOVE-3` is what FILE got after the third moment of a move.
struct Stacked {
  std::string base;
  int moment = 0;  ///< 0: no overlay
};

std::string overlay_of(const std::string& base, const std::string& move, int moment) {
  return fmt::format("{}.{}-{}", base, move, moment);
}

Stacked stacked(const std::string& file, const std::string& move) {
  auto mark = fmt::format(".{}-", move);
  auto at = file.rfind(mark);
  if (at == file.npos) return {file};
  const char* end = file.data() + file.size();
  Stacked found{file.substr(0, at)};
  auto read = std::from_chars(file.data() + at + mark.size(), end, found.moment);
  bool whole = read.ec == std::errc() && read.ptr == end && found.moment > 0;
  return whole ? found : Stacked{file};
}

/// A machine, whatever it does.
struct Seen {
  Domain domain;
  int state = VIR_DOMAIN_NOSTATE;
  DomainDocument document;
  [[nodiscard]] bool off() const { return state == VIR_DOMAIN_SHUTOFF; }
  [[nodiscard]] bool keeps(const Disk& disk) const {
    return std::ranges::find(document.keeps, disk.id) != document.keeps.end();
  }
};

Result<Seen> see(Connection& on, const std::string& machine) {
  TRY(auto domain, on.find(machine));
  const auto& lib = on.lib();
  int state = VIR_DOMAIN_NOSTATE;
  if (lib.virDomainGetState(domain.get(), &state, nullptr, 0) != 0) return failed(lib, machine);
  auto xml = take_text(lib.virDomainGetXMLDesc(domain.get(), 0));
  if (xml.empty()) return failed(lib, "the definition");
  TRY(auto document, read_domain(xml, {}));
  return Seen{std::move(domain), state, std::move(document)};
}

// --- beginning
// ----------------------------------------------------------------------------------

Result<void> check_can_be_held(Connection& on, const std::string& machine) {
  TRY(auto seen, see(on, machine));
  if (on.lib().virDomainIsPersistent(seen.domain.get()) != 1)
    return fail(Code::unsupported, "nothing defines it: it is gone when it is shut down");
  for (const auto& disk : seen.document.machine.disks) {
    TRY(auto volume, volume_or_refresh(on, disk.file));
    TRY(auto document, describe(on, volume.get()));
    if (document.kind == "file" && disk.file.starts_with('/')) continue;
    return fail(Code::unsupported,
                "disk {} ({}) is no file in a folder: shut the machine down, and move it without "
                "--warm",
                disk.id, disk.file);
  }
  return {};
}

std::map<std::string, std::string> overlays_of(const Seen& seen, const std::string& move,
                                               int moment) {
  std::map<std::string, std::string> files;
  for (const auto& disk : seen.document.machine.disks) {
    auto& file = files[disk.id];
    if (!seen.keeps(disk)) file = overlay_of(stacked(disk.file, move).base, move, moment);
  }
  return files;
}

Result<void> hold(Connection& on, const std::string& machine, const std::string& move, int moment) {
  TRY(auto seen, see(on, machine));
  auto has_begun = [&](const Disk& disk) {
    return seen.keeps(disk) || stacked(disk.file, move).moment >= moment;
  };
  if (std::ranges::all_of(seen.document.machine.disks, has_begun)) return {};
  if (seen.off()) return fail(Code::precondition, "{} does not run", machine);
  auto xml = overlays_xml(overlays_of(seen, move, moment));
  const auto& lib = on.lib();
  constexpr unsigned flags = VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY |
                             VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA |
                             VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC;
  DomainSnapshot made(lib.virDomainSnapshotCreateXML(seen.domain.get(), xml.c_str(), flags),
                      lib.virDomainSnapshotFree);
  if (!made) return failed(lib, "overlays over its disks");
  return {};
}

// --- reading
// ------------------------------------------------------------------------------------

/// The file that was written between two moments, and what it is.
struct Part {
  std::string file, format;
  bool unchanged = false;  ///< there is none: the disk is only read
};

Result<std::string> format_under(const Lane& lane, const std::string& overlay) {
  VolumeNeighbours first(lane, {}, std::make_shared<std::string>());
  TRY(auto file, first.open_volume(overlay));
  TRY(auto top, image::open(std::move(file), {.external = image::External::ignore}, "qcow2"));
  const auto& references = top->description().references;
  if (references.empty() || references.front().format.empty())
    return fail(Code::corrupt, "{} does not say what is under it", overlay);
  return references.front().format;
}

Result<Part> find_part(const Lane& lane, const std::string& machine, const std::string& disk,
                       const std::string& move, int since) {
  struct There {
    Disk disk;
    bool kept = false, off = false;
  };
  auto look = [&](Connection& on, const std::atomic<bool>&) -> Result<There> {
    TRY(auto seen, see(on, machine));
    auto found = std::ranges::find(seen.document.machine.disks, disk, &Disk::id);
    if (found == seen.document.machine.disks.end())
      return fail(Code::not_found, "the machine has no disk {}", disk);
    return There{*found, seen.keeps(*found), seen.off()};
  };
  TRY(auto there, lane.ask<There>(look, longest_question));
  auto stack = stacked(there.disk.file, move);
  if (there.kept) return Part{there.disk.file, there.disk.format, since > 0};
  if (stack.moment < since)
    return fail(Code::conflict, "disk {} is not over {} any more: somebody has changed it", disk,
                overlay_of(stack.base, move, since));
  if (stack.moment == since && !there.off) return fail(Code::unavailable, "it is not off");
  if (since > 0) return Part{overlay_of(stack.base, move, since), "qcow2"};
  if (stack.moment == 0) return Part{there.disk.file, there.disk.format};
  TRY(auto format, format_under(lane, overlay_of(stack.base, move, 1)));
  return Part{stack.base, std::move(format)};
}

Result<std::vector<Range>> held_in(image::Image& top, const std::atomic<bool>& cancelled) {
  auto* layer = top.layer();
  if (layer == nullptr) return fail(Code::internal, "an overlay that is no layer");
  std::vector<Range> ranges;
  for (std::uint64_t at = 0; at < top.size();) {
    if (cancelled) return fail(Code::cancelled, "cancelled");
    TRY(auto held, layer->held(at, top.size() - at));
    bool joins = !ranges.empty() && ranges.back().start + ranges.back().length == at;
    if (held.here && joins) ranges.back().length += held.length;
    if (held.here && !joins) ranges.push_back({at, held.length});
    at += held.length;
  }
  return ranges;
}

// --- ending
// -------------------------------------------------------------------------------------

/// Until libvirt says that nothing is left but to turn over, and that is done.
Result<void> commit(Connection& on, virDomain* domain, const Disk& disk, const std::string& base) {
  const auto& lib = on.lib();
  const auto* name = disk.id.c_str();
  virDomainBlockJobInfo job{};
  int jobs = lib.virDomainGetBlockJobInfo(domain, name, &job, 0);
  if (jobs < 0) return failed(lib, disk.id);
  // One that runs is of an earlier try.
  if (jobs == 0 && lib.virDomainBlockCommit(domain, name, base.c_str(), nullptr, 0,
                                            VIR_DOMAIN_BLOCK_COMMIT_ACTIVE) != 0)
    return failed(lib, disk.id);
  auto until = std::chrono::steady_clock::now() + longest_wait;
  while (lib.virDomainBlockJobAbort(domain, name, VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT) != 0) {
    if (!last_is(lib, VIR_ERR_BLOCK_COPY_ACTIVE)) return failed(lib, disk.id);
    if (std::chrono::steady_clock::now() > until)
      return fail(Code::timeout, "disk {}: its overlay is still being committed", disk.id);
    std::this_thread::sleep_for(look_again);
  }
  return {};
}

Result<void> commit_all(Connection& on, const Seen& seen, const std::string& move) {
  for (const auto& disk : seen.document.machine.disks) {
    auto stack = stacked(disk.file, move);
    if (stack.moment == 0) continue;
    auto done = commit(on, seen.domain.get(), disk, stack.base);
    if (!done) return done;
  }
  return {};
}

Result<void> remove_overlays(Connection& on, const std::string& base, const std::string& move) {
  for (int moment = 1; moment <= most_moments; ++moment) {
    auto file = overlay_of(base, move, moment);
    auto volume = volume_of(on, file);
    if (volume && on.lib().virStorageVolDelete(volume.get(), 0) != 0) return failed(on.lib(), file);
  }
  return {};
}

/// Disks of a machine that is off are put together as those of one that runs: it does, without its
/// processors, and ends with the connection.
Result<void> put_together(Connection& on, const Seen& seen, const std::string& move) {
  if (!seen.off()) return commit_all(on, seen, move);
  const auto& lib = on.lib();
  constexpr unsigned flags = VIR_DOMAIN_START_PAUSED | VIR_DOMAIN_START_AUTODESTROY;
  if (lib.virDomainCreateWithFlags(seen.domain.get(), flags) != 0)
    return failed(lib, "start it without its processors");
  Revert revert;
  revert.add([&] { lib.virDomainDestroy(seen.domain.get()); });
  TRY_VOID(commit_all(on, seen, move));
  revert.success();
  if (lib.virDomainDestroy(seen.domain.get()) != 0) return failed(lib, "end it again");
  return {};
}

Result<void> let_go(Connection& on, const std::string& machine, const std::string& move) {
  TRY(auto seen, see(on, machine));
  auto is_over = [&](const Disk& disk) { return stacked(disk.file, move).moment > 0; };
  if (std::ranges::any_of(seen.document.machine.disks, is_over))
    TRY_VOID(put_together(on, seen, move));
  for (const auto& disk : seen.document.machine.disks) {
    auto base = stacked(disk.file, move).base;
    // What is beside it is a volume once its pool has looked.
    TRY_VOID(refresh_pool_of(on, base));
    TRY_VOID(remove_overlays(on, base, move));
  }
  return {};
}

class OverlayDeparture final : public WarmDeparture {
 public:
  OverlayDeparture(Link& link, std::string machine, std::string move)
      : link_(link),
        lines_(link.new_lines(most_ranges)),
        machine_(std::move(machine)),
        move_(std::move(move)) {}

  Async<Result<void>> hold(int moment) override {
    return link_.call<void>(
        [machine = machine_, move = move_, moment](Connection& on) {
          return libvirt::hold(on, machine, move, moment);
        },
        longest_question);
  }
  Async<Result<void>> let_go() override {
    return link_.call<void>([machine = machine_, move = move_](
                                Connection& on) { return libvirt::let_go(on, machine, move); },
                            longest_wait);
  }
  // On a thread, perhaps when the platform is gone: by lines of its own.
  Result<OpenDisk> open(const std::string& disk, int since,
                        const std::atomic<bool>& cancelled) override {
    auto lane = new_lane(lines_, &cancelled);
    TRY(auto part, find_part(lane, machine_, disk, move_, since));
    TRY(auto opened, open_image(lane, part.file, part.format));
    OpenDisk there{std::move(opened.image), std::move(opened.version), {}};
    if (part.unchanged) there.changed.emplace();
    if (since > 0 && !part.unchanged) {
      TRY(there.changed, held_in(*there.image, cancelled));
    }
    return there;
  }

 private:
  Link& link_;
  std::shared_ptr<Lines> lines_;
  std::string machine_, move_;
};

}  // namespace

Async<Result<std::unique_ptr<WarmDeparture>>> Movers::depart_warm(std::string machine,
                                                                  std::string move) {
  CO_TRY_VOID(co_await link_.call<void>(
      [machine](Connection& on) { return check_can_be_held(on, machine); }, longest_question));
  co_return std::make_unique<OverlayDeparture>(link_, std::move(machine), std::move(move));
}

}  // namespace truce::libvirt
