#include "upkeep/redact.h"

#include <algorithm>
#include <array>

namespace truce::manager {
namespace {

constexpr std::string_view removed = "[removed]";

// Parts of names of keys, in lower case.
constexpr std::array<std::string_view, 9> secret_words{"passw",  "passphrase",  "secret",
                                                       "token",  "credential",  "api_key",
                                                       "apikey", "private_key", "chpasswd"};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool in_name(char c) {
  auto small = lower(c);
  return (small >= 'a' && small <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool hexadecimal(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool in_value(char c) {
  return c != ' ' && c != '\t' && c != '\n' && c != '\r' && c != '"' && c != '\'' && c != ',' &&
         c != '\\';
}

class Redaction {
 public:
  explicit Redaction(std::string_view text) : text_(text) {}

  std::string all() {
    while (at_ < text_.size()) {
      if (private_key() || our_token() || hash() || bearer() || password_of_url() || named())
        continue;
      out_ += text_[at_++];
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool here(std::string_view word) const {
    if (text_.size() - at_ < word.size()) return false;
    return std::ranges::equal(text_.substr(at_, word.size()), word,
                              [](char a, char b) { return lower(a) == b; });
  }
  [[nodiscard]] bool begins_word() const { return at_ == 0 || !in_name(text_[at_ - 1]); }

  void skip_value() {
    while (at_ < text_.size() && in_value(text_[at_])) ++at_;
  }

  /// From `-----BEGIN ... PRIVATE KEY-----` to the end of the block, also where lines are `\n`.
  bool private_key() {
    if (!here("-----begin ")) return false;
    auto head = text_.substr(at_, 80);
    if (!head.substr(0, head.find_first_of("\n\\")).contains("PRIVATE KEY")) return false;
    auto end = text_.find("-----END ", at_);
    auto last = end == text_.npos ? text_.npos : text_.find("-----", end + 9);
    at_ = last == text_.npos ? text_.size() : last + 5;
    out_ += removed;
    return true;
  }

  bool our_token() {
    constexpr std::string_view front = "truce-";
    constexpr std::size_t digits = 32;
    if (!begins_word() || !here(front)) return false;
    auto rest = text_.substr(at_ + front.size());
    std::size_t length = 0;
    while (length < rest.size() && hexadecimal(rest[length])) ++length;
    if (length < digits) return false;
    at_ += front.size() + length;
    out_ += removed;
    return true;
  }

  /// `$6$salt$...`, `$y$...`: [crypt(5)]
  bool hash() {
    if (text_[at_] != '$') return false;
    auto second = text_.substr(at_ + 1).find('$');
    if (second == text_.npos || second == 0 || second > 8) return false;
    auto before = at_;
    skip_value();
    constexpr std::size_t shortest = 20;
    if (at_ - before < shortest) {
      at_ = before;
      return false;
    }
    out_ += removed;
    return true;
  }

  bool bearer() {
    for (std::string_view scheme : {"bearer ", "basic "}) {
      if (!begins_word() || !here(scheme)) continue;
      out_ += text_.substr(at_, scheme.size());
      at_ += scheme.size();
      auto before = at_;
      skip_value();
      if (at_ > before) out_ += removed;
      return true;
    }
    return false;
  }

  /// `https://user:word@host`
  bool password_of_url() {
    if (!here("://")) return false;
    auto rest = text_.substr(at_ + 3);
    rest = rest.substr(0, rest.find_first_of("/ \t\n\"'"));
    auto mark = rest.rfind('@');
    auto colon = rest.find(':');
    if (mark == rest.npos || colon == rest.npos || colon > mark) return false;
    out_ += text_.substr(at_, 3 + colon + 1);
    out_ += removed;
    at_ += 3 + mark;
    return true;
  }

  /// A name that says it, a separator, and a value: the value goes.
  bool named() {
    if (!begins_word() || !in_name(text_[at_])) return false;
    auto end = at_;
    std::string name;
    while (end < text_.size() && in_name(text_[end])) name += lower(text_[end++]);
    bool secret = std::ranges::any_of(secret_words, [&](auto word) { return name.contains(word); });
    out_ += text_.substr(at_, end - at_);
    at_ = end;
    if (secret) value_after_name(name.starts_with('-'));
    return true;
  }

  /// An option of a command line has its value after a space, too. QEMU's `-object secret,...` is
  /// one as a whole.
  void value_after_name(bool option) {
    auto end = at_;
    if (end < text_.size() && text_[end] == ',' && text_.substr(0, end).ends_with("secret")) {
      while (at_ < text_.size() && text_[at_] != ' ' && text_[at_] != '\n') ++at_;
      out_ += "," + std::string(removed);
      return;
    }
    bool separated = option;
    bool sign = false;
    while (end < text_.size() && (std::string_view("\"'\\ \t").contains(text_[end]) ||
                                  ((text_[end] == ':' || text_[end] == '=') && !sign))) {
      sign = sign || text_[end] == ':' || text_[end] == '=';
      separated = separated || sign;
      ++end;
    }
    if (!separated || end == text_.size()) return;
    out_ += text_.substr(at_, end - at_);
    bool in_quotes = text_[end - 1] == '"' || text_[end - 1] == '\'';
    at_ = end;
    if (in_quotes) {
      auto quote = text_[end - 1];
      while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') ++at_;
    } else {
      skip_value();
    }
    if (at_ > end) out_ += removed;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string redacted(std::string_view text) {
  return Redaction(text).all();
}

}  // namespace truce::manager
