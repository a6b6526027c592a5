#include "negotiate.h"

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>

namespace truce::hyperv {

namespace {

gss_buffer_desc buffer_of(std::string_view text) {
  return {text.size(),
          const_cast<char*>(text.data())};  // GSSAPI knows no const, and writes nothing
}

struct Name {
  Name() = default;
  Name(const Name&) = delete;
  Name& operator=(const Name&) = delete;
  ~Name() {
    OM_uint32 minor = 0;
    if (name != GSS_C_NO_NAME) gss_release_name(&minor, &name);
  }
  bool import(std::string_view text, gss_OID kind) {
    OM_uint32 minor = 0;
    auto buffer = buffer_of(text);
    return !GSS_ERROR(gss_import_name(&minor, &buffer, kind, &name));
  }
  gss_name_t name = GSS_C_NO_NAME;
};

std::string words_of(OM_uint32 status, int kind, gss_OID mechanism) {
  OM_uint32 minor = 0, more = 0;
  gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
  if (GSS_ERROR(gss_display_status(&minor, status, kind, mechanism, &more, &text))) return {};
  std::string words(static_cast<const char*>(text.value), text.length);
  gss_release_buffer(&minor, &text);
  return words;
}

}  // namespace

struct Negotiation::State {
  ~State() {
    OM_uint32 minor = 0;
    if (context != GSS_C_NO_CONTEXT) gss_delete_sec_context(&minor, &context, GSS_C_NO_BUFFER);
    if (credential != GSS_C_NO_CREDENTIAL) gss_release_cred(&minor, &credential);
  }
  // 1.3.6.1.4.1.311.2.2.10
  char ntlm[10] = {'\x2b', '\x06', '\x01', '\x04', '\x01', '\x82', '\x37', '\x02', '\x02', '\x0a'};
  gss_OID_desc mechanism{sizeof ntlm, ntlm};
  gss_cred_id_t credential = GSS_C_NO_CREDENTIAL;
  gss_ctx_id_t context = GSS_C_NO_CONTEXT;
  Name target;
};

Negotiation::Negotiation(std::unique_ptr<State> state) : state_(std::move(state)) {}
Negotiation::Negotiation(Negotiation&&) noexcept = default;
Negotiation::~Negotiation() = default;

Result<Negotiation> Negotiation::begin(const std::string& user, const SecretPtr& password) {
  auto state = std::make_unique<State>();
  Name name;
  bool named = name.import(user, GSS_C_NT_USER_NAME) &&
               state->target.import("HTTP@host", GSS_C_NT_HOSTBASED_SERVICE);
  if (!named) return fail(Code::invalid, "'{}' is no user's name", user);
  auto word = buffer_of(password ? password->text() : std::string_view());
  gss_OID_set_desc mechanisms{1, &state->mechanism};
  OM_uint32 minor = 0;
  auto got = gss_acquire_cred_with_password(&minor, name.name, &word, GSS_C_INDEFINITE, &mechanisms,
                                            GSS_C_INITIATE, &state->credential, nullptr, nullptr);
  if (GSS_ERROR(got))
    return fail(Code::unsupported, "NTLM cannot be had here: install gss-ntlmssp on this host ({})",
                words_of(got, GSS_C_GSS_CODE, GSS_C_NO_OID));
  return Negotiation(std::move(state));
}

Result<std::string> Negotiation::step(std::string_view received) {
  auto& s = *state_;
  auto in = buffer_of(received);
  gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
  OM_uint32 minor = 0;
  auto done =
      gss_init_sec_context(&minor, s.credential, &s.context, s.target.name, &s.mechanism, 0, 0,
                           GSS_C_NO_CHANNEL_BINDINGS, received.empty() ? GSS_C_NO_BUFFER : &in,
                           nullptr, &out, nullptr, nullptr);
  std::string token(static_cast<const char*>(out.value), out.length);
  OM_uint32 ignored = 0;
  gss_release_buffer(&ignored, &out);
  if (GSS_ERROR(done))
    return fail(Code::corrupt, "NTLM: {}: {}", words_of(done, GSS_C_GSS_CODE, GSS_C_NO_OID),
                words_of(minor, GSS_C_MECH_CODE, &s.mechanism));
  return token;
}

}  // namespace truce::hyperv
