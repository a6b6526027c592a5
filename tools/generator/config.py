"""model/config.h and model/config_options.h: the options of truced."""

from text import NOTICE, boolean, identifier, quoted

TYPES = {'string': 'std::string', 'integer': 'std::int64_t', 'boolean': 'bool', 'number': 'double'}


def literal(option):
    if option.type == 'string':
        return quoted(option.default)
    return boolean(option.default) if option.type == 'boolean' else str(option.default)


def default_text(option):
    return literal(option) if option.type != 'string' else option.default


def config_header(schema):
    lines = [NOTICE + '// The configuration of truced.', '#pragma once', '', '#include <array>',
             '#include <cstdint>', '#include <string>', '#include <string_view>', '',
             'namespace truce::model {', '', '/// What truced is told at its start; the defaults of schema/config.yaml.',
             'struct Config {']
    for option in schema.options:
        lines.append(f'  {TYPES[option.type]} {identifier(option.name)} = {literal(option)};  ///< {option.help}')
    lines += ['};', '', '/// An option as data: its name is the same in the file and on the command line.',
              'struct ConfigOption {', '  std::string_view name, type, default_value, help;', '};',
              f'inline constexpr std::array<ConfigOption, {len(schema.options)}> config_options{{{{']
    for option in schema.options:
        lines.append(f'    {{"{option.name}", "{option.type}", {quoted(default_text(option))}, {quoted(option.help)}}},')
    lines += ['}};', '', '}  // namespace truce::model', '']
    return '\n'.join(lines)


def check(option):
    if option.values:
        return f'->check(CLI::IsMember({{{", ".join(map(quoted, option.values))}}}))'
    if option.minimum is not None:
        return f'->check(CLI::Range(std::int64_t{{{option.minimum}}}, std::numeric_limits<std::int64_t>::max()))'
    return ''


def options_header(schema):
    lines = [NOTICE + '// Only for truced: the options, for its command line and its file.', '#pragma once', '',
             '#include <CLI/CLI.hpp>', '#include <limits>', '', '#include "model/config.h"', '', 'namespace truce::model {', '',
             '/// Registers every option with `app`, which fills `config` when it parses.',
             'inline void add_options(CLI::App& app, Config& config) {']
    for option in schema.options:
        lines.append(f'  app.add_option("--{option.name}", config.{identifier(option.name)}, '
                     f'{quoted(option.help)})->capture_default_str()->take_last(){check(option)};')
    lines += ['}', '', '}  // namespace truce::model', '']
    return '\n'.join(lines)
