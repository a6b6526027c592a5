// TLS as both sides use it: contexts, certificates, fingerprints.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "base/async.h"
#include "http/client.h"
#include "http/server.h"

namespace truce::http {

using TlsContext = std::shared_ptr<asio::ssl::context>;

/// TLS 1.2 and 1.3 with forward secrecy; asks for a client certificate and takes any whose key is
/// proved.
Result<TlsContext> server_context(const Tls& files);

/// Whether the server's certificate is trusted by a chain, not by its fingerprint.
bool is_verified(const Endpoint& endpoint);

/// The client's side; shows the endpoint's certificate, where it has one. Where it is not verified,
/// it takes any certificate of the server: the caller compares the fingerprint before it sends
/// anything.
Result<TlsContext> client_context(const Endpoint& endpoint);

/// SHA-256 of the certificate that the other side has shown, as lower-case hex; empty when none.
std::string peer_fingerprint(SSL* tls);

/// What OpenSSL's error queue says, oldest first; clears it.
std::string tls_errors();

}  // namespace truce::http
