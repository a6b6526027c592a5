// The configuration file, as truced reads it: any bytes are taken or refused, nothing else.
#include <CLI/CLI.hpp>
#include <sstream>

#include "model/config.h"
#include "model/config_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  CLI::App app("", "truced");
  truce::model::Config config;
  truce::model::add_options_and_file(app, config);
  std::istringstream file(std::string(data, data + size));
  try {
    app.parse_from_stream(file);
  } catch (const CLI::Error&) {
    return 0;
  }
  // What was taken is within its row of the schema.
  if (config.uid_base < 1 || config.requests_per_second < 1 || config.task_history < 0 ||
      config.event_history < 0) {
    __builtin_trap();
  }
  return 0;
}
