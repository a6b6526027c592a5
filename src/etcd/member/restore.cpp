// A new cluster with the content of a copy.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "beginning.h"

namespace truce::etcd {

namespace {

Result<void> give_tree(const std::filesystem::path& folder, const MemberSettings& settings) {
  TRY_VOID(give_to(folder, settings));
  std::error_code ec;
  std::filesystem::recursive_directory_iterator all(folder, ec);
  for (; !ec && all != std::filesystem::end(all); all.increment(ec)) {
    TRY_VOID(give_to(all->path(), settings));
  }
  if (ec) return fail_errno(ec.value(), folder.string());
  return {};
}

/// etcdctl does not wait until what it has written is on the disk.
Result<void> sync_files(const std::filesystem::path& folder) {
  TRY(auto fd, open_file(folder, O_RDONLY));
  if (::syncfs(fd.get()) != 0) return fail_errno(errno, "sync " + folder.string());
  return {};
}

}  // namespace

Async<Result<void>> restore_cluster(MemberSettings settings, std::string token,
                                    std::filesystem::path copy) {
  if (has_member(settings)) {
    co_return fail(Code::conflict, "{} has a member of etcd already", settings.folder.string());
  }
  CO_TRY_VOID(find_program("etcdctl"));
  CO_TRY_VOID(make_folders(settings));
  auto restored = settings.folder / "restored";
  CO_TRY_VOID(remove_tree(restored));
  Command command;
  command.argv = {"etcdctl",
                  "snapshot",
                  "restore",
                  std::filesystem::absolute(copy).string(),
                  "--name=" + settings.name,
                  "--data-dir=" + restored.string(),
                  "--initial-cluster=" + settings.name + "=" + peer_url(settings),
                  "--initial-advertise-peer-urls=" + peer_url(settings),
                  "--initial-cluster-token=" + token};
  command.environment = {{"ETCDCTL_API", "3"}};
  auto done = co_await run_checked(std::move(command), std::chrono::minutes(10));
  if (!done) {
    auto error = std::move(done).error();
    if (error.message.find("hash") != error.message.npos ||
        error.message.find("sha256") != error.message.npos) {
      error.code = Code::corrupt;
    }
    CO_TRY_VOID(remove_tree(restored));
    co_return std::unexpected(std::move(error).within("restore " + copy.string()));
  }
  CO_TRY_VOID(give_tree(restored, settings));
  CO_TRY_VOID(remove_tree(data_folder(settings)));
  std::error_code ec;
  std::filesystem::rename(restored, data_folder(settings), ec);
  if (ec) co_return fail_errno(ec.value(), "rename " + restored.string());
  CO_TRY_VOID(sync_files(settings.folder));
  // A crash before this leaves no member, and what has been restored is done again.
  co_return found_cluster(settings, token);
}

}  // namespace truce::etcd
