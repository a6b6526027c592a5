#include "connection.h"

#include <array>
#include <cstring>

#include "documents.h"

namespace truce::libvirt {

namespace {

constexpr unsigned of_test =
    VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA;
constexpr unsigned of_qemu =
    of_test | VIR_DOMAIN_UNDEFINE_NVRAM | VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA;

constexpr std::array drivers = {
    Driver{"QEMU", "QEMU by libvirt", true, true, true, true, false, of_qemu},
    Driver{"Xen", "Xen by libvirt", false, true, true, true, true,
           VIR_DOMAIN_UNDEFINE_MANAGED_SAVE},
    Driver{"TEST", "libvirt's test driver", true, true, true, false, false, of_test},
};
constexpr Driver other_driver{"", "libvirt", false, false, false, false, false, 0};

std::string version_text(unsigned long version) {
  constexpr unsigned long thousand = 1000;
  return fmt::format("{}.{}.{}", version / (thousand * thousand), version / thousand % thousand,
                     version % thousand);
}

// What is added to addresses: ssh must never ask on a terminal.
std::string whole_url(const std::string& url) {
  if (!url.contains("+ssh://")) return url;
  return url + (url.contains('?') ? "&" : "?") + "no_tty=1";
}

// --- what libvirt asks
// ----------------------------------------------------------------------------

int answer_credentials(virConnectCredentialPtr asked, unsigned count, void* opaque) {
  const auto& account = *static_cast<const platform::Account*>(opaque);
  for (unsigned i = 0; i < count; ++i) {
    std::string text;
    if (asked[i].type == VIR_CRED_AUTHNAME || asked[i].type == VIR_CRED_USERNAME)
      text = account.user;
    else if (account.password && asked[i].type == VIR_CRED_PASSPHRASE)
      text = account.password->text();
    if (text.empty()) return -1;
    asked[i].result = ::strdup(text.c_str());
    asked[i].resultlen = static_cast<unsigned>(text.size());
  }
  return 0;
}

// --- what libvirt tells; it owns the pointer to the news until it says that it does not
// -------------

using Shared = std::shared_ptr<News>;

void forget(void* opaque) {
  delete static_cast<Shared*>(opaque);
}
News& news_of(void* opaque) {
  return **static_cast<Shared*>(opaque);
}

struct Teller {
  static void machine(virDomain* domain, void* opaque) {
    std::array<char, VIR_UUID_STRING_BUFLEN> uuid{};
    auto lib = library();
    if (lib && (*lib)->virDomainGetUUIDString(domain, uuid.data()) == 0)
      news_of(opaque).machine(uuid.data());
  }
  static int lifecycle(virConnect*, virDomain* domain, int, int, void* opaque) {
    machine(domain, opaque);
    return 0;
  }
  static void device(virConnect*, virDomain* domain, const char*, void* opaque) {
    machine(domain, opaque);
  }
  static void agent(virConnect*, virDomain* domain, int, int, void* opaque) {
    machine(domain, opaque);
  }
  static void metadata(virConnect*, virDomain* domain, int, const char*, void* opaque) {
    machine(domain, opaque);
  }
  static void network(virConnect*, virNetwork*, int, int, void* opaque) {
    news_of(opaque).places();
  }
  static void pool(virConnect*, virStoragePool*, int, int, void* opaque) {
    news_of(opaque).places();
  }
  static void closed(virConnect*, int reason, void* opaque) {
    constexpr std::array<const char*, 4> words = {"an error", "it has ended", "it does not answer",
                                                  "we have"};
    auto known = reason >= 0 && static_cast<std::size_t>(reason) < words.size();
    news_of(opaque).broken(known ? words[static_cast<std::size_t>(reason)] : "");
  }
};

}  // namespace

// --- News
// -----------------------------------------------------------------------------------------

void News::tell() {
  if (heard_) heard_();
}

void News::machine(std::string id) {
  {
    std::scoped_lock lock(mutex_);
    taken_.machines.insert(std::move(id));
  }
  tell();
}

void News::places() {
  {
    std::scoped_lock lock(mutex_);
    taken_.places = true;
  }
  tell();
}

void News::broken(std::string why) {
  {
    std::scoped_lock lock(mutex_);
    broken_ = why.empty() ? "it is not known why" : std::move(why);
  }
  tell();
}

News::Taken News::take() {
  std::scoped_lock lock(mutex_);
  return std::exchange(taken_, {});
}

std::string News::why_broken() {
  std::scoped_lock lock(mutex_);
  return broken_;
}

// --- Connection
// -----------------------------------------------------------------------------------

Connection::Connection(const Library& lib, virConnect* raw, std::shared_ptr<News> news)
    : lib_(lib), raw_(raw), news_(std::move(news)) {}

Connection::~Connection() {
  close();
}

void Connection::close() {
  if (raw_ == nullptr) return;
  stop_listening();
  lib_.virConnectClose(std::exchange(raw_, nullptr));
}

Result<ConnectionPtr> Connection::open(platform::Account account, KeepAlive keep,
                                       std::shared_ptr<News> news, Hears hears) {
  TRY(const auto* lib, library());
  account.url = whole_url(account.url);
  auto asking = account;
  std::array<int, 3> asked = {VIR_CRED_AUTHNAME, VIR_CRED_USERNAME, VIR_CRED_PASSPHRASE};
  virConnectAuth auth{asked.data(), asked.size(), answer_credentials, &asking};
  auto* raw = lib->virConnectOpenAuth(account.url.c_str(), &auth, VIR_CONNECT_NO_ALIASES);
  if (raw == nullptr) {
    auto error = last_error(*lib).within(account.url);
    // What is refused before there is a connection is not about an object of the host's.
    if (error.code == Code::io || error.code == Code::not_found) error.code = Code::unavailable;
    return std::unexpected(std::move(error));
  }
  // Whoever lets go of it last: saying goodbye may block, and is nobody's affair.
  auto end = [](Connection* over) {
    if (over->raw_ == nullptr)
      delete over;
    else
      quiet_thread([over] { delete over; }).detach();
  };
  ConnectionPtr made(new Connection(*lib, raw, std::move(news)), end);
  lib->virConnectSetKeepAlive(raw, keep.interval, keep.count);  // where there is a connection
  TRY_VOID(made->learn());
  if (hears == Hears::all) made->listen();
  made->hear_its_end();
  return made;
}

Result<void> Connection::learn() {
  const auto* type = lib_.virConnectGetType(raw_);
  if (type == nullptr) return failed(lib_, "kind of hypervisor");
  driver_ = &other_driver;
  for (const auto& row : drivers)
    if (row.type == type) driver_ = &row;
  unsigned long hypervisor = 0, libvirt = 0;
  if (lib_.virConnectGetLibVersion(raw_, &libvirt) != 0) return failed(lib_, "version of libvirt");
  (void)lib_.virConnectGetVersion(raw_, &hypervisor);
  capabilities_.name = driver_->name;
  capabilities_.version = version_text(libvirt);
  if (hypervisor != 0)
    capabilities_.version += fmt::format(" ({} {})", type, version_text(hypervisor));
  // Hosts without an SMBIOS have another uuid each time that libvirt starts, or none.
  capabilities_.instance = read_host_uuid(take_text(lib_.virConnectGetCapabilities(raw_)));
  if (capabilities_.instance.empty())
    capabilities_.instance = take_text(lib_.virConnectGetHostname(raw_));
  if (capabilities_.instance.empty()) return failed(lib_, "name of the host");
  capabilities_.clone = driver_->clone;
  capabilities_.clean_stop = true;
  capabilities_.suspend = driver_->suspend;
  capabilities_.snapshots_with_memory = driver_->snapshots;
  return {};
}

namespace {

// libvirt's own macros cast so: it calls each by the type that its event has.
template <class Generic, class Function>
Generic generic(Function function) {
  return reinterpret_cast<Generic>(reinterpret_cast<void (*)()>(function));
}

}  // namespace

// What a driver has no events for is seen by looking.
void Connection::listen() {
  auto hear = [&](std::vector<int>& ids, auto register_any) {
    auto* opaque = new Shared(news_);
    int id = register_any(opaque);
    if (id < 0) return forget(opaque);
    ids.push_back(id);
  };
  auto on_domain = [&](int event, auto function) {
    hear(domain_events_, [&](Shared* opaque) {
      auto call = generic<virConnectDomainEventGenericCallback>(function);
      return lib_.virConnectDomainEventRegisterAny(raw_, nullptr, event, call, opaque, forget);
    });
  };
  on_domain(VIR_DOMAIN_EVENT_ID_LIFECYCLE, &Teller::lifecycle);
  on_domain(VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, &Teller::device);
  on_domain(VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, &Teller::device);
  on_domain(VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, &Teller::agent);
  on_domain(VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, &Teller::metadata);
  hear(network_events_, [&](Shared* opaque) {
    return lib_.virConnectNetworkEventRegisterAny(
        raw_, nullptr, VIR_NETWORK_EVENT_ID_LIFECYCLE,
        generic<virConnectNetworkEventGenericCallback>(&Teller::network), opaque, forget);
  });
  hear(pool_events_, [&](Shared* opaque) {
    return lib_.virConnectStoragePoolEventRegisterAny(
        raw_, nullptr, VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE,
        generic<virConnectStoragePoolEventGenericCallback>(&Teller::pool), opaque, forget);
  });
}

void Connection::hear_its_end() {
  auto* opaque = new Shared(news_);
  if (lib_.virConnectRegisterCloseCallback(raw_, &Teller::closed, opaque, forget) != 0)
    forget(opaque);
}

void Connection::stop_listening() {
  lib_.virConnectUnregisterCloseCallback(raw_, &Teller::closed);
  for (int id : domain_events_) lib_.virConnectDomainEventDeregisterAny(raw_, id);
  for (int id : network_events_) lib_.virConnectNetworkEventDeregisterAny(raw_, id);
  for (int id : pool_events_) lib_.virConnectStoragePoolEventDeregisterAny(raw_, id);
}

Result<Domain> Connection::find(const std::string& machine) {
  auto domain = held(lib_.virDomainLookupByUUIDString(raw_, machine.c_str()));
  if (domain) return domain;
  if (last_is(lib_, VIR_ERR_INVALID_ARG))
    return fail(Code::not_found, "there is no machine {}", machine);
  return failed(lib_, machine);
}

}  // namespace truce::libvirt
