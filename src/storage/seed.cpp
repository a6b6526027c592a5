#include "storage/seed.h"

#include <sys/stat.h>

#include <array>
#include <boost/json.hpp>

#include "base/file.h"
#include "base/process.h"
#include "base/random.h"
#include "base/revert.h"

namespace truce::storage {

namespace json = boost::json;

std::string meta_data(const SeedContent& content) {
  json::object object{{"instance-id", content.uuid}, {"local-hostname", content.host_name}};
  if (!content.ssh_keys.empty()) {
    object["public-keys"] = json::array(content.ssh_keys.begin(), content.ssh_keys.end());
  }
  return json::serialize(object) + "\n";
}

std::string user_data(const SeedContent& content) {
  // What cloud-init tells apart by the beginning; anything else it would ignore without a word.
  constexpr std::array<std::string_view, 7> known = {
      "#", "Content-Type:", "MIME-Version:", "From ", "\x1f\x8b", "content-type:", "mime-version:"};
  for (auto beginning : known) {
    if (content.user_data.starts_with(beginning)) return content.user_data;
  }
  return "#cloud-config\n" + content.user_data;
}

std::string network_config(const SeedContent& content) {
  json::object ethernets;
  for (const auto& mac : content.macs) {
    ethernets[fmt::format("nic{}", ethernets.size())] = {{"match", {{"macaddress", mac}}},
                                                         {"dhcp4", true}};
  }
  return json::serialize(json::object{{"version", 2}, {"ethernets", ethernets}}) + "\n";
}

namespace {

/// File names and what they hold.
using Files = std::vector<std::pair<std::string, std::string>>;

Async<Result<void>> write_iso(std::filesystem::path path, std::string label, Files files) {
  // A folder of our own beside it, closed to others from the start.
  auto work = path.parent_path() / (".seed-" + random_hex(8));
  CO_TRY_VOID(make_folder(work, 0700));
  Revert revert;
  revert.add([work] { static_cast<void>(remove_tree(work)); });
  CO_TRY_VOID(make_folder(work / "files"));
  for (const auto& [name, content] : files) {
    CO_TRY_VOID(write_file_durably(work / "files" / name, content, 0444));
  }
  auto made = work / "made.iso";
  Command command;
  command.argv = {
      "xorriso", "-as", "genisoimage", "-quiet",      "-rational-rock",         "-joliet",
      "-volid",  label, "-output",     made.string(), (work / "files").string()};
  auto ran = co_await run_checked(std::move(command), 30s);
  if (!ran) co_return std::unexpected(std::move(ran).error().within("make " + path.string()));
  std::error_code ec;
  std::filesystem::permissions(made, std::filesystem::perms(0600), ec);
  if (!ec) std::filesystem::rename(made, path, ec);
  if (ec) co_return fail_errno(ec.value(), "write " + path.string());
  co_return Result<void>();
}

}  // namespace

Async<Result<void>> write_seed(std::filesystem::path path, SeedContent content) {
  Files files = {{"meta-data", meta_data(content)}, {"user-data", user_data(content)}};
  if (!content.macs.empty()) files.emplace_back("network-config", network_config(content));
  co_return co_await write_iso(std::move(path), "cidata", std::move(files));
}

Async<Result<void>> write_answers(std::filesystem::path path, Installer installer,
                                  std::string content) {
  std::string name = "preseed.cfg";
  std::string label = "PRESEED";
  if (installer == Installer::windows) {
    name = "Autounattend.xml";
    label = "UNATTEND";
  } else if (installer == Installer::anaconda) {
    name = "ks.cfg";
    label = "OEMDRV";
  }
  Files files;
  files.emplace_back(std::move(name), std::move(content));
  co_return co_await write_iso(std::move(path), std::move(label), std::move(files));
}

}  // namespace truce::storage
