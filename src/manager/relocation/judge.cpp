#include "relocation/judge.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace truce::manager {
namespace {

using model::BootOutcome, model::Observed;

constexpr Duration stands_for = 5s;
constexpr std::int64_t most_resets = 3;
constexpr std::size_t last_lines = 8;

constexpr std::string_view about_firmware =
    "does it begin by the same firmware there (BIOS or UEFI), and is its first disk the one that "
    "it "
    "boots from?";
constexpr std::string_view about_loader =
    "do all of its disks come along, in their order, and does it boot from the first one there?";
constexpr std::string_view about_drivers =
    "its initramfs may lack the driver for what its disks hang on here: put it in before the move";
constexpr std::string_view about_end = "what its screen and its serial line said last tells more";

/// What stands on a screen or comes over a serial line of a machine that has not booted.
struct Sign {
  std::string_view text, words, advice;
};
constexpr std::array signs = {
    Sign{"No bootable device.", "its firmware found nothing to boot", about_firmware},
    Sign{"No bootable option or device was found", "its firmware found nothing to boot",
         about_firmware},
    Sign{"UEFI Interactive Shell", "its firmware found nothing to boot, and is in its shell",
         about_firmware},
    Sign{"Missing operating system", "its boot sector found no system", about_firmware},
    Sign{"Operating system not found", "its boot sector found no system", about_firmware},
    Sign{"Error loading operating system", "its boot sector could not load its system",
         about_loader},
    Sign{"Invalid partition table", "its boot sector could not load its system", about_loader},
    Sign{"BOOTMGR is missing", "its boot sector found no boot loader", about_loader},
    Sign{"NTLDR is missing", "its boot sector found no boot loader", about_loader},
    Sign{"grub rescue>", "its boot loader did not find its files", about_loader},
    Sign{"Kernel panic - not syncing", "its kernel panicked", about_drivers},
    Sign{"(initramfs)", "its initramfs did not find its disks", about_drivers},
    Sign{"Entering emergency mode", "its initramfs did not find its disks", about_drivers},
    Sign{"You are in emergency mode", "it came up in its emergency mode", about_drivers},
};

const Sign* sign_in(const model::GuestSigns& seen) {
  for (const auto& sign : signs)
    if (seen.serial.contains(sign.text) || seen.screen.contains(sign.text)) return &sign;
  return nullptr;
}

std::int64_t whole_seconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

std::vector<std::string> told_by_agent(const Glimpse& glimpse) {
  std::vector<std::string> lines;
  const auto& signs = glimpse.signs;
  if (!signs.host_name.empty()) lines.push_back("host name: " + signs.host_name);
  if (!signs.os.empty()) lines.push_back("system: " + signs.os);
  for (const auto& address : signs.addresses) lines.push_back("address: " + address);
  if (glimpse.services == "running") lines.emplace_back("services: all run");
  if (glimpse.services == "degraded")
    lines.push_back(
        fmt::format("services that failed: {}", fmt::join(glimpse.failed_services, ", ")));
  return lines;
}

Verdict verdict(const Glimpse& glimpse, BootOutcome outcome, std::string words,
                std::string_view advice = {}) {
  Verdict made;
  made.proof.outcome = outcome;
  made.proof.words = std::move(words);
  made.proof.seconds = whole_seconds(glimpse.since);
  made.advice = advice;
  return made;
}

}  // namespace

// `web01 login:`, and what kernels write behind it.
bool asks_for_login(std::string_view text) {
  for (std::size_t line = 0; line < last_lines && !text.empty();) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    auto begin = text.rfind('\n');
    auto one = begin == text.npos ? text : text.substr(begin + 1);
    text = begin == text.npos ? std::string_view() : text.substr(0, begin);
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (one.empty()) continue;
    ++line;
    auto first = one.substr(0, one.find(' '));
    if (first == "login:" || one.substr(first.size()).starts_with(" login:")) return true;
  }
  return false;
}

std::string Judge::unclear(const Glimpse& glimpse) const {
  if (picture_.empty()) return "it runs, and has no screen: whether it has booted cannot be told";
  auto still = whole_seconds(glimpse.since - changed_at_);
  auto since = whole_seconds(glimpse.since);
  return fmt::format(
      "it runs, and whether it has booted cannot be told: no agent and no login prompt within {} "
      "s; "
      "its screen {}",
      since, still > 10 ? fmt::format("has not changed for {} s", still) : "changes");
}

std::optional<Verdict> Judge::see_failure(const Glimpse& glimpse) {
  std::string words;
  std::string_view advice = about_end;
  const auto* sign = sign_in(glimpse.signs);
  if (glimpse.observed == Observed::paused) {
    words = "it stands still";
    if (!glimpse.problem.empty()) words += ": " + glimpse.problem;
  } else if (sign != nullptr) {
    words = fmt::format("{} ('{}')", sign->words, sign->text);
    advice = sign->advice;
  } else if (glimpse.signs.resets > most_resets) {
    words = fmt::format("it resets itself over and over: more than {} times", most_resets);
  }
  if (words != sign_) sign_since_ = glimpse.since;
  sign_ = words;
  if (words.empty() || glimpse.since - sign_since_ < stands_for) return std::nullopt;
  return verdict(glimpse, BootOutcome::failed, std::move(words), advice);
}

std::optional<Verdict> Judge::see(const Glimpse& glimpse) {
  if (glimpse.observed != Observed::running && glimpse.observed != Observed::paused) {
    auto words = glimpse.problem.empty() ? std::string("it powered itself off") : glimpse.problem;
    return verdict(glimpse, BootOutcome::failed, std::move(words), about_end);
  }
  const auto& signs = glimpse.signs;
  if (signs.picture != picture_) changed_at_ = glimpse.since;
  picture_ = signs.picture;
  bool late = glimpse.since >= limit_;
  bool settles = glimpse.services == "initializing" || glimpse.services == "starting";
  if (signs.agent && settles && !late) return std::nullopt;
  if (signs.agent) {
    auto booted = verdict(glimpse, BootOutcome::booted, "its guest agent answered");
    booted.proof.seen = told_by_agent(glimpse);
    return booted;
  }
  if (asks_for_login(signs.serial))
    return verdict(glimpse, BootOutcome::booted, "login prompt on its serial port");
  if (asks_for_login(signs.screen))
    return verdict(glimpse, BootOutcome::booted, "login prompt on its screen");
  if (auto failed = see_failure(glimpse)) return failed;
  if (!late) return std::nullopt;
  return verdict(glimpse, BootOutcome::unclear, unclear(glimpse));
}

}  // namespace truce::manager
