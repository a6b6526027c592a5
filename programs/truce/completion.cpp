#include "completion.h"

#include <set>

#include "generated/commands.h"
#include "invocation.h"

namespace truce::cli {
namespace {

constexpr std::string_view bash_script = R"script(# bash completion for truce
_truce() {
  local line="${COMP_LINE:0:COMP_POINT}" words=() found=() current cut=0 mark
  read -r -a words <<< "$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  current="${words[-1]}"
  mapfile -t found < <(truce __complete -- "${words[@]:1}" 2>/dev/null)
  # bash replaces only what stands behind the last of these marks
  for mark in @ = :; do
    if [[ "$COMP_WORDBREAKS" == *"$mark"* && "$current" == *"$mark"* ]]; then
      local before="${current%"$mark"*}$mark"
      (( ${#before} > cut )) && cut=${#before}
    fi
  done
  COMPREPLY=("${found[@]:0}")
  (( cut > 0 )) && COMPREPLY=("${COMPREPLY[@]#"${current:0:cut}"}")
  return 0
}
complete -o default -F _truce truce
)script";

constexpr std::string_view zsh_script = R"script(#compdef truce
_truce() {
  local -a found
  found=("${(@f)$(truce __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "${found[1]}" ]]; then compadd -a found; else _files; fi
}
compdef _truce truce
)script";

constexpr std::string_view fish_script = R"script(# fish completion for truce
function __truce_complete
  set -l words (commandline -opc) (commandline -ct)
  truce __complete -- $words[2..-1] 2>/dev/null
end
complete -c truce -a '(__truce_complete)'
)script";

/// Keeps the words that begin with `prefix`, once each.
std::vector<std::string> beginning_with(std::string_view prefix,
                                        const std::vector<std::string_view>& words) {
  std::set<std::string> out;
  for (auto word : words) {
    if (word.starts_with(prefix)) out.emplace(word);
  }
  return {out.begin(), out.end()};
}

const Input* option_named(const CommandRow* row, std::string_view word) {
  if (!word.starts_with("--")) return nullptr;
  auto flag = word.substr(2);
  std::span<const Input> own = row == nullptr ? std::span<const Input>() : row->inputs;
  for (auto inputs : {own, std::span<const Input>(everywhere_inputs)}) {
    for (const auto& input : inputs) {
      if (!input.word && (input.flag == flag || input.alias == flag)) return &input;
    }
  }
  return nullptr;
}

Candidates values_of(const Input& input, std::string_view prefix) {
  return {beginning_with(prefix, {input.choices.begin(), input.choices.end()}),
          std::string(input.completes)};
}

Candidates options_of(const CommandRow* row, std::string_view prefix) {
  std::vector<std::string> flags;
  std::span<const Input> own = row == nullptr ? std::span<const Input>() : row->inputs;
  for (auto inputs : {own, std::span<const Input>(everywhere_inputs)}) {
    for (const auto& input : inputs) {
      if (!input.word) flags.push_back("--" + std::string(input.flag));
    }
  }
  return {beginning_with(prefix, {flags.begin(), flags.end()}), {}};
}

Candidates nouns_or_verbs(const std::vector<std::string_view>& given, std::string_view prefix) {
  std::vector<std::string_view> words;
  for (const auto& row : commands) {
    if (given.empty()) words.push_back(row.noun);
    if (given.size() == 1 && row.noun == given[0]) words.push_back(row.verb);
  }
  return {beginning_with(prefix, words), {}};
}

}  // namespace

Candidates complete(const std::vector<std::string>& words) {
  if (words.empty()) return nouns_or_verbs({}, "");
  std::string_view current = words.back();
  std::vector<std::string_view> given;  // words that are neither options nor their values
  const CommandRow* row = nullptr;
  const Input* pending = nullptr;  // the option that waits for its value
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "--") return {};
    if (std::exchange(pending, nullptr) != nullptr) continue;
    if (words[i].starts_with("-")) {
      const auto* option = option_named(row, words[i]);
      if (option != nullptr && option->kind != Kind::boolean) pending = option;
      continue;
    }
    given.push_back(words[i]);
    if (row == nullptr) {
      auto found = find_command(given[0], given.size() > 1 ? given[1] : "");
      if (found) row = *found;
    }
  }
  if (pending != nullptr) return values_of(*pending, current);
  if (current.starts_with("-")) return options_of(row, current);
  if (given.size() == 1 && given[0] == "help") return nouns_or_verbs({}, current);
  if (given.size() == 2 && given[0] == "help") return nouns_or_verbs({given[1]}, current);
  if (row == nullptr) return nouns_or_verbs(given, current);
  std::size_t place = given.size() - (row->verb.empty() ? 1 : 2);
  for (const auto& input : row->inputs) {
    if (input.word && place-- == 0) return values_of(input, current);
  }
  return {};
}

Result<std::string> completion_script(std::string_view shell) {
  if (shell == "bash") return std::string(bash_script);
  if (shell == "zsh") return std::string(zsh_script);
  if (shell == "fish") return std::string(fish_script);
  return fail(Code::invalid, "there is no completion for '{}'; there is for bash, zsh and fish",
              shell);
}

}  // namespace truce::cli
