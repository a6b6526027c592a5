#include "library/template_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <set>

#include "base/file.h"
#include "manifest.h"
#include "qcow2_disk.h"
#include "tree.h"

namespace truce::storage {

namespace fs = std::filesystem;

Result<TemplateContent> examine_template(const fs::path& folder) {
  TRY(auto content, read_manifest(folder));
  content.files.clear();
  std::set<std::string> names;
  for (const auto& name : {content.disk, content.kernel, content.initrd, content.iso}) {
    if (name.empty() || !names.insert(name).second) continue;
    struct stat status{};
    if (::lstat((folder / name).c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
      return fail(Code::invalid, "manifest.json names {}, but there is no such file", name);
    }
    content.files.push_back({name, {static_cast<std::uint64_t>(status.st_size)}, ""});
  }
  if (!content.disk.empty()) {
    TRY(auto facts, look_at_qcow2(folder / content.disk));
    if (!facts.backing.empty() || facts.data_file) {
      return fail(Code::invalid, "{} does not stand alone", content.disk);
    }
    content.disk_size = facts.virtual_size;
  }
  std::error_code ec;
  std::vector<fs::path> others;
  for (const auto& entry : fs::directory_iterator(folder, ec)) {
    if (!names.contains(entry.path().filename().string())) others.push_back(entry.path());
  }
  if (ec) return fail_errno(ec.value(), "list " + folder.string());
  for (const auto& other : others) TRY_VOID(remove_tree(other));
  return content;
}

// Files before the folder.
Result<void> seal_template(const fs::path& folder, const TemplateContent& content) {
  TRY_VOID(write_file_durably(folder / manifest_name, format_manifest(content), 0444));
  for (const auto& file : content.files) {
    if (::chmod((folder / file.name).c_str(), 0444) != 0) {
      return fail_errno(errno, "chmod " + file.name);
    }
    TRY_VOID(sync_path(folder / file.name));
  }
  if (::chmod(folder.c_str(), 0555) != 0) return fail_errno(errno, "chmod " + folder.string());
  return sync_path(folder);
}

Result<void> place_template(const fs::path& made, const fs::path& place) {
  if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, place.c_str(), RENAME_NOREPLACE) != 0) {
    return fail_errno(errno, "rename to " + place.string());
  }
  return sync_path(place.parent_path());
}

}  // namespace truce::storage
