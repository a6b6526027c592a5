"""The commands of the CLI as data, and programs/truce/generated/commands.h."""

import dataclasses

from dialect import ABSENT, SchemaError, only_keys
from text import NOTICE, boolean, one_line, quoted


# Fields whose names are options of every command.
FLAGS = {'url': 'address'}


@dataclasses.dataclass
class Input:
    """One word or option of a command."""
    name: str
    where: str  # path query body local
    kind: str  # text integer number share boolean bytes time choice list map
    help: str
    word: bool = False
    required: bool = False
    file: bool = False
    secret: bool = False  # its content is asked for where it is absent and required
    default: str = ''
    choices: tuple = ()
    completes: str = ''  # the noun whose names it takes
    value: str = ''  # how help writes its value
    alias: str = ''
    limits: str = ''
    inside: str = ''  # the object of the body that it is a field of

    @property
    def flag(self):
        name = FLAGS.get(self.name, self.name) if self.where == 'body' else self.name
        return name.replace('_', '-') + ('-file' if self.secret else '')

    @property
    def dashed(self):
        """`--source-format, -f`"""
        return ', '.join(f'{"-" if len(name) == 1 else "--"}{name}' for name in (self.flag, self.alias) if name)


@dataclasses.dataclass
class Command:
    noun: str
    verb: str
    summary: str
    description: str
    inputs: list
    examples: list
    operation: object = None
    columns: list = dataclasses.field(default_factory=list)
    answer: str = 'nothing'  # nothing object page task
    shown: str = ''  # the schema of what is shown
    rest: str = ''

    @property
    def name(self):
        return f'{self.noun} {self.verb}'.strip()


# Options that take the name of an object, where the option's name is not the noun itself.
COMPLETED = {'iso': 'template'}
VALUES = {'bytes': 'SIZE', 'integer': 'N', 'number': 'N', 'share': 'N', 'time': 'TIME', 'map': 'KEY=VALUE', 'text': 'TEXT',
          'list': 'TEXT'}


def kind_of(type_):
    if type_.kind == 'number' and (type_.rule.get('minimum'), type_.rule.get('maximum')) == (0, 1):
        return 'share'
    return {'string': 'text', 'enum': 'choice', 'array': 'list'}.get(type_.kind, type_.kind)


def default_text(prop):
    if prop.default is ABSENT or prop.default in ('', False):
        return ''
    if prop.type.kind == 'bytes':
        return bytes_text(prop.default)
    return str(prop.default)


def bytes_text(count):
    """As truce::to_string(Bytes) writes it."""
    value, units = count, ['B', 'KiB', 'MiB', 'GiB', 'TiB']
    while value >= 1024 and len(units) > 1 and value % 1024 == 0:
        value //= 1024
        units.pop(0)
    return f'{value}{units[0]}'


def limits_text(type_):
    rule = type_.rule
    if type_.kind == 'boolean' or not {'minimum', 'maximum'} & set(rule):
        return ''
    show = bytes_text if type_.kind == 'bytes' else str
    low, high = rule.get('minimum'), rule.get('maximum')
    if low is not None and high is not None:
        return f'{show(low)} to {show(high)}'
    return f'at least {show(low)}' if low is not None else f'at most {show(high)}'


def input_of(prop, where, schema, nouns, word=False):
    kind = kind_of(prop.type)
    choices = tuple(schema.enums[prop.type.name].values) if kind == 'choice' else ()
    file, secret = getattr(prop, 'file', False), getattr(prop, 'secret', False)
    completes = COMPLETED.get(prop.name, prop.name if prop.name in nouns else '')
    # Of a list they are only shown: an empty text, which empties the list, is let in too.
    shown = choices or (tuple(schema.enums[prop.type.item.name].values)
                        if kind == 'list' and prop.type.item.kind == 'enum' else ())
    value = 'FILE' if file else '|'.join(shown) if shown else completes.upper() or VALUES.get(kind, '')
    help_ = one_line(prop.description) + (', from a file or by - from the standard input' if secret else '')
    return Input(prop.name, where, kind, help_, word=word,
                 required=getattr(prop, 'required', False), file=file, secret=secret, default=default_text(prop),
                 choices=choices, completes=completes, value=value, limits=limits_text(prop.type))


