"""model/types.h, the field tables of the codec and its instances."""

from dialect import ABSENT
from text import NOTICE, boolean, identifier, one_line, quoted

PLAIN = {'string': 'std::string', 'integer': 'std::int64_t', 'number': 'double', 'boolean': 'bool',
         'bytes': 'Bytes', 'time': 'Time'}
INITIAL = {'integer': ' = 0', 'number': ' = 0', 'boolean': ' = false'}


def cpp_type(type_):
    if type_.kind == 'array':
        return f'std::vector<{cpp_type(type_.item)}>'
    if type_.kind == 'map':
        return f'std::map<std::string, {cpp_type(type_.item)}>'
    return PLAIN.get(type_.kind, type_.name)


def is_optional(prop):
    if prop.required or prop.default is not ABSENT:
        return False
    return prop.keep_absent or prop.type.kind not in ('array', 'map')


def initialiser(prop):
    if is_optional(prop):
        return '{}'
    value = prop.default
    if value is ABSENT:
        return INITIAL.get(prop.type.kind, '{}')
    if prop.type.kind == 'string':
        return f' = {quoted(value)}' if value else '{}'
    if prop.type.kind == 'enum':
        return f' = {prop.type.name}::{identifier(value)}'
    if prop.type.kind == 'bytes':
        return f'{{{value}}}'
    return f' = {boolean(value) if isinstance(value, bool) else value}'


def struct(obj):
    lines = [f'/// {one_line(obj.description)}.', f'struct {obj.name} {{']
    for prop in obj.properties:
        type_ = cpp_type(prop.type)
        if is_optional(prop):
            type_ = f'std::optional<{type_}>'
        lines.append(f'  {type_} {identifier(prop.name)}{initialiser(prop)};  ///< {one_line(prop.description)}')
    lines += [f'  bool operator==(const {obj.name}&) const = default;', '};', '']
    return lines


def enum(item):
    values = ', '.join(identifier(value) for value in item.values)
    return [f'/// {one_line(item.description)}.', f'enum class {item.name} {{ {values} }};',
            f'std::string_view to_string({item.name} value);',
            f'template <> std::span<const std::string_view> enum_names<{item.name}>();', '']


def types_header(schema):
    lines = [NOTICE + '// The objects of the API and of the node link.', '#pragma once', '',
             '#include <cstdint>', '#include <map>', '#include <optional>', '#include <span>',
             '#include <string>', '#include <string_view>', '#include <vector>', '',
             '#include "base/bytes.h"', '#include "base/time.h"', '', 'namespace truce::model {', '',
             '/// The values of an enum as they stand in JSON, in the order of its enumerators.',
             'template <class E> std::span<const std::string_view> enum_names();', '',
             '/// The enumerator of a name, or nothing.',
             'template <class E> std::optional<E> parse_enum(std::string_view name) {',
             '  auto names = enum_names<E>();',
             '  for (std::size_t i = 0; i < names.size(); ++i) {',
             '    if (names[i] == name) return static_cast<E>(i);', '  }', '  return std::nullopt;', '}', '']
    for item in schema.enums.values():
        lines += enum(item)
    for obj in schema.object_order():
        lines += struct(obj)
    lines += ['}  // namespace truce::model', '']
    return '\n'.join(lines)


RULE_NAMES = {'minimum': 'minimum', 'maximum': 'maximum', 'minLength': 'min_length',
              'maxLength': 'max_length', 'minItems': 'min_items', 'maxItems': 'max_items',
              'maxProperties': 'max_items', 'maxKeyLength': 'max_key_length'}


def rule(type_):
    parts = [f'.{name} = {type_.rule[key]}' for key, name in RULE_NAMES.items() if key in type_.rule]
    if 'format' in type_.rule:
        parts.append(f'.format = Format::{type_.rule["format"]}')
    return f'FieldRule{{{", ".join(parts)}}}'


def fields(obj):
    rows = []
    for i, prop in enumerate(obj.properties):
        item = rule(prop.type.item) if prop.type.item else 'FieldRule{}'
        need = 'Need::required' if prop.required else 'Need::optional'
        rows.append(f'  static constexpr Field f{i}{{"{prop.name}", &{obj.name}::{identifier(prop.name)}, {need}, '
                    f'{rule(prop.type)}, {item}}};')
    names = ', '.join(f'f{i}' for i in range(len(rows)))
    return ['template <>', f'struct Schema<{obj.name}> {{', *rows,
            f'  static constexpr auto visit(auto&& with) {{ return with({names}); }}', '};', '']


def schema_header(schema):
    lines = [NOTICE + '// The fields of every object, as data for the codec.', '#pragma once', '',
             '#include "field.h"', '#include "model/types.h"', '', 'namespace truce::model {', '']
    for obj in schema.object_order():
        lines += fields(obj)
    lines += ['}  // namespace truce::model', '']
    return '\n'.join(lines)


def enums_source(schema):
    lines = [NOTICE + '#include <array>', '', '#include "model/types.h"', '', 'namespace truce::model {',
             'namespace {']
    for item in schema.enums.values():
        names = ', '.join(quoted(value) for value in item.values)
        lines.append(f'constexpr std::array<std::string_view, {len(item.values)}> {item.name}_names{{{names}}};')
    lines += ['}  // namespace', '']
    for item in schema.enums.values():
        lines += ['template <>', f'std::span<const std::string_view> enum_names<{item.name}>() {{',
                  f'  return {item.name}_names;', '}',
                  f'std::string_view to_string({item.name} value) {{',
                  f'  return {item.name}_names.at(static_cast<std::size_t>(value));', '}', '']
    lines += ['}  // namespace truce::model', '']
    return '\n'.join(lines)


def instances_source(schema):
    lines = [NOTICE + '// The only place where the codec is compiled for each object.',
             '#include "keep.h"', '#include "schema.h"', '', 'namespace truce::model {', '']
    for obj in schema.object_order():
        name = obj.name
        lines += [f'template boost::json::value to_json(const {name}&);',
                  f'template std::string to_text(const {name}&);',
                  f'template std::string to_text_over(const {name}&, std::string_view);',
                  f'template Result<{name}> from_json<{name}>(const boost::json::value&, Unknown);',
                  f'template Result<{name}> from_text<{name}>(std::string_view, Unknown, Bytes);']
    lines += ['', '}  // namespace truce::model', '']
    return '\n'.join(lines)
