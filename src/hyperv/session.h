// One host that is spoken to, over connections that are signed in.
#pragma once

#include "http/client.h"
#include "platform/platform.h"
#include "wsman.h"

namespace truce::hyperv {

/// Who the host is.
struct HostWords {
  std::string id, name, release;  ///< of its board; `HV1`; `Microsoft Windows Server 2022 …`
  std::string version;            ///< `10.0.20348`
};

/// Signs in on each connection when the server asks for it: by NTLM where that is offered, else by
/// Basic. Errors are as Platform tells them.
class Session {
 public:
  /// Whether a message that broke off may be sent again: what reads only.
  enum class Repeat { no, yes };
  /// Which connection: the feed has its own, so that verbs do not wait for it.
  enum class Lane { calls, feed };

  Session(asio::any_io_executor loop, platform::Account account);
  ~Session();

  [[nodiscard]] const platform::Account& account() const { return account_; }
  [[nodiscard]] const HostWords& host() const { return host_; }
  /// Signs in and finds out who the host is, where that is not so already.
  Async<Result<void>> connect();

  Async<Result<Instances>> query(std::string_view scope, std::string query, Lane lane);
  Async<Result<Instance>> get(std::string_view scope, Reference self);
  /// Has a method carried out, waits for its job where there is one, and answers what it gives
  /// out. Code::unavailable: it is not known whether it takes effect.
  Async<Result<Instance>> invoke(std::string_view scope, Reference self, std::string method,
                                 std::vector<Parameter> parameters);
  /// The same of what a host has one of: `Msvm_VirtualSystemManagementService`.
  Async<Result<Instance>> invoke(std::string service, std::string method,
                                 std::vector<Parameter> parameters);
  /// What the image service tells of a disk's file.
  Async<Result<Instance>> disk_setting(std::string path, Lane lane);

 private:
  class Line;
  Async<Result<Reply>> send(Message message, Lane lane, Repeat repeat);
  Async<Result<Instance>> call(std::string_view scope, Reference self, std::string method,
                               std::vector<Parameter> parameters, Lane lane, Repeat repeat);
  void forget();
  Async<Result<Reference>> find_service(std::string class_name, Lane lane);
  Async<Result<void>> wait_for(Reference job, std::string method);

  platform::Account account_;
  std::string url_;
  std::unique_ptr<Line> calls_, feed_;
  HostWords host_;
  std::map<std::string, Reference> services_;
};

}  // namespace truce::hyperv
