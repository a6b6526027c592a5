#include "qemu_img.h"

#include <charconv>

#include "base/process.h"
#include "line_process.h"

namespace truce::storage {

namespace {

constexpr auto quick = Duration(60s);
// A bound for a copy of the largest disk over the slowest storage.
constexpr auto long_copy = Duration(24h);

// qemu-img -p writes "    (12.34/100%)".
OnLine percent_of(std::function<void(double)> progress) {
  return [progress = std::move(progress)](std::string_view line) {
    auto at = line.find('(');
    double percent = 0;
    if (at == line.npos || !progress) return;
    auto [end, ec] = std::from_chars(line.data() + at + 1, line.data() + line.size(), percent);
    if (ec == std::errc() && percent >= 0 && percent <= 100) progress(percent / 100);
  };
}

// Our end of the child's descriptor 3, as a path that no rename can turn elsewhere.
constexpr const char* source_in_child = "/proc/self/fd/3";

Command confined(const Fd& source, std::vector<std::string> argv) {
  Command command;
  command.argv = std::move(argv);
  command.descriptors = {{source.get(), 3}};
  command.file_rules = FileRules{{"/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache",
                                  "/dev/urandom", fmt::format("/proc/self/fd/{}", source.get())},
                                 {"/dev/null"}};
  return command;
}

// qemu-img would fill what a cut-off file lacks with zeros; its check notices.
Async<Result<void>> check_source(const Fd& source, std::string format) {
  auto output = co_await run(
      confined(source, {"qemu-img", "check", "-q", "-f", format, source_in_child}), long_copy);
  if (!output) co_return std::unexpected(std::move(output).error());
  constexpr int clean = 0, leaks_only = 3, no_check_for_format = 63;
  auto code = output->status.code.value_or(-1);
  if (code == clean || code == leaks_only || code == no_check_for_format) co_return Result<void>();
  auto text = output->err.empty() ? output->out : output->err;
  co_return fail(Code::corrupt, "the {} image is damaged: {}", format,
                 text.empty() ? to_string(output->status) : text.substr(0, text.find('\n')));
}

}  // namespace

Async<Result<void>> make_qcow2(std::filesystem::path path, Bytes size,
                               std::filesystem::path backing) {
  Command command;
  command.argv = {"qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=65536"};
  if (!backing.empty()) {
    command.argv.insert(command.argv.end(), {"-F", "qcow2", "-b", backing.string()});
  }
  command.argv.push_back(path.string());
  command.argv.push_back(std::to_string(size.count));
  CO_TRY_VOID(co_await run_checked(std::move(command), quick));
  co_return Result<void>();
}

Async<Result<void>> grow_qcow2(std::filesystem::path path, Bytes size) {
  Command command;
  command.argv = {
      "qemu-img", "resize", "-q", "-f", "qcow2", path.string(), std::to_string(size.count)};
  CO_TRY_VOID(co_await run_checked(std::move(command), quick));
  co_return Result<void>();
}

Async<Result<void>> copy_qcow2(std::filesystem::path from, std::filesystem::path to,
                               std::function<void(double)> progress) {
  Command command;
  command.argv = {"qemu-img", "convert", "-p",          "-f",       "qcow2",
                  "-O",       "qcow2",   from.string(), to.string()};
  co_return co_await run_with_lines(std::move(command), long_copy, percent_of(std::move(progress)));
}

Async<Result<void>> import_image(const Fd& source, ImageKind kind, std::filesystem::path to,
                                 std::function<void(double)> progress) {
  std::string format(qemu_format(kind));
  if (format != "raw") CO_TRY_VOID(co_await check_source(source, format));
  auto command =
      confined(source, {"qemu-img", "convert", "-p", "-f", format, "-O",
                        kind == ImageKind::iso ? "raw" : "qcow2", source_in_child, to.string()});
  command.file_rules->read_write.push_back(to.parent_path());
  co_return co_await run_with_lines(std::move(command), long_copy, percent_of(std::move(progress)));
}

}  // namespace truce::storage