def inputs_of(op, schema, nouns):
    args = op.cli.get('args', [])
    inputs = []
    parameters = op.path_parameters()
    for name in parameters:
        noun = name if name in nouns else op.cli['noun']
        # What lives inside something else has no list of its own.
        completes = noun if name in nouns or len(parameters) == 1 else ''
        inputs.append(Input(name, 'path', 'text', f'Name of the {noun}', word=True, required=True,
                            completes=completes))
    body = schema.objects[op.request].properties if op.request else []
    for prop in body:
        if not prop.spread:
            inputs.append(input_of(prop, 'body', schema, nouns, word=prop.name in args))
            continue
        for field in schema.objects[prop.type.name].properties:
            item = input_of(field, 'body', schema, nouns)
            item.inside = prop.name
            inputs.append(item)
    words = {item.name: item for item in inputs if item.word}
    ordered = [words[name] for name in args]
    ordered += [item for item in inputs if not item.word]
    for param in op.query:
        if param.name == 'wait':  # what `task wait` does
            continue
        item = input_of(param, 'query', schema, nouns)
        if param.name == 'limit':  # without it the CLI follows the pages to the end
            item.default = ''
        ordered.append(item)
    return ordered


def command_of(op, schema, nouns):
    inputs = inputs_of(op, schema, nouns)
    answer, shown = 'nothing', op.response
    if op.response:
        page = schema.objects[op.response].list_of
        answer, shown = ('page', page) if page else ('object', op.response)
    if answer == 'page':
        inputs.append(Input('watch', 'local', 'boolean', 'Go on with what changes, until Ctrl-C',
                            alias='follow' if op.cli['noun'] == 'event' else ''))
    if op.status == 202:
        answer = 'task'
    return Command(op.cli['noun'], op.cli['verb'], one_line(op.summary), one_line(op.description), inputs,
                   op.cli.get('examples', []), op, op.cli.get('columns', []), answer, shown)


LOCAL_KINDS = {'string': 'text', 'integer': 'integer', 'boolean': 'boolean', 'map': 'map', 'list': 'list'}
OPTION_KEYS = ('name', 'alias', 'type', 'value', 'choices', 'description')
WORD_KEYS = ('name', 'of', 'required', 'choices', 'description')
VERB_KEYS = ('noun', 'verb', 'summary', 'description', 'words', 'options', 'rest', 'examples')


def local_option(node):
    only_keys(node, OPTION_KEYS, f'cli.yaml: option {node.get("name")}')
    choices = tuple(node.get('choices', ()))
    return Input(node['name'], 'local', 'choice' if choices else LOCAL_KINDS[node['type']],
                 node['description'], choices=choices, value='|'.join(choices) or node.get('value', ''),
                 alias=node.get('alias', ''))


def local_word(node):
    only_keys(node, WORD_KEYS, f'cli.yaml: word {node.get("name")}')
    choices = tuple(node.get('choices', ()))
    return Input(node['name'], 'local', 'choice' if choices else 'text', node['description'], word=True,
                 required=node.get('required', True), choices=choices, completes=node.get('of', ''))


def hand_written(node):
    only_keys(node, VERB_KEYS, f'cli.yaml: {node.get("noun")} {node.get("verb")}')
    inputs = [local_word(word) for word in node.get('words', [])]
    inputs += [local_option(option) for option in node.get('options', [])]
    return Command(node['noun'], node['verb'], node['summary'], one_line(node.get('description', '')), inputs,
                   node['examples'], rest=node.get('rest', ''))


def commands_of(schema):
    """All commands, by noun in the order of cli.yaml, those without verb last."""
    cli = schema.cli
    nouns = list(cli['nouns'])
    commands = [command_of(op, schema, nouns) for op in schema.operations if op.cli]
    commands += [hand_written(node) for node in cli['verbs']]
    for command in commands:
        if command.verb and command.noun not in nouns:
            raise SchemaError(f'{command.name}: cli.yaml does not describe the noun {command.noun}')
        if not command.examples:
            raise SchemaError(f'{command.name}: needs an example')
    names = [command.name for command in commands]
    if len(set(names)) != len(names):
        raise SchemaError('cli.yaml: a command is there twice')
    rank = {noun: i for i, noun in enumerate(nouns)}
    return sorted(commands, key=lambda command: rank.get(command.noun, len(rank)))


def everywhere(schema):
    return [local_option(node) for node in schema.cli['everywhere']]


def usage(command):
    """`truce vm create NAME [options]`"""
    words = ['truce', command.noun] + ([command.verb] if command.verb else [])
    for item in command.inputs:
        if item.word:
            name = '|'.join(item.choices) or item.flag.upper()
            words.append(name if item.required else f'[{name}]')
    if any(not item.word for item in command.inputs):
        words.append('[options]')
    return ' '.join(words + (['--', command.rest] if command.rest else []))


def strings(values):
    return '{' + ', '.join(quoted(value) for value in values) + '}'


