#include "live/handed.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

#include "confinement.h"

namespace truce::qemu {

namespace {

constexpr std::string_view set_path = "/dev/fdset/";

Async<Result<std::int64_t>> add(RunningPtr vm, std::filesystem::path file, int flags,
                                std::int64_t set) {
  CO_TRY(auto fd, open_file(file, flags | O_NOFOLLOW | O_CLOEXEC));
  json::object wish{{"opaque", file.string()}};
  if (set >= 0) wish["fdset-id"] = set;
  CO_TRY(auto added, co_await vm->ask("add-fd", std::move(wish), 10s, std::move(fd)));
  co_return integer_in(added, "fdset-id");
}

}  // namespace

Async<Result<std::string>> hand_over(RunningPtr vm, std::filesystem::path file, Access access) {
  bool writes = access == Access::write;
  if (writes) CO_TRY_VOID(own_path(file, user_of(vm->runtime)));
  CO_TRY(auto set, co_await add(vm, file, writes ? O_RDWR : O_RDONLY, -1));
  auto name = fmt::format("{}{}", set_path, set);
  if (!writes) co_return name;
  // QEMU goes over to reading only when a snapshot stands on the file.
  auto both = co_await add(vm, file, O_RDONLY, set);
  if (both) co_return name;
  co_await take_back(vm, name);
  co_return std::unexpected(both.error());
}

Async<Result<void>> open_node(RunningPtr vm, std::filesystem::path file, Access access,
                              std::function<Async<Result<void>>(json::object node)> open) {
  bool writes = access == Access::write;
  json::object node{{"driver", "file"}, {"filename", file.string()}, {"read-only", !writes}};
  if (writes) {
    CO_TRY_VOID(own_path(file, user_of(vm->runtime)));
    node["discard"] = "unmap";
    if (co_await open(node)) co_return Result<void>{};
    node["locking"] = "off";
  }
  CO_TRY(auto name, co_await hand_over(vm, file, access));
  node["filename"] = name;
  auto opened = co_await open(std::move(node));
  if (!opened) co_await take_back(vm, name);
  co_return opened;
}

Async<void> take_back(RunningPtr vm, std::string name) {
  if (!name.starts_with(set_path)) co_return;
  std::int64_t set = -1;
  auto number = std::string_view(name).substr(set_path.size());
  std::from_chars(number.data(), number.data() + number.size(), set);
  (void)co_await vm->ask("remove-fd", {{"fdset-id", set}});
}

Async<void> take_back_file(RunningPtr vm, std::filesystem::path file) {
  auto names = co_await handed(vm);
  if (!names) co_return;  // QEMU is gone
  for (const auto& [name, path] : *names) {
    if (path == file) co_await take_back(vm, name);
  }
}

Async<Result<std::map<std::string, std::filesystem::path>>> handed(RunningPtr vm) {
  CO_TRY(auto answer, co_await vm->ask("query-fdsets"));
  std::map<std::string, std::filesystem::path> paths;
  const auto* sets = answer.if_array();
  if (sets == nullptr) co_return fail(Code::corrupt, "QEMU: query-fdsets answers no list");
  for (const auto& set : *sets) {
    const auto* fds = field_of(set, "fds");
    if (fds == nullptr || !fds->is_array() || fds->get_array().empty()) continue;
    auto path = text_in(fds->get_array().front(), "opaque");
    if (!path.empty()) paths[fmt::format("{}{}", set_path, integer_in(set, "fdset-id"))] = path;
  }
  co_return paths;
}

std::filesystem::path our_path(const std::map<std::string, std::filesystem::path>& handed,
                               const std::string& told) {
  if (told.starts_with("json:")) {  // what it stands on is not what is written in it
    boost::system::error_code ec;
    auto parsed = json::parse(std::string_view(told).substr(5), ec);
    const auto* file = ec ? nullptr : field_of(parsed, "file");
    if (file != nullptr) return our_path(handed, text_in(*file, "filename"));
  }
  auto found = handed.find(told);
  return found == handed.end() ? std::filesystem::path(told) : found->second;
}

}  // namespace truce::qemu
