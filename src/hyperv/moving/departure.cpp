#include <boost/url.hpp>

#include "image/formats.h"
#include "machines.h"
#include "moving/transfers.h"
#include "picture.h"

namespace truce::hyperv {

using namespace platform;

namespace {

/// The files of a disk, each a difference to the one behind it.
using Chain = std::vector<std::string>;

/// What the file at some place in a chain stands on: the next one, whatever it calls that.
class Behind final : public image::Neighbours {
 public:
  Behind(std::vector<std::shared_ptr<image::File>> files, std::size_t at)
      : files_(std::move(files)), at_(at) {}
  Result<std::shared_ptr<image::File>> open(const std::string& name) override {
    if (at_ < files_.size()) return files_[at_];
    return fail(Code::corrupt, "it stands on '{}', of which the host knows nothing", name);
  }
  Result<std::shared_ptr<image::File>> create(const std::string& name) override {
    return fail(Code::unsupported, "{}: nothing is written there", name);
  }
  Result<std::unique_ptr<image::Neighbours>> of(const image::File&) override {
    return std::make_unique<Behind>(files_, at_ + 1);
  }

 private:
  std::vector<std::shared_ptr<image::File>> files_;
  std::size_t at_;
};

class ShareDeparture final : public Departure {
 public:
  ShareDeparture(ShareAccess access, std::map<std::string, Chain> disks)
      : access_(std::move(access)), disks_(std::move(disks)) {}

  Result<OpenDisk> open(const std::string& disk, const std::atomic<bool>& cancelled) override {
    auto found = disks_.find(disk);
    if (found == disks_.end()) return fail(Code::not_found, "the machine has no disk {}", disk);
    OpenDisk opened;
    std::vector<std::shared_ptr<image::File>> files;
    for (const auto& path : found->second) {
      TRY(auto at, read_share_path(path));
      TRY(auto share, share_of(at.share, cancelled));
      TRY(auto file, share->file(at.path, cancelled));
      opened.version += fmt::format("{} {}\n", path, file.version);
      files.push_back(std::move(file.file));
    }
    auto top = files.front();
    Behind behind(std::move(files), 1);
    image::OpenOptions how{.external = image::External::follow, .neighbours = &behind};
    TRY(opened.image, image::open(std::move(top), how, format_of(found->second.front())));
    return opened;
  }

 private:
  // Hyper-V goes by the name, too; a fixed VHD has nothing at its beginning that tells.
  static std::string_view format_of(std::string_view path) {
    return path.ends_with('x') || path.ends_with('X') ? "vhdx" : "vhd";
  }
  Result<std::shared_ptr<Share>> share_of(const std::string& name,
                                          const std::atomic<bool>& cancelled) {
    if (auto known = shares_[name].lock()) return known;
    TRY(auto share, Share::open(access_, name, Share::Use::reading, cancelled));
    shares_[name] = share;
    return share;
  }

  ShareAccess access_;
  std::map<std::string, Chain> disks_;
  std::map<std::string, std::weak_ptr<Share>> shares_;
};

Async<Result<Chain>> chain_of(Session& session, std::string path) {
  constexpr std::size_t longest = 64;
  Chain chain;
  while (!path.empty()) {
    if (chain.size() == longest)
      co_return fail(Code::limit, "{} stands on more than {} files", chain.front(), longest);
    CO_TRY_VOID(read_share_path(path));
    CO_TRY(auto setting, co_await session.disk_setting(path, Session::Lane::calls));
    chain.push_back(std::move(path));
    path = setting.text("ParentPath");
  }
  co_return chain;
}

}  // namespace

Async<Result<std::unique_ptr<Departure>>> Movers::depart(std::string machine) {
  CO_TRY(auto found, co_await find_machine(session_, machine));
  if (!found.is(model::Observed::off))
    co_return fail(Code::precondition, "{} is {}: it has to be off", found.name,
                   model::to_string(found.state));
  CO_TRY(auto storages, co_await disks_of(session_, found));
  std::map<std::string, Chain> disks;
  for (const auto& one : storages) {
    CO_TRY(auto chain, co_await chain_of(session_, one.text("HostResource")));
    disks[disk_id(one)] = std::move(chain);
  }
  co_return std::make_unique<ShareDeparture>(access_of(session_), std::move(disks));
}

ShareAccess access_of(const Session& session) {
  const auto& account = session.account();
  auto url = boost::urls::parse_uri(account.url);
  auto host = url ? std::string(url->host_address()) : std::string();
  return access_for(std::move(host), account.user, account.password, session.host().name);
}

}  // namespace truce::hyperv
