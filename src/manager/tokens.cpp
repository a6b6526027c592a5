#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>

#include "api.h"
#include "base/random.h"

namespace truce::manager {
namespace {

Result<std::string> certificate_sha256(const std::string& pem) {
  std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
  if (!certificate) return fail_field("/certificate", "is not a certificate in PEM");
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1) {
    return fail_field("/certificate", "cannot be read");
  }
  return to_hex({digest.data(), size});
}

Async<Result<http::Response>> create_token(Rooms& rooms, const Context& context) {
  CO_TRY(auto wish, context.body<model::TokenCreate>());
  model::Token token{.name = wish.name};
  model::TokenSecret secret{.name = wish.name};
  token.role = wish.role;
  token.projects = wish.projects;
  token.created = now();
  token.expires = wish.expires;
  if (token.expires && *token.expires < now()) co_return fail_field("/expires", "is in the past");
  if (wish.certificate) {
    token.kind = model::TokenKind::certificate;
    CO_TRY(token.sha256, certificate_sha256(*wish.certificate));
  } else {
    token.kind = model::TokenKind::bearer;
    secret.token = "truce-" + random_hex(32);
    token.sha256 = sha256_hex(secret.token);
  }
  secret.kind = token.kind;
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    if (inventory.find<model::Token>(wish.name)) {
      return std::unexpected(
          Error{Code::conflict, fmt::format("there is a token '{}' already", wish.name), "/name"});
    }
    change.put(token);
    change.event("api.create_token", "tokens/" + token.name, "",
                 fmt::format("{} with the role {}", model::to_string(token.kind),
                             model::to_string(token.role)));
    return {};
  }));
  co_return http::json_response(201, model::to_json(secret));
}

Async<Result<http::Response>> delete_token(Rooms& rooms, const Context& context) {
  const auto& inventory = rooms.ledger.inventory();
  CO_TRY_VOID(co_await rooms.ledger.change(context.actor(), [&](Change& change) -> Result<void> {
    TRY(auto kept, find<model::Token>(inventory, context.caller, context.name()));
    change.erase<model::Token>(kept->object.name);
    change.event("api.delete_token", "tokens/" + kept->object.name, "", "withdrawn");
    return {};
  }));
  co_return http::no_content();
}

}  // namespace

void add_token_handlers(Handlers& handlers) {
  handlers.on(model::Operation::create_token, create_token);
  handlers.on(model::Operation::delete_token, delete_token);
}

}  // namespace truce::manager
