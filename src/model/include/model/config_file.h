// Only for truced: how the configuration file is read.
#pragma once

#include <CLI/CLI.hpp>
#include <istream>
#include <memory>
#include <string>
#include <vector>

#include "model/config_options.h"

namespace truce::model {

/// `key = value` lines. CLI11's own reader also takes lists, and hands an empty one on to options
/// that then read a value which is not there; here a key has one value or the file is refused.
class ConfigFile : public CLI::ConfigTOML {
 public:
  [[nodiscard]] std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    auto items = CLI::ConfigTOML::from_config(input);
    for (const auto& item : items) {
      bool section = item.name == "++" || item.name == "--";
      if (!section && item.inputs.size() != 1)
        throw CLI::ConfigError(item.fullname() + ": takes one value, not a list");
    }
    return items;
  }
};

/// Registers every option and `--config FILE`. A key that is no option is refused.
inline void add_options_and_file(CLI::App& app, Config& config) {
  app.set_config("--config", "", "Configuration file (key = value); options override it");
  app.config_formatter(std::make_shared<ConfigFile>());
  app.allow_config_extras(CLI::config_extras_mode::error);
  add_options(app, config);
}

}  // namespace truce::model
