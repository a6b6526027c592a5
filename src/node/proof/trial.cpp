#include "proof/trial.h"

#include <algorithm>

#include "base/file.h"
#include "base/log.h"
#include "image/create.h"

namespace truce::node {
namespace {

constexpr std::uint64_t sector = 512;
constexpr Duration look_limit = 5s;

Result<void> put_above(hypervisor::DiskFile& disk, Bytes size,
                       const std::filesystem::path& folder) {
  if (disk.encrypted > 0)
    return fail(Code::unsupported, "{} is encrypted: such disks are not tried out", disk.id);
  auto above = folder / (disk.id + ".qcow2");
  image::BuildOptions options{.size = (size.count + sector - 1) / sector * sector};
  options.options = {{"backing_file", disk.path.string()}, {"backing_format", disk.format}};
  TRY_VOID(image::create_disk(above, *image::find_format("qcow2"), std::move(options)));
  disk.backing.insert(disk.backing.begin(), disk.path);
  disk.path = std::move(above);
  disk.format = "qcow2";
  disk.throw_away = true;
  return {};
}

// Past an escape sequence (ECMA-48 5.4); whether it moves what is written next to another line.
bool skip_escape(std::string_view& rest) {
  auto take = [&rest] {
    char letter = rest.empty() ? '\0' : rest.front();
    if (!rest.empty()) rest.remove_prefix(1);
    return letter;
  };
  char kind = take();
  if (kind != '[') {
    if (kind == '(' || kind == ')' || kind == '#') take();
    return false;
  }
  while (!rest.empty()) {
    char letter = take();
    if (letter >= 0x40 && letter <= 0x7e) return letter == 'H' || letter == 'f' || letter == 'J';
  }
  return false;
}

}  // namespace

Result<void> make_trial(hypervisor::Machine& machine, const std::vector<model::VmDisk>& disks) {
  TRY_VOID(remove_trial(machine.folder));
  auto folder = machine.folder / trial_folder;
  TRY_VOID(make_folder(folder, 0711));
  for (auto& disk : machine.disks) {
    if (disk.read_only || disk.cdrom) continue;
    auto known = std::ranges::find(disks, disk.id, &model::VmDisk::id);
    if (known == disks.end()) return fail(Code::internal, "how large {} is was not said", disk.id);
    TRY_VOID(put_above(disk, known->size, folder));
  }
  machine.folder = std::move(folder);
  return {};
}

Result<void> remove_trial(const std::filesystem::path& home) {
  return remove_tree(home / trial_folder);
}

void sweep_trial(const std::filesystem::path& home) {
  if (auto swept = remove_trial(home); !swept) spdlog::warn("{}", swept.error().message);
}

hypervisor::Port isolated_port(const model::VmNic& nic) {
  hypervisor::Port port;
  port.mac = nic.mac;
  port.number = static_cast<int>(nic.number);
  port.port = static_cast<int>(nic.port);
  port.user_mode = port.isolated = true;
  return port;
}

std::string plain_text(std::string_view output) {
  std::string text;
  auto new_line = [&text] {
    if (!text.empty() && text.back() != '\n') text.push_back('\n');
  };
  while (!output.empty()) {
    char letter = output.front();
    output.remove_prefix(1);
    if (letter == '\x1b') {
      if (skip_escape(output)) new_line();
    } else if (letter == '\n' || letter == '\r') {
      new_line();
    } else if (letter >= 0x20 && letter < 0x7f) {
      text.push_back(letter);
    } else if (letter == '\t') {
      text.push_back(' ');
    }
  }
  return text;
}

Async<model::GuestSigns> signs_of(hypervisor::Hypervisor& hypervisor, std::string uuid,
                                  std::string serial, std::int64_t resets) {
  model::GuestSigns signs;
  signs.serial = plain_text(serial);
  signs.resets = resets;
  if (auto* agent = hypervisor.guest_agent()) {
    auto who = co_await agent->identity(uuid);
    signs.agent = who.has_value();
    if (who) signs.host_name = who->host_name;
    if (who) signs.os = who->os;
    auto addresses = signs.agent ? co_await agent->addresses(uuid)
                                 : Result<std::vector<std::string>>(std::vector<std::string>());
    if (addresses) signs.addresses = *std::move(addresses);
  }
  auto text = co_await within(look_limit, hypervisor.screen_text(uuid), "screen");
  if (text) signs.screen = *std::move(text);
  auto picture = co_await within(look_limit, hypervisor.screenshot(uuid), "screenshot");
  if (picture) signs.picture = fmt::format("{:016x}", std::hash<std::string>()(*picture));
  co_return signs;
}

}  // namespace truce::node
