#include <atomic>
#include <charconv>
#include <csignal>

#include "image/nbd_server.h"
#include "images/verbs.h"
#include "terminal.h"
#include "text_formats.h"

namespace truce::cli {
namespace {

std::atomic<bool> asked_to_stop = false;

void stop_on_signals() {
  struct sigaction action{};
  action.sa_handler = [](int) { asked_to_stop = true; };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

/// `unix:PATH`, `ADDRESS:PORT` or `[ADDRESS]:PORT`.
Result<void> listen_at(const std::string& where, image::nbd::ServeOptions& options) {
  constexpr std::string_view unix_scheme = "unix:";
  if (where.starts_with(unix_scheme)) {
    options.socket = where.substr(unix_scheme.size());
    return {};
  }
  auto colon = where.rfind(':');
  auto port = colon == where.npos ? std::string() : where.substr(colon + 1);
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), options.port);
  if (error != std::errc() || end != port.data() + port.size() || port.empty())
    return fail(Code::invalid, "--listen takes ADDRESS:PORT or unix:PATH, not '{}'", where);
  options.host = where.substr(0, colon);
  if (options.host.starts_with('[') && options.host.ends_with(']'))
    options.host = options.host.substr(1, options.host.size() - 2);
  return {};
}

Result<void> with_tls(const Invocation& invocation, image::nbd::ServeOptions& options) {
  if (invocation.has("certificate") != invocation.has("key"))
    return fail(Code::invalid, "--certificate and --key belong together");
  if (!invocation.has("certificate")) return {};
  options.tls = image::nbd::Tls{.certificate = invocation.value("certificate"),
                                .key = invocation.value("key"),
                                .client_ca = invocation.value("client-ca")};
  return {};
}

}  // namespace

Result<int> image_serve(const Invocation& invocation) {
  TRY_VOID(refuse_interrupted(invocation));
  TRY_VOID(refuse_interrupted(invocation));
  bool writes = invocation.has("writable");
  TRY(auto source,
      writes
          ? open_to_write(invocation.value("file"), invocation.value("source-format"), invocation)
          : open_source(invocation.value("file"), invocation.value("source-format"), invocation));
  image::nbd::ServeOptions options;
  auto where = invocation.value("listen", "127.0.0.1:10809");
  TRY_VOID(listen_at(where, options));
  TRY_VOID(with_tls(invocation, options));
  using Access = image::nbd::ExportOptions::Access;
  options.exports.push_back({.name = "",
                             .description = source.image->description().format,
                             .image = std::move(source.image),
                             .access = writes ? Access::read_write : Access::read_only});
  options.report = [](std::string_view line) {
    print(fmt::format("truce: {}\n", printable(line)), Channel::errors);
  };
  stop_on_signals();
  auto ready = [&](std::uint16_t port) {
    if (invocation.quiet) return;
    print(port == 0 ? fmt::format("nbd+unix:///?socket={}\n", where.substr(5))
                    : fmt::format("nbd://{}:{}\n", where.substr(0, where.rfind(':')), port));
  };
  TRY_VOID(image::nbd::serve(std::move(options), asked_to_stop, ready));
  return 0;
}

}  // namespace truce::cli
