// From the words of a command line to the row they call and the values they give.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "command.h"

namespace truce::cli {

/// Exit statuses that are promised to scripts.
enum class Exit : int { done = 0, failed = 1, usage = 2, no_answer = 3 };

enum class Style { table, json, yaml, csv };

/// Values by flag; a flag without a value is there with "true".
using Given = std::map<std::string, std::vector<std::string>, std::less<>>;

struct Invocation {
  const CommandRow* row = nullptr;
  Given given;
  std::vector<std::string> rest;  ///< what stands after `--`
  std::string url, token;
  Style style = Style::table;
  bool quiet = false;
  bool wait = true;

  [[nodiscard]] bool has(std::string_view flag) const { return given.contains(flag); }
  /// The (first) value, or `fallback`.
  [[nodiscard]] std::string value(std::string_view flag, std::string_view fallback = {}) const;
  /// All of them.
  [[nodiscard]] std::vector<std::string> values(std::string_view flag) const;
};

/// The command line asks for text only: help, version.
struct Text {
  std::string text;
};

/// Reads the words after the program's name. Code::invalid is wrong usage.
Result<std::variant<Invocation, Text>> read_words(const std::vector<std::string>& words);

/// The row of a noun and verb; a message with a guess when there is none.
Result<const CommandRow*> find_command(std::string_view noun, std::string_view verb);
/// The description of a shown object; null when there is none.
const ShownObject* find_shown(std::string_view name);

}  // namespace truce::cli
