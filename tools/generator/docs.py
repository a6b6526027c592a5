"""The reference pages and the manual pages."""

from commands import Command, commands_of, everywhere, usage
from dialect import ABSENT
from operations import is_list
from text import one_line

PAGE_NOTICE = '<!-- Made by tools/generate from schema/; do not edit. -->\n'


def cell(text):
    return one_line(str(text)).replace('|', '\\|').replace('<', '&lt;')


def md_table(titles, rows):
    lines = ['| ' + ' | '.join(titles) + ' |', '|' + '---|' * len(titles)]
    return lines + ['| ' + ' | '.join(cell(c) for c in row) + ' |' for row in rows] + ['']


def type_text(type_):
    if type_.kind == 'array':
        return f'array of {type_text(type_.item)}'
    if type_.kind == 'map':
        return f'object of {type_text(type_.item)}'
    if type_.kind in ('object', 'enum'):
        return f'[{type_.name}](#{type_.name.lower()})'
    if type_.kind == 'time':
        return 'string, date and time'
    if type_.kind == 'bytes':
        return 'integer, bytes'
    form = type_.rule.get('format')
    return f'{type_.kind}, {form}' if form else type_.kind


LIMITS = (('minimum', 'at least {}'), ('maximum', 'at most {}'), ('minLength', 'at least {} characters'),
          ('maxLength', 'at most {} characters'), ('minItems', 'at least {} items'),
          ('maxItems', 'at most {} items'), ('maxProperties', 'at most {} keys'),
          ('maxKeyLength', 'keys of at most {} characters'))


def notes(item, required=False):
    parts = ['required'] if required else []
    if item.default is not ABSENT and item.default != '':
        value = str(item.default).lower() if isinstance(item.default, bool) else item.default
        parts.append(f'default `{value}`')
    parts += [text.format(item.type.rule[key]) for key, text in LIMITS if key in item.type.rule]
    if item.type.item:
        parts += ['each ' + text.format(item.type.item.rule[key]) for key, text in LIMITS
                  if key in item.type.item.rule]
    return '; '.join(parts)


def operation_lines(op, schema):
    lines = [f'### {op.method} {op.path}', '', f'{one_line(op.summary)}. {one_line(op.description)}'.strip(), '']
    facts = [f'operation `{op.id}`', f'permission `{op.permission}`']
    if op.audit:
        facts.append('recorded as an event')
    if op.cli:
        facts.append(f'command `truce {op.cli["noun"]} {op.cli["verb"]}`')
    lines += ['; '.join(facts).capitalize() + '.', '']
    query = [(f'`{p.name}`', type_text(p.type), notes(p), p.description) for p in op.query]
    if is_list(op, schema):
        query += [('`watch`', 'boolean', '', 'Answer with changes as server-sent events'),
                  ('`since`', 'integer', '', 'With watch: only changes after this revision')]
    if query:
        lines += md_table(('Query', 'Type', 'Limits', 'Meaning'), query)
    if op.request:
        lines += [f'Body: [{op.request}](#{op.request.lower()}).', '']
    answer = f'[{op.response}](#{op.response.lower()})' if op.response else op.content_type or 'no body'
    return lines + [f'Answer: `{op.status}`, {answer}.', '']


def api_names(schema):
    """Schemas that api.yaml has; those of the node link are not part of the API."""
    return schema.document['components']['schemas']


def schema_lines(schema):
    lines = ['## Objects', '']
    for name, obj in schema.objects.items():
        if name not in api_names(schema):
            continue
        lines += [f'### {name}', '', one_line(obj.description) + '.', '']
        lines += md_table(('Field', 'Type', 'Limits', 'Meaning'),
                          [(f'`{p.name}`', type_text(p.type), notes(p, p.required), p.description)
                           for p in obj.properties])
    lines += ['## Values', '']
    for name, item in schema.enums.items():
        if name in api_names(schema):
            values = ', '.join(f'`{value}`' for value in item.values)
            lines += [f'### {name}', '', f'{one_line(item.description)}: {values}.', '']
    return lines


