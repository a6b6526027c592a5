// `truce image prepare`. libguestfs starts a QEMU, so it is not confined as other verbs are.
#include "guest/prepare.h"

#include <boost/json.hpp>

#include "guest/copies.h"
#include "images/verbs.h"
#include "terminal.h"
#include "text_formats.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

void tell_stage(const Invocation& invocation, std::string_view what) {
  if (!invocation.quiet) print(fmt::format("{}\n", what), Channel::errors);
}

void tell(const Invocation& invocation, const std::string& name, const guest::Prepared& done) {
  if (invocation.style != Style::table)
    return print_object(
        json::object{{"guest", name}, {"changed", lines(done.changed)}, {"left", lines(done.left)}},
        invocation.style);
  print(printable(name) + (done.changed.empty() ? ": nothing had to be changed\n" : "\n"));
  for (const auto& line : done.changed) print("changed: " + printable(line) + "\n");
  for (const auto& line : done.left) print("left: " + printable(line) + "\n");
}

/// In copies, which are gone if it fails.
Result<guest::Prepared> prepare_in(const std::vector<guest::DiskFile>& files,
                                   const guest::Order& order, std::string& name) {
  TRY(auto appliance, guest::Appliance::start(files));
  name = appliance->guest().name;
  TRY(auto done, guest::prepare(appliance->files(), appliance->guest(), order));
  TRY_VOID(appliance->end());
  return done;
}

}  // namespace

Result<int> image_prepare(const Invocation& invocation) {
  std::vector<std::string> disks{invocation.value("file")};
  std::ranges::move(invocation.values("disk"), std::back_inserter(disks));
  guest::Order order{.macs = invocation.values("card")};
  // Of others' programs, which know where their files may lie (TMPDIR).
  bool exported = disks.front().contains("://");
  TRY(auto copies, exported
                       ? guest::Copies::of_exports(disks, std::filesystem::temp_directory_path())
                       : guest::Copies::beside(disks));
  tell_stage(invocation, "looking into the disks: half a minute, more without KVM");
  std::string name;
  TRY(auto done, prepare_in(copies->files(), order, name));
  if (!done.changed.empty()) TRY_VOID(copies->keep());
  tell(invocation, name, done);
  return 0;
}

}  // namespace truce::cli
