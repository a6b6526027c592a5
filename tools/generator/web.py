"""web/src/api/schema.ts: the API as types, and as tables for forms, rights and the commands that do the same."""

import json

from dialect import ABSENT
from text import NOTICE, one_line

PLAIN = {'string': 'string', 'integer': 'number', 'number': 'number', 'boolean': 'boolean', 'bytes': 'number',
         'time': 'string'}
LIMITS = ('minimum', 'maximum', 'maxLength', 'maxItems')


def ts_type(type_):
    if type_.kind == 'array':
        inner = ts_type(type_.item)
        return f'{inner}[]' if inner.isidentifier() else f'({inner})[]'
    if type_.kind == 'map':
        return f'Record<string, {ts_type(type_.item)}>'
    return PLAIN.get(type_.kind, type_.name)


def is_sent(prop, request):
    """Whether the field is always there: in answers, also what has a default."""
    if prop.required:
        return True
    if request:
        return False
    return prop.default is not ABSENT or (prop.type.kind in ('array', 'map') and not prop.keep_absent)


def interface(obj, request):
    lines = [f'/** {one_line(obj.description)}. */', f'export interface {obj.name} {{']
    for prop in obj.properties:
        mark = '' if is_sent(prop, request) else '?'
        lines += [f'  /** {one_line(prop.description)} */', f'  {prop.name}{mark}: {ts_type(prop.type)}']
    return lines + ['}', '']


def field(prop, schema):
    kind = prop.type.kind
    made = {'kind': kind, 'description': one_line(prop.description), 'required': prop.required}
    if prop.default is not ABSENT:
        made['default'] = prop.default
    if kind == 'enum':
        made['values'] = schema.enums[prop.type.name].values
    if kind == 'array' and prop.type.item.kind == 'enum':
        made['values'] = schema.enums[prop.type.item.name].values
    if kind == 'object':
        made['object'] = prop.type.name
    if prop.file and not prop.secret:
        made['file'] = True
    made.update({key: prop.type.rule[key] for key in LIMITS if key in prop.type.rule})
    return made


def requests(schema):
    """Names of the objects that are sent, with those inside them."""
    names, found = [op.request for op in schema.operations if op.request], []
    while names:
        name = names.pop(0)
        if name in found:
            continue
        found.append(name)
        names += [prop.type.name for prop in schema.objects[name].properties if prop.type.kind == 'object']
    return found


def operation_type(op):
    path = ', '.join(f'{name}: string' for name in op.path_parameters())
    query = ', '.join(f'{param.name}?: {ts_type(param.type)}' for param in op.query)
    answer = op.response or ('unknown' if op.content_type == 'application/json' else 'undefined')
    return (f'  {op.id}: {{ path: {{ {path} }}; query: {{ {query} }}; body: {op.request or "undefined"}; '
            f'answer: {answer} }}')


def operation_row(op, schema):
    row = {'method': op.method, 'path': op.path, 'permission': op.permission, 'summary': op.summary}
    if op.request:
        row['body'] = op.request
    if op.cli:
        row['cli'] = {key: op.cli[key] for key in ('noun', 'verb', 'args', 'columns') if key in op.cli}
        if op.response and 'columns' in op.cli:
            item = schema.objects[schema.objects[op.response].list_of or op.response]
            row['cli']['bytes'] = [prop.name for prop in item.properties if prop.type.kind == 'bytes']
    return f'  {op.id}: {json.dumps(row, ensure_ascii=False)},'


def schema_ts(schema):
    sent = requests(schema)
    lines = [NOTICE.splitlines()[0], '']
    for item in schema.enums.values():
        values = ' | '.join(f"'{value}'" for value in item.values)
        lines += [f'/** {one_line(item.description)}. */', f'export type {item.name} = {values}', '']
    api = schema.document['components']['schemas']
    for obj in schema.objects.values():
        if obj.name in api:
            lines += interface(obj, obj.name in sent)
    lines += ['/** What each operation takes and answers. */', 'export interface Operations {']
    lines += [operation_type(op) for op in schema.operations]
    lines += ['}', '', 'export interface OperationRow {',
              "  method: string; path: string; permission: 'none' | 'view' | 'operate' | 'administer'; summary: string",
              '  cli?: { noun?: string; verb: string; args?: string[]; columns?: string[]; bytes?: string[] }',
              '  body?: string', '}', '',
              'export const operations: Record<keyof Operations, OperationRow> = {']
    lines += [operation_row(op, schema) for op in schema.operations]
    lines += ['}', '', 'export interface Field {',
              '  kind: string; description: string; required: boolean; default?: string | number | boolean',
              '  values?: string[]; object?: string; file?: boolean',
              '  minimum?: number; maximum?: number; maxLength?: number; maxItems?: number', '}', '',
              '/** The fields of what is sent. */', 'export const fields: Record<string, Record<string, Field>> = {']
    for name in sent:
        lines.append(f'  {name}: {{')
        lines += [f'    {prop.name}: {json.dumps(field(prop, schema), ensure_ascii=False)},'
                  for prop in schema.objects[name].properties]
        lines.append('  },')
    lines += ['}', '']
    return '\n'.join(lines)
