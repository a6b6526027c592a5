// What truced was told, by its words and its configuration file, and what follows from that.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "manager/manager.h"
#include "model/config.h"

namespace CLI {
class App;
}

namespace truce {

struct Options {
  std::vector<std::string> words;
  model::Config config;
  std::map<std::string, std::string> values;  ///< of all options that have a row in the schema
  std::string restore;                        ///< a backup to put in the store's place
  std::string recover_alone;                  ///< managers that are lost, with commas between
};

/// Makes the options known to the parser, which writes what it reads into `options`.
void describe(CLI::App& app, Options& options);

/// Code::invalid with the parser's own sentence; also for --help and --version, which are no
/// options of the daemon.
Result<Options> read_options(std::vector<std::string> words);

/// What the options' own checks cannot see, before anything is made. Code::invalid.
Result<void> check(const model::Config& config);

Result<LogSettings> log_settings(const model::Config& config);
/// The id of the administrators' group, when one is named; Code::invalid when there is none such.
Result<std::optional<unsigned>> admin_group(const model::Config& config);
manager::Limits limits_of(const model::Config& config);

/// The system's host name, without its domain.
std::string host_name();

}  // namespace truce