def api_page(schema):
    lines = [PAGE_NOTICE + '# The API', '', one_line(schema.document['info']['description']), '',
             'The same as a machine reads it: `GET /v1/openapi.json`. On the local socket the caller is known '
             'by its user id; over HTTPS by `Authorization: Bearer TOKEN` or by a client certificate.', '',
             '## Operations', '']
    for op in schema.operations:
        lines += operation_lines(op, schema)
    return '\n'.join(lines + schema_lines(schema)).rstrip() + '\n'


def option_text(item):
    return f'{item.dashed} {item.value}'.strip()


def meaning(item):
    facts = [text for text in (item.limits, f'default: {item.default}' if item.default else '') if text]
    repeated = '; may be repeated' if item.kind in ('list', 'map') else ''
    return item.help + repeated + (f' ({", ".join(facts)})' if facts else '')


def command_lines(command: Command):
    lines = [f'### truce {command.name}', '', f'{command.summary}. {command.description}'.strip(), '',
             f'    {usage(command)}', '']
    options = [(f'`{option_text(item)}`', meaning(item)) for item in command.inputs if not item.word]
    if options:
        lines += md_table(('Option', 'Meaning'), options)
    return lines + [f'    {example}' for example in command.examples] + ['']


EXITS = [('0', 'done'), ('1', 'refused or failed: one line on standard error says what, why and what to do'),
         ('2', 'wrong usage'), ('3', 'no answer from the daemon')]
FILES = [('~/.config/truce/client.json', 'Servers of `truce login`: certificates and tokens ($TRUCE_CONFIG)'),
         ('/run/truce/truced.sock', 'The daemon of this host')]
VARIABLES = [('TRUCE_URL', 'Where the daemon is'), ('TRUCE_TOKEN', 'Bearer token'),
             ('TRUCE_CONFIG', 'Where logins are kept')]


def cli_page(schema):
    lines = [PAGE_NOTICE + '# The command line', '', '`truce NOUN VERB [NAME] [options]`', '',
             'Lists and objects are shown as tables, or as `--format json|yaml|csv`; work that takes longer shows '
             'its progress until it ends (`--no-wait` does not).', '', '## Options of every command', '']
    lines += md_table(('Option', 'Meaning'), [(f'`{option_text(item)}`', item.help) for item in everywhere(schema)])
    lines += ['## Exit status', ''] + md_table(('Status', 'Meaning'), EXITS)
    lines += ['`truce vm exec` ends with the exit status of the program in the guest.', '']
    lines += ['## Environment and files', '']
    lines += md_table(('Name', 'Meaning'), [(f'`{name}`', text) for name, text in VARIABLES + FILES])
    noun = ''
    for command in commands_of(schema):
        if command.noun != noun and command.verb:
            noun = command.noun
            lines += [f'## {noun}', '', schema.cli['nouns'][noun] + '.', '']
        elif not command.verb and noun is not None:
            noun = None
            lines += ['## Other commands', '']
        lines += command_lines(command)
    return '\n'.join(lines).rstrip() + '\n'


def config_page(schema):
    lines = [PAGE_NOTICE + '# The configuration of truced', '',
             'Each option is an option of the command line (`--state-dir DIR`) and a key of the configuration '
             'file (`state-dir = "/var/lib/truce"`); the command line wins.', '']
    lines += md_table(('Option', 'Type', 'Default', 'Meaning'),
                      [(f'`{o.name}`', o.type, f'`{o.default}`' if o.default != '' else '', o.help)
                       for o in schema.options])
    return '\n'.join(lines).rstrip() + '\n'


