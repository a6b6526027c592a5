// Debian's libvirt0, which is loaded when it is first needed: see docs/adr/0035.
#pragma once

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "base/result.h"

namespace truce::libvirt {

/// Its functions by their own names.
struct Library {
#define X(name) decltype(&::name) name = nullptr;
#include "functions.def"
#undef X
};

/// Loads it once, and has a thread that carries libvirt's timers and events from then on.
/// Code::unsupported: it is not installed.
Result<const Library*> library();

/// What has just failed on this thread, in our codes.
Error last_error(const Library& lib);
/// `return failed(lib, "start web01");`
[[nodiscard]] std::unexpected<Error> failed(const Library& lib, std::string_view what);
/// Whether what has just failed on this thread is that (VIR_ERR_...).
bool last_is(const Library& lib, int code);

/// A thread that no signal reaches: libvirt writes to sockets that the other side has closed.
std::thread quiet_thread(std::function<void()> work);

/// An object of libvirt's that is given back by one of its functions.
template <class T>
using Held = std::unique_ptr<T, int (*)(T*)>;
using Domain = Held<virDomain>;
using DomainSnapshot = Held<virDomainSnapshot>;
using StoragePool = Held<virStoragePool>;
using Volume = Held<virStorageVol>;
using NetworkOfHost = Held<virNetwork>;
using Stream = Held<virStream>;

/// A text that libvirt has allocated; empty for none.
std::string take_text(char* text);

}  // namespace truce::libvirt
