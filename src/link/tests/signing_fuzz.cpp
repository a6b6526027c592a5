// Whatever asks for a certificate: what is signed says what the authority was told, and no more.
#include "link/authority.h"

using namespace truce::link;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  static const Authority authority = Authority::make("estate").value();
  auto pem = authority.sign({reinterpret_cast<const char*>(bytes), size}, {.host = "h1"});
  if (!pem) {
    TRUCE_ASSERT(pem.error().code == truce::Code::invalid, "it is the request's fault");
    return 0;
  }
  auto said = read_certificate(*pem);
  TRUCE_ASSERT(said && said->host == "h1" && said->name == "h1", "it says what it was told to");
  TRUCE_ASSERT(said->authority_key == authority.certificate().key_id, "it is of this authority");
  return 0;
}
