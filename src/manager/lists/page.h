// A page of a list as it is sent.
#pragma once

#include "http/http.h"
#include "inventory.h"

namespace truce::manager {

/// Written from the stored texts: a page of 500 is a copy, not 500 conversions.
class Page {
 public:
  explicit Page(store::Revision revision) {
    response_.body = fmt::format("{{\"revision\":{},\"items\":[", revision);
  }
  void add(const std::string& text) {
    if (count_++ > 0) response_.body += ',';
    response_.body += text;
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  /// `next` is the name that the next page begins behind, empty at the end; `total` how many match,
  /// where that was asked for.
  http::Response take(std::string_view next, std::optional<std::size_t> total = std::nullopt) {
    response_.body +=
        fmt::format("],\"next\":{}", boost::json::serialize(boost::json::string(next)));
    if (total) response_.body += fmt::format(",\"total\":{}", *total);
    response_.body += '}';
    return std::move(response_);
  }

 private:
  http::Response response_;
  std::size_t count_ = 0;
};

}  // namespace truce::manager
