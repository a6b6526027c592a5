// What is a key, and what is the name of one.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace truce::storage {

Result<void> check_key_name(std::string_view name);

/// What was read, without the line break at its end, where that is a key. Errors say nothing of
/// what it is. One byte more than longest_key is enough to be read.
Result<SecretPtr> as_key(std::unique_ptr<Secret> read);

}  // namespace truce::storage
