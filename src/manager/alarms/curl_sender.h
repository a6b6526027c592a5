// Messages by HTTP and SMTP, through libcurl.
#pragma once

#include <atomic>
#include <optional>

#include "manager/sender.h"

namespace truce::manager {

/// Certificates are verified against the system's, redirections are not followed, proxies are not
/// used. Ten seconds for a document, thirty for a mail; 64 KiB of an answer are read.
class CurlSender final : public Sender {
 public:
  /// `authorities`: a file in PEM instead of the system's; empty: the system's.
  explicit CurlSender(MailSettings settings, std::string authorities = {});
  ~CurlSender() override;
  CurlSender(const CurlSender&) = delete;
  CurlSender& operator=(const CurlSender&) = delete;

  Async<Result<void>> post(std::string url, std::string document) override;
  Async<Result<void>> mail(std::string to, std::string text) override;
  void stop() override { stopped_ = true; }

 private:
  Result<void> post_now(const std::string& url, const std::string& document) const;
  Result<void> mail_now(const std::string& to, const std::string& text) const;
  asio::thread_pool& workers();

  MailSettings settings_;
  std::string authorities_;
  std::atomic<bool> stopped_ = false;
  std::optional<asio::thread_pool> workers_;  ///< made when first needed: most never are
};

}  // namespace truce::manager
