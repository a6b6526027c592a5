// Libraries that few need, which are loaded when they are first used.
#pragma once

#include <dlfcn.h>

#include <string_view>

#include "base/result.h"

namespace truce {

/// A library that stays loaded. Functions are asked for by their own names; whether all were there
/// says check().
class LoadedLibrary {
 public:
  /// `what` it is, for people; `package` of Debian's has it. Code::unsupported: it is not here.
  static Result<LoadedLibrary> open(const char* file, std::string_view what,
                                    std::string_view package) {
    void* found = ::dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (found != nullptr) return LoadedLibrary(found, what);
    return fail(Code::unsupported, "{} is not on this host: apt-get install {} ({})", what, package,
                ::dlerror());
  }
  template <class Function>
  void find(const char* name, Function& into) {
    into = reinterpret_cast<Function>(::dlsym(handle_, name));
    if (into == nullptr) absent_ = name;
  }
  /// Code::unsupported: it lacks something that was asked for.
  [[nodiscard]] Result<void> check() const {
    if (absent_ == nullptr) return {};
    return fail(Code::unsupported, "{} on this host is too old: it lacks {}", what_, absent_);
  }

 private:
  LoadedLibrary(void* handle, std::string_view what) : handle_(handle), what_(what) {}
  void* handle_;
  std::string_view what_;
  const char* absent_ = nullptr;
};

}  // namespace truce
