#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>

namespace truce {

void start_log(std::string_view level) {
  auto log = spdlog::stderr_logger_mt("truce");
  log->set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
  log->set_level(spdlog::level::from_str(std::string(level)));
  spdlog::set_default_logger(std::move(log));
}

}  // namespace truce
