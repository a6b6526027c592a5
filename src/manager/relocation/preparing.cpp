#include "relocation/preparing.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>

#include "base/log.h"
#include "base/random.h"
#include "base/user.h"
#include "image/formats.h"
#include "relocation/trip.h"
#include "tasks.h"

namespace truce::manager {

namespace fs = std::filesystem;
namespace json = boost::json;

namespace {

// It has room for an appliance of libguestfs, some 400 MB, and for what is changed.
constexpr auto folders = "/var/tmp";
std::string beginning(const std::string& owner) {
  return "truce-guest-" + owner + "-";
}
constexpr auto longest = 30min;

Result<void> give(const fs::path& path, const std::optional<std::pair<uid_t, gid_t>>& user) {
  if (!user || ::chown(path.c_str(), user->first, user->second) == 0) return {};
  return fail_errno(errno, path.string());
}

// Names in it are the guest's: not to be trusted.
std::string plain(std::string_view text) {
  constexpr std::size_t longest_text = 300;
  std::string line(text.substr(0, longest_text));
  std::ranges::replace_if(line, [](char c) { return c < ' ' || c > '~'; }, '?');
  return line;
}

std::vector<std::string> texts_in(const json::object& object, std::string_view name) {
  std::vector<std::string> texts;
  const auto* list = object.if_contains(name);
  if (list == nullptr || !list->is_array()) return texts;
  for (const auto& one : list->get_array())
    if (one.is_string()) texts.push_back(plain(one.get_string()));
  return texts;
}

}  // namespace

Result<std::shared_ptr<LentDisks>> LentDisks::lend(std::vector<Fd> disks,
                                                   std::optional<std::pair<uid_t, gid_t>> user,
                                                   const std::string& owner) {
  auto pattern = fmt::format("{}/{}XXXXXX", folders, beginning(owner));
  if (::mkdtemp(pattern.data()) == nullptr) return fail_errno(errno, pattern);
  std::shared_ptr<LentDisks> lent(new LentDisks(pattern, user));
  TRY_VOID(give(pattern, user));
  for (auto& disk : disks) TRY_VOID(lent->add(std::move(disk)));
  return lent;
}

void LentDisks::sweep(const std::string& owner) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folders, error)) {
    if (!entry.path().filename().string().starts_with(beginning(owner))) continue;
    if (auto removed = remove_tree(entry.path()); !removed)
      spdlog::warn("{} is left: {}", entry.path().string(), removed.error().message);
  }
}

std::string owner_of_lent(const fs::path& folder) {
  constexpr std::size_t digits = 12;
  return sha256_hex(folder.string()).substr(0, digits);
}

LentDisks::~LentDisks() {
  servers_.clear();
  if (auto removed = remove_tree(folder_); !removed)
    spdlog::warn("{} is left: {}", folder_.string(), removed.error().message);
}

fs::path LentDisks::socket(std::size_t disk) const {
  return folder_ / fmt::format("disk{}.sock", disk);
}

Result<void> LentDisks::add(Fd disk) {
  TRY(auto file, image::NbdFile::adopt(std::move(disk), "",
                                       {.access = image::NbdFileOptions::Access::read_write}));
  TRY(auto image, image::open(file, {.read_write = true}, "raw"));
  image::nbd::ServeOptions options;
  options.exports.push_back({.name = "",
                             .description = {},
                             .image = std::move(image),
                             .access = image::nbd::ExportOptions::Access::read_write});
  options.socket = socket(servers_.size());
  options.report = [](std::string_view line) { spdlog::info("a disk that is lent: {}", line); };
  TRY(auto server, image::nbd::Server::start(std::move(options)));
  TRY_VOID(give(socket(servers_.size()), user_));
  servers_.push_back(std::move(server));
  return {};
}

Command LentDisks::command(const fs::path& program, const std::vector<std::string>& macs) const {
  Command command;
  // It ends when we do.
  command.argv = {"setpriv", "--pdeathsig", "KILL", program,  "image",
                  "prepare", "--format",    "json", "--quiet"};
  for (std::size_t at = 0; at < servers_.size(); ++at) {
    if (at > 0) command.argv.emplace_back("--disk");
    command.argv.push_back("nbd+unix:///?socket=" + socket(at).string());
  }
  for (const auto& mac : macs) {
    command.argv.emplace_back("--card");
    command.argv.push_back(mac);
  }
  for (const auto* name : {"HOME", "TMPDIR", "LIBGUESTFS_CACHEDIR"})
    command.environment.emplace_back(name, folder_.string());
  // Where a host has no kernel of its own that libguestfs could start.
  for (const auto* name : {"SUPERMIN_KERNEL", "SUPERMIN_MODULES"})
    if (const auto* value = std::getenv(name)) command.environment.emplace_back(name, value);
  command.user = user_;
  command.own.network = command.own.processes = user_.has_value();
  command.folder = folder_;
  return command;
}

