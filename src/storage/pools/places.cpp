#include "storage/places.h"

#include "base/file.h"
#include "keys/key_text.h"
#include "names.h"

namespace truce::storage {

namespace fs = std::filesystem;

namespace {

/// A note is a file DISK.SUFFIX in the home that holds one name.
struct Note {
  std::string_view suffix, what;
  Result<void> (*check)(std::string_view name);
};
constexpr Note pool_note{".pool", "pool", check_pool_name};
constexpr Note move_note{".moving", "pool", check_pool_name};
constexpr Note key_note{".key", "key", check_key_name};

fs::path path_of(const fs::path& home, const std::string& disk, const Note& note) {
  return home / (disk + std::string(note.suffix));
}

Result<std::string> read_note(const fs::path& path, const Note& note) {
  TRY(auto text, read_file(path, kib(1)));
  while (text.ends_with('\n')) text.pop_back();
  if (!note.check(text)) return fail(Code::corrupt, "{} names no {}", path.string(), note.what);
  return text;
}

// What is noted of a disk; `otherwise` where nothing is.
Result<std::string> noted_of(const fs::path& home, const std::string& disk, const Note& note,
                             std::string_view otherwise) {
  TRY_VOID(check_disk_id("x/" + disk));
  auto path = path_of(home, disk, note);
  std::error_code ec;
  if (!fs::exists(path, ec) && !ec) return std::string(otherwise);
  return read_note(path, note);
}

Result<std::map<std::string, std::string>> all_noted(const fs::path& home, const Note& note) {
  std::map<std::string, std::string> names;
  std::error_code ec;
  for (auto at = fs::directory_iterator(home, ec); !ec && at != fs::directory_iterator();
       at.increment(ec)) {
    if (at->path().extension() != note.suffix) continue;
    auto disk = at->path().stem().string();
    if (!check_disk_id("x/" + disk)) continue;
    TRY(names[disk], read_note(at->path(), note));
  }
  if (ec && ec != std::errc::no_such_file_or_directory)
    return fail_errno(ec.value(), "list " + home.string());
  return names;
}

Result<void> write_note(const fs::path& home, const std::string& disk, const std::string& name,
                        const Note& note) {
  TRY_VOID(check_disk_id("x/" + disk));
  TRY_VOID(note.check(name));
  return write_file_durably(path_of(home, disk, note), name + "\n", 0644);
}

}  // namespace

Result<std::map<std::string, std::string>> noted_pools(const fs::path& home) {
  TRY(auto pools, all_noted(home, pool_note));
  std::erase_if(pools, [](const auto& noted) { return noted.second == first_pool; });
  return pools;
}

Result<std::string> pool_of_disk(const fs::path& home, const std::string& disk) {
  return noted_of(home, disk, pool_note, first_pool);
}

Result<void> note_pool(const fs::path& home, const std::string& disk, const std::string& pool) {
  return write_note(home, disk, pool, pool_note);
}

Result<std::map<std::string, std::string>> moves_under_way(const fs::path& home) {
  return all_noted(home, move_note);
}

Result<void> note_move(const fs::path& home, const std::string& disk, const std::string& pool) {
  return write_note(home, disk, pool, move_note);
}

Result<void> forget_move(const fs::path& home, const std::string& disk) {
  TRY_VOID(check_disk_id("x/" + disk));
  return remove_tree(path_of(home, disk, move_note));
}

Result<std::map<std::string, std::string>> noted_keys(const fs::path& home) {
  return all_noted(home, key_note);
}

Result<std::string> key_of_disk(const fs::path& home, const std::string& disk) {
  return noted_of(home, disk, key_note, "");
}

Result<void> note_key(const fs::path& home, const std::string& disk, const std::string& key) {
  TRY(auto noted, key_of_disk(home, disk));
  if (noted == key) return {};
  if (key.empty()) return remove_tree(path_of(home, disk, key_note));
  return write_note(home, disk, key, key_note);
}

}  // namespace truce::storage
