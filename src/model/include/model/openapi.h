#pragma once

#include <string_view>

namespace truce::model {

/// The API's description (OpenAPI 3.1) as JSON text: what GET /v1/openapi.json answers.
std::string_view openapi_json();

}  // namespace truce::model
