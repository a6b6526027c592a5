#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "ipmi_output.h"

namespace truce::power {
namespace {

constexpr Duration longest_run = std::chrono::seconds(30);
constexpr std::size_t longest_password = 20, longest_user = 16;  // IPMI 2.0, 22.27 to 22.30

class Controller final : public PowerControl {
 public:
  explicit Controller(Ipmi address) : address_(std::move(address)) {}

  Async<Result<PowerState>> state() override {
    auto output = co_await tell("status");
    if (!output) co_return std::unexpected(std::move(output).error());
    co_return named(read_power_status(*output));
  }
  Async<Result<void>> wake() override { co_return co_await order("on"); }
  Async<Result<void>> off(Off how) override {
    co_return co_await order(how == Off::orderly ? "soft" : "off");
  }

 private:
  template <class T>
  Result<T> named(Result<T> result) const {
    if (!result) return std::unexpected(std::move(result).error().within(address_.host));
    return result;
  }

  Async<Result<void>> order(std::string word) {
    auto output = co_await tell(std::move(word));
    if (!output) co_return std::unexpected(std::move(output).error());
    co_return named(read_power_order(*output));
  }

  // The password goes by memory that only that process sees, not by its arguments or environment.
  [[nodiscard]] Result<Fd> password_file() const {
    Fd file(::memfd_create("password", MFD_CLOEXEC));
    if (!file) return fail_errno(errno, "memfd_create");
    auto text = address_.password->text();
    if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
      return fail_errno(errno, "write");
    ::lseek(file.get(), 0, SEEK_SET);
    return file;
  }

  Async<Result<Output>> tell(std::string word) {
    auto file = password_file();
    if (!file) co_return std::unexpected(std::move(file).error());
    Command command;
    command.argv = {address_.program,
                    "-v",
                    "-I",
                    "lanplus",
                    "-C",
                    fmt::format("{}", address_.cipher_suite),
                    "-H",
                    address_.host,
                    "-p",
                    fmt::format("{}", address_.port),
                    "-U",
                    address_.user,
                    "-L",
                    "OPERATOR",
                    "-R",
                    "2",
                    "-N",
                    "2",
                    "-f",
                    "/dev/fd/3",
                    "chassis",
                    "power",
                    std::move(word)};
    command.descriptors = {{file->get(), 3}};
    auto output = co_await run(std::move(command), longest_run);
    if (!output && output.error().code == Code::timeout)
      co_return fail(Code::unavailable, "{}: no management controller answers", address_.host);
    co_return named(std::move(output));
  }

  Ipmi address_;
};

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 255 && text[0] != '-' &&
         std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-' || c == ':' || c == '%';
         });
}

bool is_user(std::string_view text) {
  return text.size() <= longest_user && !text.starts_with('-') &&
         std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

}  // namespace

Result<std::unique_ptr<PowerControl>> make_control(asio::any_io_executor, Ipmi address) {
  if (!is_host(address.host) || address.port == 0)
    return fail(Code::invalid, "'{}' port {} is not the address of a management controller",
                address.host, address.port);
  if (!is_user(address.user))
    return fail(Code::invalid, "'{}' is not a user of IPMI: at most {} printable characters",
                address.user, longest_user);
  bool fits = address.password && !address.password->text().empty() &&
              address.password->text().size() <= longest_password &&
              address.password->text().find_first_of(std::string_view("\n\r\0", 3)) ==
                  std::string_view::npos;
  if (!fits)
    return fail(Code::invalid, "a password of IPMI has 1 to {} bytes, in one line",
                longest_password);
  if (address.cipher_suite != 3 && address.cipher_suite != 17)
    return fail(Code::invalid, "the cipher suite is 17 or, for older controllers, 3, not {}",
                address.cipher_suite);
  return std::make_unique<Controller>(std::move(address));
}

}  // namespace truce::power
