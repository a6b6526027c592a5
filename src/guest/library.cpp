#include "library.h"

#include <dlfcn.h>

#include <cstdlib>

namespace truce::guest {

namespace {

Result<Library> load() {
  void* found = ::dlopen("libguestfs.so.0", RTLD_NOW | RTLD_LOCAL);
  if (found == nullptr)
    return fail(Code::unsupported,
                "guests are changed by libguestfs, which is not on this host: apt-get install "
                "libguestfs0 ({})",
                ::dlerror());
  Library lib;
  const char* absent = nullptr;
#define X(name)                                                           \
  lib.name = reinterpret_cast<decltype(lib.name)>(::dlsym(found, #name)); \
  if (lib.name == nullptr) absent = #name;
#include "functions.def"
#undef X
  if (absent != nullptr)
    return fail(Code::unsupported, "libguestfs on this host is too old: it lacks {}", absent);
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
