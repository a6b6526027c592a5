// Disks that leave a pool or come to it: each as one stream of raw bytes over HTTPS (XAPI's
// export_raw_vdi and import_raw_vdi; ocaml/xapi/{export,import}_raw_vdi.ml of
// xapi-project/xen-api).
#pragma once

#include "image/http_once.h"
#include "platform/transfers.h"
#include "session.h"

namespace truce::xapi {

/// Where a disk is read or written.
struct Volume {
  std::string url;  ///< of the host that is asked
  std::string ref;
  std::uint64_t size = 0;
};

/// Who asks for it, in the present session: for threads.
struct Asker {
  platform::Account account;
  std::string url;  ///< of the host that leads
  std::string key;  ///< a secret
  std::string authorities;
  [[nodiscard]] image::HttpOnceOptions options(const std::atomic<bool>* cancelled) const;
};
Result<Asker> asker_of(const Session& session);

/// A host that reaches a repository: the one that leads, where that does.
Async<Result<std::string>> url_for(Session& session, std::string repository);

/// A pool's Transfers. Machines leave and come while they are off.
class Movers final : public platform::Transfers {
 public:
  explicit Movers(Session& session) : session_(session) {}
  [[nodiscard]] Devices devices() const override { return Devices::xapi; }
  Async<Result<std::unique_ptr<platform::Departure>>> depart(std::string machine) override;
  Async<Result<std::unique_ptr<platform::Arrival>>> arrive(platform::NewMachine wish) override;

 private:
  Session& session_;
};

}  // namespace truce::xapi
