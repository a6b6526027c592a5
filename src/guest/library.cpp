#include "library.h"

#include <cstdlib>

#include "base/loaded.h"

namespace truce::guest {

namespace {

Result<Library> load() {
  TRY(auto found,
      LoadedLibrary::open("libguestfs.so.0", "libguestfs, which changes guests,", "libguestfs0"));
  Library lib;
#define X(name) found.find(#name, lib.name);
#include "functions.def"
#undef X
  TRY_VOID(found.check());
  return lib;
}

}  // namespace

Result<const Library*> library() {
  static const Result<Library> lib = load();
  if (!lib) return std::unexpected(lib.error());
  return &*lib;
}

std::unexpected<Error> failed(const Library& lib, guestfs_h* handle, std::string_view what) {
  const char* why = lib.guestfs_last_error(handle);
  return fail(Code::io, "{}: {}", what, why == nullptr ? "libguestfs does not say why" : why);
}

std::string take_text(char* text) {
  std::unique_ptr<char, decltype(&std::free)> held(text, &std::free);
  return text == nullptr ? std::string() : std::string(text);
}

std::vector<std::string> take_texts(char** texts) {
  std::vector<std::string> all;
  for (auto** each = texts; each != nullptr && *each != nullptr; ++each)
    all.push_back(take_text(*each));
  std::free(static_cast<void*>(texts));
  return all;
}

}  // namespace truce::guest
