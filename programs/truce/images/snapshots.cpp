// `truce image snapshot`: the snapshots inside an image.
#include <boost/json.hpp>
#include <chrono>

#include "base/bytes.h"
#include "image/qcow2.h"
#include "images/verbs.h"
#include "output.h"
#include "terminal.h"

namespace truce::cli {
namespace json = boost::json;
namespace {

std::string when(std::int64_t seconds) {
  if (seconds == 0) return "-";
  return to_string(Time(std::chrono::seconds(seconds)));
}

Result<int> list(const Invocation& invocation) {
  TRY(auto source, open_source(invocation.value("file"), invocation.value("source-format"),
                               invocation, image::External::ignore));
  const auto& snapshots = source.image->description().snapshots;
  std::vector<TableRow> rows;
  json::array all;
  for (const auto& snapshot : snapshots) {
    rows.push_back({printable(snapshot.id), printable(snapshot.name),
                    to_string(Bytes{snapshot.size}), to_string(Bytes{snapshot.machine_state}),
                    when(snapshot.created)});
    all.push_back(json::object{{"id", snapshot.id},
                               {"name", snapshot.name},
                               {"size", snapshot.size},
                               {"machine_state", snapshot.machine_state},
                               {"created", snapshot.created}});
  }
  if (invocation.style != Style::table) {
    print_object(all, invocation.style);
  } else if (invocation.quiet) {
    for (const auto& snapshot : snapshots) print(printable(snapshot.name) + "\n");
  } else {
    print(table({{"ID"}, {"NAME"}, {"DISK"}, {"MEMORY"}, {"CREATED"}}, rows));
  }
  return 0;
}

Result<void> change(image::File& file, const Invocation& invocation) {
  if (invocation.has("create")) {
    auto now = std::chrono::system_clock::now().time_since_epoch();
    return image::qcow2::create_snapshot(
        file, invocation.value("create"),
        std::chrono::duration_cast<std::chrono::seconds>(now).count());
  }
  if (invocation.has("apply"))
    return image::qcow2::revert_to_snapshot(file, invocation.value("apply"));
  return image::qcow2::delete_snapshot(file, invocation.value("delete"));
}

}  // namespace

Result<int> image_snapshot(const Invocation& invocation) {
  auto given = static_cast<int>(invocation.has("create")) +
               static_cast<int>(invocation.has("apply")) +
               static_cast<int>(invocation.has("delete"));
  if (given > 1) return fail(Code::invalid, "one of --create, --apply and --delete at a time");
  if (given == 0) return list(invocation);
  auto name = invocation.value("file"), format = invocation.value("source-format");
  TRY(auto target, open_to_mend(name, invocation));
  TRY_VOID(expect_snapshots(*target.file, name, format));
  TRY_VOID(change(*target.file, invocation));
  if (!invocation.quiet) {
    auto what = invocation.has("create")  ? "made"
                : invocation.has("apply") ? "is the disk now"
                                          : "deleted";
    auto which =
        invocation.value("create") + invocation.value("apply") + invocation.value("delete");
    print(fmt::format("{}: snapshot '{}' {}\n", name, printable(which), what));
  }
  return 0;
}

}  // namespace truce::cli
