#include "invocation.h"

#include <CLI/CLI.hpp>

#include "generated/commands.h"
#include "help.h"
#include "model/nearest.h"

namespace truce::cli {
namespace {

std::string guess_text(std::string_view word, std::span<const std::string_view> known) {
  auto guess = model::nearest(word, known);
  return guess.empty() ? std::string() : fmt::format("; did you mean '{}'?", guess);
}

const Input* find_input(std::span<const Input> inputs, std::string_view flag) {
  for (const auto& input : inputs) {
    if (!input.word && (input.flag == flag || (!input.alias.empty() && input.alias == flag))) {
      return &input;
    }
  }
  return nullptr;
}

/// The words of a command line, taken apart before any option is looked at.
struct Split {
  std::string noun, verb;
  std::vector<std::string> words;  ///< all others before `--`
  std::vector<std::string> rest;   ///< all after it
  bool separated = false;
};

/// Whether `word` is an option of every command that takes the next word as its value.
bool takes_next(std::string_view word) {
  if (!word.starts_with("--") || word.contains('=')) return false;
  const auto* input = find_input(everywhere_inputs, word.substr(2));
  return input != nullptr && input->kind != Kind::boolean;
}

Split split(const std::vector<std::string>& words) {
  Split out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& word = words[i];
    if (word == "--") {
      out.separated = true;
      out.rest.assign(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      break;
    }
    bool option = word.size() > 1 && word[0] == '-';
    bool simple = !out.noun.empty() && find_command(out.noun, "").has_value();
    if (!option && out.noun.empty()) {
      out.noun = word;
    } else if (!option && out.verb.empty() && !simple) {
      out.verb = word;
    } else {
      out.words.push_back(word);
      bool begins = out.noun.empty() || (out.verb.empty() && !simple);
      if (option && begins && takes_next(word) && i + 1 < words.size())
        out.words.push_back(words[++i]);
    }
  }
  return out;
}

bool wants(const Split& split, std::string_view option) {
  return std::ranges::find(split.words, option) != split.words.end();
}

/// Names an option that the command does not have, better than a parser of any command line can.
Result<void> check_options(const CommandRow& row, const std::vector<std::string>& words) {
  std::vector<std::string> known;
  for (auto inputs : {row.inputs, std::span<const Input>(everywhere_inputs)}) {
    for (const auto& input : inputs) {
      if (!input.word) known.push_back("--" + std::string(input.flag));
      if (!input.alias.empty()) known.push_back(dashed_alias(input));
    }
  }
  std::vector<std::string_view> names(known.begin(), known.end());
  for (const auto& word : words) {
    auto name = std::string_view(word).substr(0, word.find('='));
    if (!name.starts_with("--") || std::ranges::find(names, name) != names.end()) continue;
    return fail(Code::invalid, "option {} is not known{}", name, guess_text(name, names));
  }
  return {};
}

/// Registers an input with CLI11; the values are fetched as text afterwards.
CLI::Option* add_input(CLI::App& app, const Input& input) {
  std::string name = (input.word ? "" : "--") + std::string(input.flag);
  if (!input.alias.empty()) name += "," + dashed_alias(input);
  if (input.kind == Kind::boolean) return app.add_flag(name);
  auto* option = app.add_option(name);
  option->required(input.required && !input.secret);
  if (input.kind == Kind::list || input.kind == Kind::map) {
    option->expected(1, CLI::detail::expected_max_vector_size)->allow_extra_args(false);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  if (!input.choices.empty()) {
    option->check(
        CLI::IsMember(std::vector<std::string>(input.choices.begin(), input.choices.end())));
  }
  return option;
}

Result<Given> parse_options(const CommandRow& row, std::vector<std::string> words) {
  CLI::App app;
  app.set_help_flag();
  std::vector<std::pair<std::string_view, const CLI::Option*>> options;
  for (auto inputs : {row.inputs, std::span<const Input>(everywhere_inputs)}) {
    for (const auto& input : inputs) options.emplace_back(input.flag, add_input(app, input));
  }
  for (std::size_t i = 0; i < words.size();
       ++i) {  // CLI11 takes `--iso=` for `--iso` without value
    if (!words[i].starts_with("--") || words[i].find('=') != words[i].size() - 1) continue;
    words[i].pop_back();
    words.insert(words.begin() + static_cast<std::ptrdiff_t>(++i), "");
  }
  try {
    std::ranges::reverse(words);  // CLI11 takes them from the back
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    return fail(Code::invalid, "{}", error.what());
  }
  Given given;
  for (const auto& [flag, option] : options) {
    if (option->count() > 0) given[std::string(flag)] = option->results();
  }
  return given;
}

Style style_of(std::string_view name) {
  if (name == "json") return Style::json;
  if (name == "yaml") return Style::yaml;
  return name == "csv" ? Style::csv : Style::table;
}

std::string take(Given& given, std::string_view flag) {
  auto found = given.find(flag);
  if (found == given.end()) return {};
  auto value = found->second.front();
  given.erase(found);
  return value;
}

Result<Invocation> read_command(const CommandRow& row, Split split) {
  Invocation out{.row = &row};
  if (split.separated && !row.rest) {  // `--` then only ends the options
    split.words.insert(split.words.end(), split.rest.begin(), split.rest.end());
    split.rest.clear();
  }
  TRY_VOID(check_options(row, split.words));
  TRY(out.given, parse_options(row, std::move(split.words)));
  if (row.rest && split.rest.empty()) {
    return fail(Code::invalid, "the command to run is missing; write it after --");
  }
  out.rest = std::move(split.rest);
  out.url = take(out.given, "url");
  out.token = take(out.given, "token");
  out.style = style_of(take(out.given, "format"));
  out.quiet = !take(out.given, "quiet").empty();
  out.wait = take(out.given, "no-wait").empty();
  return out;
}

}  // namespace

std::string Invocation::value(std::string_view flag, std::string_view fallback) const {
  auto found = given.find(flag);
  return found == given.end() ? std::string(fallback) : found->second.front();
}

std::vector<std::string> Invocation::values(std::string_view flag) const {
  auto found = given.find(flag);
  return found == given.end() ? std::vector<std::string>() : found->second;
}

Result<const CommandRow*> find_command(std::string_view noun, std::string_view verb) {
  std::vector<std::string_view> known_nouns, known_verbs;
  for (const auto& row : commands) {
    if (row.noun == noun && row.verb == verb) return &row;
    known_nouns.push_back(row.noun);
    if (row.noun == noun) known_verbs.push_back(row.verb);
  }
  if (known_verbs.empty()) {
    return fail(Code::invalid, "there is no command '{}'{} (see: truce help)", noun,
                guess_text(noun, known_nouns));
  }
  if (verb.empty()) return fail(Code::invalid, "say what to do (see: truce help {})", noun);
  return fail(Code::invalid, "there is no '{} {}'{} (see: truce help {})", noun, verb,
              guess_text(verb, known_verbs), noun);
}

const ShownObject* find_shown(std::string_view name) {
  for (const auto& object : shown_objects) {
    if (object.name == name) return &object;
  }
  return nullptr;
}

Result<std::variant<Invocation, Text>> read_words(const std::vector<std::string>& words) {
  auto parts = split(words);
  if (wants(parts, "--version")) return Text{"truce " TRUCE_VERSION "\n"};
  bool help = wants(parts, "--help") || wants(parts, "-h");
  if (parts.noun.empty()) return Text{help_text()};
  if (parts.noun == "help") {
    parts.words.resize(std::min<std::size_t>(parts.words.size(), 2));
    parts.words.resize(2);
    parts.noun = parts.words[0];
    parts.verb = parts.words[1];
    help = true;
  }
  if (help) {
    TRY(auto text, help_text(parts.noun, parts.verb));
    return Text{std::move(text)};
  }
  TRY(const auto* row, find_command(parts.noun, parts.verb));
  auto read = read_command(*row, std::move(parts));
  if (!read) {
    auto name =
        row->verb.empty() ? std::string(row->noun) : fmt::format("{} {}", row->noun, row->verb);
    return fail(Code::invalid, "{}: {} (usage: {})", name, read.error().message, row->usage);
  }
  return *std::move(read);
}

}  // namespace truce::cli
