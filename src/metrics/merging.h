// What SQLite is taught about cells: merge(a, b).
#pragma once

#include "store/database.h"

namespace truce::metrics {

Result<void> add_merging(store::Database& database);

}  // namespace truce::metrics
