// Files of a Windows host, read and written over SMB in the shares that each has of its volumes for
// administrators (`D$`). SMB is spoken by rclone, a program of its own, which gives the files to us
// by HTTP on the loopback, and takes them by WebDAV.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/process.h"
#include "base/secret.h"
#include "image/convert.h"
#include "image/http_file.h"

namespace truce::hyperv {

/// Where a file lies: `D:\Hyper-V\web01.vhdx` is `D$` and `Hyper-V/web01.vhdx`.
struct SharePath {
  std::string share, path;
};
/// Code::unsupported for what lies on no volume of the host.
Result<SharePath> read_share_path(std::string_view file);

/// Who it is, at which host.
struct ShareAccess {
  std::string host;
  std::string user, domain;
  SecretPtr password;
};
/// `DOMAIN\user`, `user@domain`, or `user`: one of the host's own, which is called `name`.
ShareAccess access_for(std::string host, std::string_view user, SecretPtr password,
                       std::string_view name);

/// One share that is being read or written; it ends with the last of its files.
class Share : public std::enable_shared_from_this<Share> {
 public:
  enum class Use { reading, writing };
  /// Blocks until it can be used. Code::unsupported: rclone is not installed.
  static Result<std::shared_ptr<Share>> open(const ShareAccess& access, const std::string& share,
                                             Use use, const std::atomic<bool>& cancelled);
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;
  ~Share();

  struct Opened {
    std::shared_ptr<image::File> file;
    std::string version;  ///< another text when it was written since
  };
  /// Blocks; `cancelled` outlives the file. Errors say what the host says.
  Result<Opened> file(const std::string& path, const std::atomic<bool>& cancelled);
  /// Writes a disk as a VHDX, over what is there. Blocks; errors likewise. One that has failed may
  /// leave a part.
  Result<void> send(const std::string& path, image::Image& disk, const image::ConvertOptions& how);

 private:
  Share(Process process, Fd said, std::string name, std::string ticket)
      : process_(std::move(process)),
        said_(std::move(said)),
        name_(std::move(name)),
        ticket_(std::move(ticket)) {}
  Result<void> wait_until_it_listens(const std::atomic<bool>& cancelled);
  /// What rclone has complained of first since then; empty: of nothing.
  [[nodiscard]] std::string complaint(off_t since = 0) const;
  [[nodiscard]] std::vector<std::string> headers() const;
  [[nodiscard]] std::unexpected<Error> failed(const std::string& path, Error error,
                                              off_t since) const;
  [[nodiscard]] bool has_ended();

  Process process_;
  Fd said_;
  std::string name_, ticket_, url_;
  bool ended_ = false;
};

}  // namespace truce::hyperv
