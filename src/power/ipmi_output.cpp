#include "ipmi_output.h"

namespace truce::power {
namespace {

constexpr std::size_t longest_quote = 200;

// Its last line in print, for people.
std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.remove_suffix(1);
  auto start = text.find_last_of("\r\n");
  if (start != std::string_view::npos) text.remove_prefix(start + 1);
  std::string line;
  for (char c : text.substr(0, longest_quote)) line += c >= 0x20 && c < 0x7f ? c : '?';
  return line.empty() ? "nothing" : line;
}

// By what ipmitool 1.8 says with -v: whatever goes wrong, its status is 1.
Error refused(const Output& output) {
  std::string_view err = output.err;
  for (auto sign :
       {"RAKP 2 HMAC is invalid", "unauthorized name", "RAKP 4 message indicates an error"}) {
    if (err.contains(sign))
      return {Code::forbidden, "the management controller refuses this user or password", {}};
  }
  if (err.contains("insufficient privilege") || err.contains("Insufficient privilege"))
    return {Code::forbidden,
            "the management controller does not let this user switch power: it needs the "
            "privilege 'operator'",
            {}};
  if (err.contains("invalid authentication algorithm") ||
      err.contains("no matching cipher suite") || err.contains("invalid integrity algorithm"))
    return {Code::unsupported,
            "the management controller does not know this cipher suite: older ones "
            "know 3",
            {}};
  if (err.contains("Unable to establish"))
    return {Code::unavailable, "no management controller answers", {}};
  return {Code::unavailable,
          fmt::format("ipmitool: {}, {}", to_string(output.status), last_line(err)),
          {}};
}

}  // namespace

Result<PowerState> read_power_status(const Output& output) {
  if (!output.status.success()) return std::unexpected(refused(output));
  bool on = output.out.contains("Chassis Power is on");
  bool off = output.out.contains("Chassis Power is off");
  if (on == off)
    return fail(Code::corrupt, "ipmitool says neither that it is on nor that it is off: {}",
                last_line(output.out));
  return on ? PowerState::on : PowerState::off;
}

Result<void> read_power_order(const Output& output) {
  if (!output.status.success()) return std::unexpected(refused(output));
  if (!output.out.contains("Chassis Power Control: "))
    return fail(Code::corrupt, "ipmitool does not say that the order was taken: {}",
                last_line(output.out));
  return {};
}

}  // namespace truce::power
