#include "moving/datastore.h"

#include <boost/url.hpp>

#include "image/formats.h"
#include "moving/lease.h"

namespace truce::vsphere {

using namespace platform;

namespace {

constexpr unsigned connections = 8;
constexpr int most_parents = 64;  // of a host up to the root

std::string url_part(std::string_view text) {
  return boost::urls::encode(text, boost::urls::unreserved_chars + '/');
}

/// The files of one folder: what a VMDK's descriptor names.
class FolderFiles final : public image::Neighbours {
 public:
  FolderFiles(Access access, DatastorePath at) : access_(std::move(access)), at_(std::move(at)) {}

  Result<std::shared_ptr<image::File>> open(const std::string& name) override {
    bool inside = !name.empty() && name.find('/') == name.npos && name != "." && name != "..";
    if (!inside) {
      return fail(Code::unsupported,
                  "{} lies elsewhere: a linked clone has to be made a full one first", name);
    }
    auto path = at_.folder.empty() ? name : at_.folder + "/" + name;
    auto url = fmt::format("{}{}?dcPath={}&dsName={}", access_.base, url_part(path),
                           url_part(access_.data_centre), url_part(at_.store));
    TRY(auto file, image::HttpFile::open(url, access_.options));
    versions_ += fmt::format("{} {}\n", name, file->version());
    return file;
  }
  Result<std::shared_ptr<image::File>> create(const std::string& name) override {
    return fail(Code::unsupported, "{}: nothing is written there", name);
  }
  /// Of all files that were opened.
  [[nodiscard]] const std::string& versions() const { return versions_; }

 private:
  Access access_;
  DatastorePath at_;
  std::string versions_;
};

}  // namespace

Result<DatastorePath> read_datastore_path(std::string_view text) {
  auto end = text.find("] ");
  if (!text.starts_with('[') || end == text.npos || end + 2 == text.size())
    return fail(Code::unsupported, "'{}' is no file of a datastore", text);
  DatastorePath path{.store = std::string(text.substr(1, end - 1)), .folder = {}, .file = {}};
  auto rest = text.substr(end + 2);
  auto slash = rest.rfind('/');
  if (slash != rest.npos) path.folder = rest.substr(0, slash);
  path.file = slash == rest.npos ? rest : rest.substr(slash + 1);
  if (path.file.empty()) return fail(Code::unsupported, "'{}' is no file of a datastore", text);
  return path;
}

Async<Result<Centre>> data_centre_of(Session& session, Ref at) {
  Centre centre;
  for (int depth = 0; depth < most_parents; ++depth) {
    CO_TRY(auto seen, co_await session.read(at, {"name", "parent"}));
    auto parent = seen.value("parent").ref();
    if (at.type == "Datacenter") centre.ref = at;
    if (parent.value.empty()) break;
    if (!centre.ref.value.empty()) {
      auto name = unescape_name(seen.value("name").text());
      centre.path = centre.path.empty() ? name : name + "/" + centre.path;
    }
    at = parent;
  }
  if (centre.path.empty()) co_return fail(Code::io, "{} is in no data centre", at.value);
  co_return centre;
}

Async<Result<Access>> access_of(Session& session, std::string host) {
  CO_TRY(auto centre, co_await data_centre_of(session, {"HostSystem", host}));
  const auto& account = session.account();
  Access access{.base = account.url + "/folder/", .data_centre = std::move(centre.path)};
  access.options.connections = connections;
  access.options.fingerprint = account.trust.fingerprint;
  CO_TRY(access.options.authorities, authorities_of(account));
  access.options.headers = {session.cookie_line()};
  co_return access;
}

Result<OpenDisk> open_disk(const Access& access, const DatastorePath& path,
                           const std::atomic<bool>& cancelled) {
  auto own = access;
  own.options.cancelled = &cancelled;
  FolderFiles files(std::move(own), path);
  TRY(auto descriptor, files.open(path.file));
  image::OpenOptions how{.external = image::External::follow, .neighbours = &files};
  OpenDisk opened;
  TRY(opened.image, image::open(std::move(descriptor), how, "vmdk"));
  opened.version = files.versions();
  return opened;
}

}  // namespace truce::vsphere
