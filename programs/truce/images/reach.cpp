#include "images/reach.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "image/http_file.h"
#include "image/nbd_file.h"
#include "images/bar.h"
#include "terminal.h"
#include "text_formats.h"

namespace truce::cli {
namespace {

using FilePointer = std::shared_ptr<image::File>;

/// The folder that libnbd wants, with one file in it, for as long as it connects.
class CertificateFolder {
 public:
  CertificateFolder() = default;
  CertificateFolder(const CertificateFolder&) = delete;
  CertificateFolder& operator=(const CertificateFolder&) = delete;
  ~CertificateFolder() {
    if (!path_.empty()) (void)remove_tree(path_);
  }
  Result<void> hold(const std::string& authorities) {
    auto name = (std::filesystem::temp_directory_path() / "truce-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) return fail_errno(errno, name);
    path_ = name;
    return write_file_durably(path_ / "ca-cert.pem", authorities);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// PEM; empty without --ca.
Result<std::string> authorities_of(const Invocation& invocation) {
  if (!invocation.has("ca")) return std::string();
  return read_file(invocation.value("ca"), mib(4));
}

Result<std::vector<std::string>> headers_of(const Invocation& invocation) {
  std::vector<std::string> headers;
  if (!invocation.has("header-file")) return headers;
  auto name = invocation.value("header-file");
  TRY(auto text, read_file(name, kib(64)));
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    ++number;
    auto end = std::min(text.find('\n', at), text.size());
    auto line = text.substr(at, end - at);
    at = end + 1;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) continue;
    bool clean = std::ranges::none_of(line, [](unsigned char c) { return c < 32 || c == 127; });
    auto colon = line.find(':');
    if (!clean || colon == line.npos || colon == 0)
      return fail(Code::invalid, "{}: line {} is not of the form 'Name: value'", name, number);
    headers.push_back(std::move(line));
  }
  return headers;
}

Result<FilePointer> open_nbd(const std::string& word, image::DiskFile::Access access,
                             const Invocation& invocation) {
  image::NbdFileOptions options{.opening = image::NbdFileOptions::Opening::at_once};
  if (access == image::DiskFile::Access::read_write)
    options.access = image::NbdFileOptions::Access::read_write;
  TRY(auto authorities, authorities_of(invocation));
  CertificateFolder folder;
  if (!authorities.empty()) TRY_VOID(folder.hold(authorities));
  options.tls_certificates = folder.path();
  TRY(auto file, image::NbdFile::open(word, options));
  return FilePointer(std::move(file));
}

Result<FilePointer> open_web(const std::string& word, const Invocation& invocation,
                             image::NetworkRules& network) {
  image::HttpFileOptions options{.cancelled = &Interruptible::interrupted};
  TRY(options.authorities, authorities_of(invocation));
  TRY(options.headers, headers_of(invocation));
  TRY(auto file, image::HttpFile::open(word, options));
  if (!file->versioned() && !invocation.quiet) {
    print(fmt::format("truce: note: {}: the server does not say which version it gives: a change "
                      "while it is read would not be noticed\n",
                      printable(file->name())),
          Channel::errors);
  }
  network.sockets = image::NetworkRules::Sockets::more;
  network.ports.push_back(file->port());
  return FilePointer(std::move(file));
}

}  // namespace

Result<FilePointer> open_address(const std::string& word, image::DiskFile::Access access,
                                 const Invocation& invocation, image::NetworkRules& network) {
  if (word.starts_with("http://") || word.starts_with("https://")) {
    if (access == image::DiskFile::Access::read_write)
      return fail(Code::unsupported, "web servers are only read: write to a file, or to nbd://");
    return open_web(word, invocation, network);
  }
  if (network.sockets == image::NetworkRules::Sockets::none)
    network.sockets = image::NetworkRules::Sockets::open;
  return open_nbd(word, access, invocation);
}

}  // namespace truce::cli
