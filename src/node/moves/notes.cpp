#include "moves/notes.h"

#include "base/file.h"
#include "base/log.h"

namespace truce::node {

namespace fs = std::filesystem;

namespace {

std::string_view word_of(Way way) {
  return way == Way::comes ? "comes-" : "leaves-";
}

// The task's name in the first line, the machine after it.
std::optional<Note> read(const fs::path& path, Way way) {
  auto text = read_file(path, mib(4));
  if (!text) return std::nullopt;
  auto end = text->find('\n');
  auto vm = model::from_text<model::Vm>(end == text->npos ? "" : text->substr(end + 1),
                                        model::Unknown::ignore);
  if (vm) return Note{way, text->substr(0, end), *std::move(vm)};
  spdlog::warn("{}: {}", path.string(), vm.error().message);
  return std::nullopt;
}

}  // namespace

fs::path Notes::file(Way way, const std::string& uuid) const {
  return folder_ / (std::string(word_of(way)) + uuid);
}

Result<void> Notes::write(const Note& note) const {
  TRY_VOID(make_folder(folder_, 0700));
  return write_file_durably(file(note.way, note.vm.uuid),
                            note.task + "\n" + model::to_text(note.vm));
}

Result<void> Notes::forget(Way way, const std::string& uuid) const {
  return remove_tree(file(way, uuid));
}

std::optional<Note> Notes::find(Way way, const std::string& uuid) const {
  return read(file(way, uuid), way);
}

std::vector<Note> Notes::all() const {
  std::vector<Note> found;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(folder_, ec)) {
    auto name = entry.path().filename().string();
    for (auto way : {Way::comes, Way::leaves}) {
      if (!name.starts_with(word_of(way))) continue;
      if (auto note = read(entry.path(), way)) found.push_back(*std::move(note));
    }
  }
  return found;
}

}  // namespace truce::node