Result<void> LentDisks::take_back() {
  Result<void> done;
  for (auto& server : servers_)
    if (auto stopped = server->stop(); !stopped && done) done = std::move(stopped);
  servers_.clear();
  return done;
}

Result<GuestChanges> read_changes(const std::string& text) {
  boost::system::error_code error;
  auto value = json::parse(text, error);
  if (error || !value.is_object())
    return fail(Code::corrupt, "what was changed in the guest is not told");
  const auto& object = value.get_object();
  GuestChanges changes{{}, texts_in(object, "changed"), texts_in(object, "left")};
  if (const auto* guest = object.if_contains("guest"); guest != nullptr && guest->is_string())
    changes.guest = plain(guest->get_string());
  return changes;
}

// While the program works nobody knows what of its disks is written: so that it has begun is in the
// store before, and who finds that there brings all of them again.
Async<Result<void>> Relocations::convert(Trip& trip, Move move) {
  if (move.converting) {
    co_await note(move, "its guest was being changed: its disks are copied again", 0);
    trip.got_on();
    co_return co_await change(move.name, [&](Change& change, Move now) -> Result<void> {
      now.converting = false;
      now.phase = model::RelocationPhase::copy;
      for (auto& disk : now.disks) {
        disk.done = {};
        disk.version.clear();
      }
      change.put(now);
      return {};
    });
  }
  // Each takes a gigabyte of memory of the manager's host.
  auto turn = take_turn({"guests"});
  if (!turn) {
    co_await note(move, "waits for others that are being moved", 0);
    trip.got_on();
    co_await sleep_for(1s);
    co_return Result<void>();
  }
  CO_TRY(auto changes, co_await change_guest(trip, move));
  co_return co_await change(move.name, [&](Change& change, Move now) -> Result<void> {
    now.converting = false;
    now.phase = now.options.prove ? model::RelocationPhase::prove : model::RelocationPhase::finish;
    change.put(now);
    auto kept = ledger_.inventory().find<model::Task>(now.name);
    if (!kept) return {};
    auto task = kept->object;
    if (changes.changed.empty())
      note_step(task, changes.guest + ": nothing had to be changed in it", 1);
    for (const auto& line : changes.changed) note_step(task, "guest: " + line, 1);
    for (const auto& line : changes.left) note_step(task, "guest, left: " + line, 1);
    change.put(task);
    return {};
  });
}

Async<Result<GuestChanges>> Relocations::change_guest(Trip& trip, Move move) {
  auto vm = ledger_.inventory().vm_by_uuid(move.vm);
  if (!vm) co_return fail(Code::precondition, "the machine here was deleted");
  if (settings_.guest_program.empty())
    co_return fail(Code::unsupported, "this manager has no program that changes guests");
  std::vector<std::string> macs;
  for (const auto& nic : vm->object.nics) macs.push_back(nic.mac);
  auto disks = std::make_shared<std::vector<Fd>>();
  for (const auto& disk : move.disks) {
    CO_TRY(auto ours, co_await open_disk(move, disk.id, true));
    disks->push_back(std::move(ours));
  }
  auto user = user_apart(settings_.uid_base + static_cast<uid_t>(vm->object.number), true);
  auto owner = owner_of_lent(settings_.platforms_folder);
  CO_TRY(auto lent, co_await run_blocking(threads_, [disks, user, owner] {
           return LentDisks::lend(std::move(*disks), user, owner);
         }));
  CO_TRY_VOID(co_await change(move.name, [&](Change& change, Move now) -> Result<void> {
    now.converting = true;
    change.put(now);
    return {};
  }));
  co_await note(move, "its guest is looked into, and changed where it has to be", 1);
  auto first = co_await (truce::run(lent->command(settings_.guest_program, macs), longest) ||
                         until_called_off(trip, move));
  if (first.index() == 1) co_return fail(Code::cancelled, "called off");
  CO_TRY(auto ended, std::get<0>(std::move(first)));
  CO_TRY_VOID(co_await run_blocking(threads_, [lent] { return lent->take_back(); }));
  trip.got_on();
  if (ended.status.success()) co_return read_changes(ended.out);
  std::string_view said(ended.err);
  said = said.substr(0, said.find_last_not_of('\n') + 1);
  co_return fail(Code::unsupported,
                 "its guest could not be changed: {}. Leave --prepare out to move it as it is",
                 said.empty() ? to_string(ended.status) : plain(said.substr(said.rfind('\n') + 1)));
}

Async<void> Relocations::until_called_off(Trip& trip, Move move) {
  auto& inventory = ledger_.inventory();
  while (true) {
    auto kept = inventory.find<Move>(move.name);
    if (!kept || kept->object.cancelled) co_return;
    trip.got_on();
    auto seen = inventory.revision();
    co_await (inventory.changed_since(seen) || sleep_for(5s));
  }
}

}  // namespace truce::manager
