// What an address of a platform asks for, as far as the command line needs to know it, too.
#pragma once

#include <string_view>

namespace truce::model {

/// Whether a password belongs to it. libvirt takes one where it is reached by TLS and the address
/// names a user (SASL); ssh has keys, to a libvirt or to a server itself, and a socket of this host
/// asks nobody.
bool needs_password(std::string_view platform_address);

}  // namespace truce::model
