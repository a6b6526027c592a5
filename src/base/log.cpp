#include "base/log.h"

#include <fcntl.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/string.hpp>
#include <cstdlib>

#include "base/file.h"
#include "base/random.h"
#include "base/time.h"

namespace truce {
namespace {

/// The request of the entry that this thread is writing.
thread_local std::string_view request_of_entry;

std::string quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string(text));
}

/// Whether standard error is a stream of the journal. [systemd.exec(5), $JOURNAL_STREAM]
bool is_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status{};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

/// Priorities of syslog(3).
int priority_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::critical:
      return 2;
    case spdlog::level::err:
      return 3;
    case spdlog::level::warn:
      return 4;
    case spdlog::level::info:
      return 6;
    default:
      return 7;
  }
}

class LogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  Result<void> apply(const LogSettings& settings) {
    Fd file;
    if (!settings.file.empty()) {
      TRY(file, open_file(settings.file, O_WRONLY | O_CREAT | O_APPEND, 0640));
    }
    std::lock_guard lock(mutex_);
    file_ = std::move(file);
    format_ = settings.format;
    journal_ = !file_ && is_journal();
    return {};
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& entry) override {
    auto line = line_of(entry);
    int to = file_ ? file_.get() : STDERR_FILENO;
    // A full disk costs lines of the log and nothing else.
    while (::write(to, line.data(), line.size()) < 0 && errno == EINTR) {
    }
  }
  void flush_() override {}

 private:
  std::string line_of(const spdlog::details::log_msg& entry) {
    auto time = std::chrono::time_point_cast<Time::duration>(entry.time);
    auto level = spdlog::level::to_string_view(entry.level);
    std::string_view word(level.data(), level.size());
    std::string_view message(entry.payload.data(), entry.payload.size());
    auto request = request_of_entry;
    std::string line = journal_ ? fmt::format("<{}>", priority_of(entry.level)) : "";
    auto out = std::back_inserter(line);
    switch (format_) {
      case LogFormat::text:
        if (!journal_) fmt::format_to(out, "{} ", to_string(time));
        fmt::format_to(out, "{} {}", word, message);
        if (!request.empty()) fmt::format_to(out, " [{}]", request);
        break;
      case LogFormat::logfmt:
        if (!journal_) fmt::format_to(out, "time={} ", to_string(time));
        fmt::format_to(out, "level={} ", word);
        if (!request.empty()) fmt::format_to(out, "request={} ", request);
        fmt::format_to(out, "msg={}", quoted(message));
        break;
      case LogFormat::json:
        fmt::format_to(out, R"({{"time":"{}","level":"{}",)", to_string(time), word);
        if (!request.empty()) fmt::format_to(out, R"("request":"{}",)", request);
        fmt::format_to(out, R"("msg":{}}})", quoted(message));
        break;
    }
    // One entry is one line, and no terminal takes orders from it; the others are quoted.
    std::ranges::replace_if(line, [](char c) { return c >= 0 && c < ' '; }, ' ');
    return line + '\n';
  }

  Fd file_;
  LogFormat format_ = LogFormat::text;
  bool journal_ = false;
};

}  // namespace

Result<void> start_log(const LogSettings& settings) {
  // One for the whole life: other threads may be writing to it.
  static auto sink = std::make_shared<LogSink>();
  static auto log = std::make_shared<spdlog::logger>("truce", sink);
  TRY_VOID(sink->apply(settings));
  log->set_level(spdlog::level::from_str(settings.level));
  if (spdlog::default_logger_raw() != log.get()) spdlog::set_default_logger(log);
  return {};
}

void start_log(std::string_view level) {
  (void)start_log(LogSettings{.level = std::string(level)});  // standard error needs no opening
}

void log_for(std::string_view request, spdlog::level::level_enum level, std::string_view message) {
  request_of_entry = request;
  spdlog::log(level, "{}", message);
  request_of_entry = {};
}

bool is_request_id(std::string_view text) {
  constexpr std::size_t longest = 64;
  return !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

std::string new_request_id() {
  return "r-" + random_hex(8);
}

}  // namespace truce
