#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/process.h"

namespace truce::etcd {

/// The process of that user (anybody's, when this program is not root) that was started with
/// `word` among its words, if there is one.
Result<std::optional<Process>> find_process(const std::string& word, std::optional<uid_t> user);

}  // namespace truce::etcd
