// Disks as files of datastores, over HTTPS ranges. The web interface of datastores: vSphere Web
// Services SDK Programming Guide, "HTTP Access to vSphere Server Files".
#pragma once

#include "image/http_file.h"
#include "platform/transfers.h"
#include "session.h"

namespace truce::vsphere {

/// `[store] web01/web01.vmdk`
struct DatastorePath {
  std::string store;
  std::string folder;  ///< `web01`; empty: the datastore itself
  std::string file;
};
/// Code::unsupported when it is none.
Result<DatastorePath> read_datastore_path(std::string_view text);

struct Centre {
  Ref ref;
  std::string path;  ///< `DC0`, or in folders `Europe/DC0`: as datastores' web addresses have it
};
/// The one that a host or a compute resource is in.
Async<Result<Centre>> data_centre_of(Session& session, Ref at);

/// How files of a datastore are reached.
struct Access {
  std::string base;         ///< `https://vc.example.com/folder/`
  std::string data_centre;  ///< `DC0`, or in folders `Europe/DC0`
  image::HttpFileOptions options;
};

/// Those of a host's data centre, in the present session.
Async<Result<Access>> access_of(Session& session, std::string host);

/// A disk, by its descriptor. Blocks. Code::unsupported: its parts lie in other folders.
/// `cancelled` outlives the image.
Result<platform::OpenDisk> open_disk(const Access& access, const DatastorePath& path,
                                     const std::atomic<bool>& cancelled);

}  // namespace truce::vsphere
