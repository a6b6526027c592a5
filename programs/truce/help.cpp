#include "help.h"

#include "generated/commands.h"
#include "invocation.h"

namespace truce::cli {
namespace {

/// Two columns, the second wrapped to 80 characters and aligned.
std::string columns(const std::vector<std::pair<std::string, std::string>>& rows) {
  constexpr std::size_t line_width = 80, widest = 30;
  std::size_t width = 0;
  for (const auto& [left, right] : rows) {
    if (left.size() <= widest) width = std::max(width, left.size());
  }
  std::string out;
  for (const auto& [left, right] : rows) {
    out += fmt::format("  {:<{}}", left, width);
    std::size_t at = 4 + std::max(left.size(), width);
    if (left.size() > width) at = line_width;  // begins on a line of its own
    out += at == line_width ? "" : "  ";
    bool first = true;
    std::string_view text = right;
    while (!text.empty()) {
      auto space = std::min(text.find(' '), text.size());
      if (at + space + 1 > line_width) {
        out += fmt::format("\n{:{}}", "", width + 4);
        at = width + 4;
        first = true;
      }
      out += (first ? "" : " ") + std::string(text.substr(0, space));
      at += space + (first ? 0 : 1);
      first = false;
      text.remove_prefix(std::min(text.size(), space + 1));
    }
    out += '\n';
  }
  return out;
}

std::string left_of(const Input& input) {
  std::string text = "--" + std::string(input.flag);
  if (!input.alias.empty()) text += ", " + dashed_alias(input);
  if (!input.value.empty()) text += " " + std::string(input.value);
  return text;
}

std::string right_of(const Input& input) {
  std::string text(input.help);
  if (input.kind == Kind::list || input.kind == Kind::map) text += "; may be repeated";
  std::string notes;
  for (const auto& note :
       {std::string(input.limits),
        input.default_text.empty() ? "" : fmt::format("default: {}", input.default_text)}) {
    if (note.empty()) continue;
    notes += (notes.empty() ? "" : ", ") + note;
  }
  return notes.empty() ? text : fmt::format("{} ({})", text, notes);
}

using Rows = std::vector<std::pair<std::string, std::string>>;

Rows options_of(std::span<const Input> inputs) {
  Rows rows;
  for (const auto& input : inputs) {
    if (!input.word) rows.emplace_back(left_of(input), right_of(input));
  }
  return rows;
}

std::string examples_of(const CommandRow& row) {
  std::string out = "\nExamples:\n";
  for (auto example : row.examples) out += fmt::format("  {}\n", example);
  return out;
}

std::string command_help(const CommandRow& row) {
  auto out = fmt::format("{}\n", row.summary);
  if (!row.description.empty()) out += fmt::format("{}\n", row.description);
  out += fmt::format("\nUsage: {}\n", row.usage);
  Rows words;
  for (const auto& input : row.inputs) {
    if (!input.word) continue;
    std::string name(input.flag);
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    words.emplace_back(name, right_of(input));
  }
  if (!words.empty()) out += "\n" + columns(words);
  auto options = options_of(row.inputs);
  if (!options.empty()) out += "\nOptions:\n" + columns(options);
  return out + "\nOptions of every command:\n" + columns(options_of(everywhere_inputs)) +
         examples_of(row);
}

std::string noun_help(std::string_view noun) {
  std::string out, examples = "\nExamples:\n";
  for (const auto& [name, help] : nouns) {
    if (name == noun) out = fmt::format("{}\n", help);
  }
  out += fmt::format("\nUsage: truce {} VERB [NAME] [options]\n\nVerbs:\n", noun);
  Rows verbs;
  for (const auto& row : commands) {
    if (row.noun != noun) continue;
    verbs.emplace_back(row.verb, row.summary);
    examples += fmt::format("  {}\n", row.examples.front());
  }
  return out + columns(verbs) + examples + fmt::format("\nMore: truce {} VERB --help\n", noun);
}

}  // namespace

std::string help_text() {
  Rows rows, others;
  for (const auto& [name, help] : nouns) rows.emplace_back(name, help);
  for (const auto& row : commands) {
    if (row.verb.empty()) others.emplace_back(row.noun, row.summary);
  }
  return "truce runs virtual machines on Linux hosts.\n\nUsage: truce NOUN VERB [NAME] "
         "[options]\n\nNouns:\n" +
         columns(rows) + "\nOther commands:\n" + columns(others) + "\nOptions of every command:\n" +
         columns(options_of(everywhere_inputs)) +
         "\nExamples:\n"
         "  truce template create debian-12 --recipe debian-12\n"
         "  truce vm create web01 --template debian-12 --memory 2GiB --start\n"
         "  truce vm list\n"
         "  truce vm console web01\n"
         "\nExit status: 0 done, 1 refused or failed, 2 wrong usage, 3 no answer from the daemon.\n"
         "More: truce NOUN --help, truce NOUN VERB --help\n";
}

Result<std::string> help_text(std::string_view noun, std::string_view verb) {
  if (noun.empty()) return help_text();
  auto row = find_command(noun, verb);
  if (row) return command_help(**row);
  bool known = std::ranges::any_of(nouns, [&](const Noun& item) { return item.name == noun; });
  if (known && verb.empty()) return noun_help(noun);
  return std::unexpected(std::move(row).error());
}

}  // namespace truce::cli
