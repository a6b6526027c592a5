#include "library.h"

#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "base/loaded.h"
#include "base/time.h"

namespace truce::libvirt {

namespace {

/// The thread of libvirt's events, of which a process has one. It ends before the program's
/// statics.
class Events {
 public:
  explicit Events(const Library& lib) : lib_(lib) {
    if (lib.virEventRegisterDefaultImpl() != 0) return;
    thread_ = quiet_thread([this] {
      while (!over_) {
        if (lib_.virEventRunDefaultImpl() != 0) std::this_thread::sleep_for(1s);
      }
    });
  }
  ~Events() {
    if (!thread_.joinable()) return;
    over_ = true;
    auto nothing = [](int, void*) {};
    lib_.virEventAddTimeout(0, nothing, nullptr, nullptr);  // so that it looks
    thread_.join();
  }
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

 private:
  const Library& lib_;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

Result<Library> load() {
  TRY(auto found, LoadedLibrary::open("libvirt.so.0", "libvirt's library", "libvirt0"));
  Library lib;
#define X(name) found.find(#name, lib.name);
#include "functions.def"
#undef X
  TRY_VOID(found.check());
  if (lib.virInitialize() != 0) return fail(Code::unsupported, "libvirt's library does not begin");
  lib.virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});  // else it prints them
  return lib;
}

Code code_of(const virError& error) {
  std::string_view message = error.message == nullptr ? "" : error.message;
  // What the ssh program says is all that libvirt tells of it.
  if (message.contains("Host key verification failed")) return Code::forbidden;
  if (message.contains("Permission denied (")) return Code::unauthenticated;
  if (error.domain == VIR_FROM_RPC) {
    bool stranger = message.contains("certificate") || message.contains("TLS handshake");
    return error.code == VIR_ERR_AUTH_FAILED ? Code::unauthenticated
           : stranger                        ? Code::forbidden
                                             : Code::unavailable;
  }
  switch (error.code) {
    case VIR_ERR_NO_DOMAIN:
    case VIR_ERR_NO_DOMAIN_SNAPSHOT:
    case VIR_ERR_NO_STORAGE_VOL:
    case VIR_ERR_NO_STORAGE_POOL:
      return Code::not_found;
    case VIR_ERR_OPERATION_INVALID:
    case VIR_ERR_SNAPSHOT_REVERT_RISKY:
    case VIR_ERR_RESOURCE_BUSY:
      return Code::precondition;
    case VIR_ERR_DOM_EXIST:
    case VIR_ERR_STORAGE_VOL_EXIST:
      return Code::conflict;
    case VIR_ERR_AUTH_FAILED:
    case VIR_ERR_AUTH_CANCELLED:
    case VIR_ERR_AUTH_UNAVAILABLE:
      return Code::unauthenticated;
    case VIR_ERR_OPERATION_DENIED:
    case VIR_ERR_ACCESS_DENIED:
      return Code::forbidden;
    case VIR_ERR_NO_SUPPORT:
    case VIR_ERR_CONFIG_UNSUPPORTED:
    case VIR_ERR_OPERATION_UNSUPPORTED:
    case VIR_ERR_ARGUMENT_UNSUPPORTED:
      return Code::unsupported;
    case VIR_ERR_INVALID_ARG:
    case VIR_ERR_XML_ERROR:
    case VIR_ERR_XML_DETAIL:
      return Code::invalid;
    case VIR_ERR_NO_CONNECT:
    case VIR_ERR_INVALID_CONN:
    case VIR_ERR_RPC:
    case VIR_ERR_SYSTEM_ERROR:
      return Code::unavailable;
    case VIR_ERR_OPERATION_TIMEOUT:
      return Code::timeout;
    default:
      return Code::io;
  }
}

}  // namespace

Result<const Library*> library() {
  static const Result<Library> lib = load();
  if (!lib) return std::unexpected(lib.error());
  static Events events(*lib);
  return &*lib;
}

Error last_error(const Library& lib) {
  const auto* error = lib.virGetLastError();
  if (error == nullptr || error->code == VIR_ERR_OK) return {Code::io, "libvirt says nothing", {}};
  constexpr std::size_t longest = 2000;
  std::string message = error->message == nullptr ? "" : error->message;
  for (char& c : message)
    if (c == '\n' || c == '\r') c = ' ';
  while (message.ends_with(' ')) message.pop_back();
  return {code_of(*error), message.substr(0, longest), {}};
}

std::unexpected<Error> failed(const Library& lib, std::string_view what) {
  return std::unexpected(last_error(lib).within(what));
}

bool last_is(const Library& lib, int code) {
  const auto* error = lib.virGetLastError();
  return error != nullptr && error->code == code;
}

std::thread quiet_thread(std::function<void()> work) {
  return std::thread([work = std::move(work)] {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    work();
  });
}

std::string take_text(char* text) {
  if (text == nullptr) return {};
  std::string copy(text);
  std::free(text);
  return copy;
}

}  // namespace truce::libvirt