def config_file(schema):
    """The configuration file of the package: every option with its default, as comments."""
    lines = ['# The configuration of truced: key = value. A line that begins with # says the default.', '']
    for option in schema.options:
        value = f'"{option.default}"' if option.type == 'string' else str(option.default).lower()
        lines += [f'# {option.help}', f'#{option.name} = {value}']
        if option.name == 'admin-group':
            lines.append('admin-group = "truce"')
        lines.append('')
    return '\n'.join(lines).rstrip() + '\n'


def roff(text):
    """Text that roff takes as it is; `code` becomes bold."""
    text = one_line(text).replace('\\', '\\e').replace('-', '\\-')
    parts = text.split('`')
    if len(parts) % 2 == 1:
        text = ''.join(f'\\fB{part}\\fR' if i % 2 else part for i, part in enumerate(parts))
    return '\\&' + text if text[:1] in ('.', "'") else text


def man_head(name, section, version, what):
    return ['.\\" Made by tools/generate from schema/; do not edit.',
            f'.TH {name.upper()} {section} "" "Truce {version}" "Truce"', '.SH NAME', f'{name} \\- {roff(what)}']


def man_items(items):
    lines = []
    for title, text in items:
        lines += ['.TP', f'.B {roff(title)}', roff(text)]
    return lines


def truce_man(schema):
    version = schema.document['info']['version']
    lines = man_head('truce', 1, version, 'run virtual machines on Linux hosts')
    lines += ['.SH SYNOPSIS', '.B truce', '\\fINOUN VERB\\fR [\\fINAME\\fR] [\\fIoptions\\fR]', '.SH DESCRIPTION',
              roff('Talks to truced, the daemon that runs virtual machines. Lists and objects are shown as tables, or '
                   'as --format json, yaml or csv. Work that takes longer shows its progress until it ends; Ctrl-C '
                   'leaves it running.')]
    lines += ['.SH OPTIONS OF EVERY COMMAND']
    lines += man_items((option_text(item), item.help) for item in everywhere(schema))
    lines += ['.SH COMMANDS']
    for command in commands_of(schema):
        lines += [f'.SS {roff(usage(command))}', roff(f'{command.summary}. {command.description}'.strip())]
        lines += man_items((option_text(item), meaning(item)) for item in command.inputs if not item.word)
    lines += ['.SH EXIT STATUS'] + man_items(EXITS) + ['.SH ENVIRONMENT'] + man_items(VARIABLES)
    lines += ['.SH FILES'] + man_items(FILES) + ['.SH EXAMPLES', '.nf']
    lines += [roff(command.examples[0]) for command in commands_of(schema)]
    return '\n'.join(lines + ['.fi', '.SH SEE ALSO', '.BR truced (8)']) + '\n'


def truced_man(schema):
    version = schema.document['info']['version']
    lines = man_head('truced', 8, version, 'run virtual machines on this host and serve the API')
    lines += ['.SH SYNOPSIS', '.B truced', '[\\fIoptions\\fR]', '.SH DESCRIPTION',
              roff('The daemon of Truce. It keeps what is wanted in a store, runs the machines with QEMU, and serves '
                   'the API on a local socket and by HTTPS. Machines outlive it: it can be stopped, upgraded and '
                   'started again at any time.'),
              '.SH OPTIONS', roff('Each is also a key of the configuration file.')]
    lines += man_items((f'--{o.name} {o.type.upper()}',
                        o.help + (f' (default {o.default})' if o.default != '' else '')) for o in schema.options)
    lines += ['.SH RESTORE', roff('truced --restore FILE puts a backup of the store (truce server backup) in the store\'s place and '
                                  'ends; what was there is kept beside it. The daemon must not run.'),
              '.SH SIGNALS', roff('SIGHUP reads the configuration again and opens the log file anew; SIGTERM ends the daemon, '
                                  'while machines run on.')]
    lines += ['.SH FILES']
    lines += man_items([('/var/lib/truce', 'The store and the default pool'), ('/run/truce/truced.sock', 'The API')])
    return '\n'.join(lines + ['.SH SEE ALSO', '.BR truce (1)']) + '\n'