def input_row(item, prefix):
    name = f'{item.inside}/{item.name}' if item.inside else item.name
    parts = [f'.name = "{name}"', f'.flag = "{item.flag}"']
    if item.alias:
        parts.append(f'.alias = "{item.alias}"')
    parts += [f'.where = Where::{item.where}', f'.kind = Kind::{item.kind}']
    parts += [f'.{key} = true' for key in ('word', 'required', 'file', 'secret') if getattr(item, key)]
    parts.append(f'.help = {quoted(item.help)}')
    for key, value in (('default_text', item.default), ('limits', item.limits), ('value', item.value),
                       ('completes', item.completes)):
        if value:
            parts.append(f'.{key} = {quoted(value)}')
    if item.choices:
        parts.append(f'.choices = {prefix}_{item.name.replace("-", "_")}_choices')
    return f'    {{{", ".join(parts)}}},'


def input_lines(prefix, inputs):
    lines = []
    for item in inputs:
        if item.choices:
            lines.append(f'inline constexpr std::string_view {prefix}_{item.name.replace("-", "_")}_choices[]'
                         f'{strings(item.choices)};')
    lines.append(f'inline constexpr Input {prefix}_inputs[]{{')
    lines += [input_row(item, prefix) for item in inputs]
    return lines + ['};']


def command_lines(command):
    prefix = command.name.replace(' ', '_').replace('-', '_')
    lines = input_lines(prefix, command.inputs) if command.inputs else []
    if command.columns:
        lines.append(f'inline constexpr std::string_view {prefix}_columns[]{strings(command.columns)};')
    lines.append(f'inline constexpr std::string_view {prefix}_examples[]{strings(command.examples)};')
    return lines


def command_row(command):
    prefix = command.name.replace(' ', '_').replace('-', '_')
    parts = [f'.noun = "{command.noun}"', f'.verb = "{command.verb}"',
             f'.summary = {quoted(command.summary)}', f'.description = {quoted(command.description)}',
             f'.usage = {quoted(usage(command))}']
    if command.operation:
        parts += [f'.method = "{command.operation.method}"', f'.path = "{command.operation.path}"']
    parts += [f'.answer = Answer::{command.answer}', f'.shown = "{command.shown}"']
    if command.inputs:
        parts.append(f'.inputs = {prefix}_inputs')
    if command.columns:
        parts.append(f'.columns = {prefix}_columns')
    parts.append(f'.examples = {prefix}_examples')
    if command.rest:
        parts.append('.rest = true')
    return f'    {{{", ".join(parts)}}},'


def shown_objects(schema, commands):
    """The schemas of what commands show, and of what those hold."""
    names = {command.shown for command in commands if command.shown}
    for obj in reversed(schema.object_order()):
        if obj.name in names:
            for prop in obj.properties:
                inner = prop.type
                while inner.item:
                    inner = inner.item
                if inner.kind == 'object':
                    names.add(inner.name)
    return [obj for obj in schema.object_order() if obj.name in names]


def shown_lines(objects):
    lines = []
    for obj in objects:
        lines.append(f'inline constexpr ShownField {obj.name}_fields[]{{')
        for prop in obj.properties:
            inner = prop.type
            while inner.item:
                inner = inner.item
            kind = 'object' if prop.type.kind == 'object' else kind_of(prop.type)
            item = 'object' if inner.kind == 'object' else kind_of(inner)
            lines.append(f'    {{"{prop.name}", Kind::{kind}, Kind::{item}, '
                         f'"{inner.name if inner.kind == "object" else ""}"}},')
        lines.append('};')
    lines.append('inline constexpr ShownObject shown_objects[]{')
    lines += [f'    {{"{obj.name}", {obj.name}_fields}},' for obj in objects]
    return lines + ['};']


def commands_header(schema):
    commands = commands_of(schema)
    lines = [NOTICE + '// Every command of the CLI as data.', '#pragma once', '', '#include "command.h"', '',
             'namespace truce::cli {', '']
    for command in commands:
        lines += command_lines(command)
    lines += ['', 'inline constexpr CommandRow commands[]{'] + [command_row(c) for c in commands] + ['};', '']
    lines += input_lines('everywhere', everywhere(schema))
    lines.append('inline constexpr Noun nouns[]{')
    lines += [f'    {{"{noun}", {quoted(text)}}},' for noun, text in schema.cli['nouns'].items()]
    lines += ['};', ''] + shown_lines(shown_objects(schema, commands))
    lines += ['', '}  // namespace truce::cli', '']
    return '\n'.join(lines)
