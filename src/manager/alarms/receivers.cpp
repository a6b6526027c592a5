#include "alarms/receivers.h"

#include <algorithm>
#include <map>

#include "alarms/url.h"

namespace truce::manager {
namespace {

constexpr std::string_view hidden = "/…";

std::string shown_alone(const std::string& webhook) {
  auto url = read_url(webhook).value_or(Url{});  // was checked before it was kept
  return fmt::format("{}://{}{}{}{}", url.scheme, url.host, url.port.empty() ? "" : ":", url.port,
                     hidden);
}

bool of_atom(char c) {
  constexpr std::string_view others = "!#$%&'*+-/=?^_`{|}~.";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         others.contains(c);
}

bool of_domain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.';
}

// No empty part between, before or after dots.
bool dotted(std::string_view text) {
  return !text.empty() && text.front() != '.' && text.back() != '.' && !text.contains("..");
}

bool none(const std::vector<std::string>& wish) {
  return wish.size() == 1 && wish.front().empty();
}

/// Each of a wish by `read`, with the field of the one at fault; none twice.
template <class Read>
Result<std::vector<std::string>> each(const std::vector<std::string>& wish, std::string_view field,
                                      Read read) {
  std::vector<std::string> all;
  if (none(wish)) return all;
  for (std::size_t i = 0; i < wish.size(); ++i) {
    auto at = fmt::format("/{}/{}", field, i);
    Result<std::string> one = read(wish[i]);
    if (!one) return fail_field(std::move(at), std::move(one).error().message);
    if (std::ranges::find(all, *one) != all.end())
      return fail_field(std::move(at), "is there twice");
    all.push_back(*std::move(one));
  }
  return all;
}

}  // namespace

Result<void> check_webhook(const std::string& text) {
  auto wrong = [](std::string_view why) { return fail(Code::invalid, "{}", why); };
  bool printable = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127; });
  if (text.contains(hidden))
    return wrong("is a webhook as it is shown, but none of this alarm: give its whole URL");
  if (!printable) return wrong("must be a URL, without spaces, in ASCII");
  auto url = read_url(text).value_or(Url{});
  if ((url.scheme != "http" && url.scheme != "https") || url.host.empty())
    return wrong("must be a URL: https://HOST/PATH");
  return {};
}

Result<void> check_mail(std::string_view address) {
  auto at = address.find('@');
  auto local = address.substr(0, std::min(at, address.size()));
  auto domain = at == address.npos ? std::string_view() : address.substr(at + 1);
  bool good = dotted(local) && local.size() <= 64 && std::ranges::all_of(local, of_atom) &&
              dotted(domain) && domain.size() <= 253 && std::ranges::all_of(domain, of_domain);
  if (!good) return fail(Code::invalid, "must be a mail address: NAME@DOMAIN, in ASCII");
  return {};
}

std::vector<std::string> shown_webhooks(const std::vector<std::string>& webhooks) {
  std::vector<std::string> all;
  std::map<std::string, int> counts;
  for (const auto& webhook : webhooks) {
    auto text = shown_alone(webhook);
    auto count = ++counts[text];
    all.push_back(count == 1 ? text : fmt::format("{}({})", text, count));
  }
  return all;
}

Result<std::vector<std::string>> wanted_webhooks(const std::vector<std::string>& wish,
                                                 const std::vector<std::string>& kept) {
  auto masks = shown_webhooks(kept);
  return each(wish, "webhook", [&](const std::string& text) -> Result<std::string> {
    auto mask = std::ranges::find(masks, text);
    if (mask != masks.end()) return kept[static_cast<std::size_t>(mask - masks.begin())];
    TRY_VOID(check_webhook(text));
    return text;
  });
}

Result<std::vector<std::string>> wanted_mail(const std::vector<std::string>& wish) {
  return each(wish, "mail", [](const std::string& text) -> Result<std::string> {
    TRY_VOID(check_mail(text));
    return text;
  });
}

}  // namespace truce::manager
