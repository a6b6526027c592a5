// What a command of the CLI is, as data; the rows are in generated/commands.h.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace truce::cli {

/// Where a value goes: into the path, the query or the JSON body of the request, or nowhere (the
/// command itself uses it).
enum class Where { path, query, body, local };
enum class Kind { text, integer, number, share, boolean, bytes, time, choice, list, map, object };

/// One word or option of a command.
struct Input {
  std::string_view name;  ///< in the API
  std::string_view flag;  ///< on the command line, without `--`
  std::string_view alias = {};
  Where where = Where::local;
  Kind kind = Kind::text;
  bool word = false;  ///< taken by its place instead of as an option
  bool required = false;
  bool file = false;    ///< the value names a file whose content is sent
  bool secret = false;  ///< so is this one's, but for the end of its last line; asked for if absent
  std::string_view help;
  std::string_view default_text = {}, limits = {}, value = {};
  std::string_view completes = {};  ///< the noun whose names it takes
  std::span<const std::string_view> choices = {};
};

/// The alias as it is typed: `-f`, `--follow`.
inline std::string dashed_alias(const Input& input) {
  return (input.alias.size() == 1 ? "-" : "--") + std::string(input.alias);
}

/// What an operation answers, and so what the command does with it.
enum class Answer { nothing, object, page, task };

struct CommandRow {
  std::string_view noun, verb;
  std::string_view summary, description, usage;
  std::string_view method = {}, path = {};  ///< empty: written by hand
  Answer answer = Answer::nothing;
  std::string_view shown = {};  ///< name of the ShownObject
  std::span<const Input> inputs = {};
  std::span<const std::string_view> columns = {};  ///< of its table
  std::span<const std::string_view> examples = {};
  bool rest = false;  ///< takes all that stands after `--`
};

struct Noun {
  std::string_view name, help;
};

/// A field of what is shown. `item` is the kind of a list's or map's items; `object` their schema.
struct ShownField {
  std::string_view name;
  Kind kind = Kind::text;
  Kind item = Kind::text;
  std::string_view object = {};
};
struct ShownObject {
  std::string_view name;
  std::span<const ShownField> fields;
};

}  // namespace truce::cli
