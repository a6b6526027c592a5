// Any path finds a row whose parameters are not empty and hold no '/', or a clean refusal.
#include "http/router.h"

using namespace truce::http;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  static const Router router = [] {
    Router made;
    made.add("GET", "/", 0);
    made.add("GET", "/v1/vms", 1);
    made.add("GET", "/v1/vms/{name}", 2);
    made.add("GET", "/v1/vms/all", 3);
    made.add("POST", "/v1/vms/{name}/start", 4);
    made.add("GET", "/v1/{noun}/{name}/{verb}", 5);
    return made;
  }();
  std::string_view path(reinterpret_cast<const char*>(bytes), size);
  auto found = router.find("GET", path);
  if (!found) {
    auto status = router.refusal("GET", path).status;
    TRUCE_ASSERT(status == 404 || status == 405, "a refusal is 404 or 405");
    return 0;
  }
  TRUCE_ASSERT(found->row != 3 || path == "/v1/vms/all", "a literal matches itself only");
  for (const auto& [name, value] : found->parameters) {
    TRUCE_ASSERT(!value.empty() && value.find('/') == std::string::npos,
                 "a parameter is one segment");
  }
  return 0;
}
