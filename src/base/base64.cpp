#include "base/base64.h"

#include <openssl/evp.h>

namespace truce {

std::string base64_encode(std::string_view data) {
  std::string text(4 * ((data.size() + 2) / 3) + 1, '\0');  // OpenSSL adds a zero byte
  auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                              reinterpret_cast<const unsigned char*>(data.data()),
                              static_cast<int>(data.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

Result<std::string> base64_decode(std::string_view text) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  auto padding = text.size() - std::min(text.find_last_not_of('=') + 1, text.size());
  auto body = text.substr(0, text.size() - padding);
  if (text.size() % 4 != 0 || padding > 2 || body.find_first_not_of(alphabet) != body.npos) {
    return fail(Code::invalid, "not base64");
  }
  std::string data(text.size() / 4 * 3, '\0');
  auto size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(data.data()),
                              reinterpret_cast<const unsigned char*>(text.data()),
                              static_cast<int>(text.size()));
  if (size < 0) return fail(Code::invalid, "not base64");
  data.resize(static_cast<std::size_t>(size) - padding);
  return data;
}

}  // namespace truce
