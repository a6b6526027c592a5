// The last manager goes on alone.
#pragma once

#include "options.h"

namespace truce {

/// `--recover-alone HOST,HOST`: makes this host the only manager of its cluster, with what its own
/// member of etcd has, and ends. Refused unless all other managers are named, none of them answers,
/// there is no majority of etcd's members, and truced has ended. The exit status; what is wrong is
/// written to stderr.
int recover_alone(const Options& options);

}  // namespace truce
