"""model/operations.h and model/openapi.h: the API as rows, and as its own description."""

import copy
import json

from dialect import ABSENT
from text import NOTICE, boolean, one_line, quoted


def query_parameter(param, schema):
    type_ = param.type
    kind = {'enum': 'choice', 'string': 'text', 'integer': 'integer', 'boolean': 'boolean'}[type_.kind]
    if type_.rule.get('format') == 'name':
        kind = 'name'
    parts = [f'.name = "{param.name}"', f'.type = QueryType::{kind}']
    for key in ('minimum', 'maximum'):
        if key in type_.rule:
            parts.append(f'.{key} = {type_.rule[key]}')
    if param.default is not ABSENT:
        text = boolean(param.default) if isinstance(param.default, bool) else str(param.default)
        parts.append(f'.default_value = {quoted(text)}')
    if kind == 'choice':
        parts.append(f'.choices = {type_.name}_choices')
    return f'    {{{", ".join(parts)}}},'


def is_list(op, schema):
    return bool(op.response) and bool(schema.objects[op.response].list_of)


def operation_row(op, schema):
    query = f'{op.id}_query' if op.query else '{}'
    return ('    {' + ', '.join([
        f'.operation = Operation::{op.id}', f'.id = "{op.id}"', f'.method = "{op.method}"',
        f'.path = "{op.path}"', f'.summary = {quoted(one_line(op.summary))}',
        f'.permission = Permission::{op.permission}', f'.audit = {boolean(op.audit)}',
        f'.request = "{op.request}"', f'.response = "{op.response}"', f'.status = {op.status}',
        f'.list = {boolean(is_list(op, schema))}', f'.query = {query}']) + '},')


def operations_header(schema):
    ops = schema.operations
    lines = [NOTICE + '// Every operation of the API as a row of data.', '#pragma once', '',
             '#include <array>', '', '#include "model/operation_row.h"', '', 'namespace truce::model {', '',
             '/// The operations, in the order of schema/api.yaml.',
             'enum class Operation : int {']
    lines += [f'  {op.id},' for op in ops]
    lines += ['};', '', '/// What the rows of `operations` point to.', 'namespace rows {']
    for name in sorted({p.type.name for op in ops for p in op.query if p.type.kind == 'enum'}):
        names = ', '.join(quoted(value) for value in schema.enums[name].values)
        lines.append(f'inline constexpr std::string_view {name}_choices[]{{{names}}};')
    for op in ops:
        if op.query:
            lines.append(f'inline constexpr QueryParameter {op.id}_query[]{{')
            lines += [query_parameter(param, schema) for param in op.query]
            lines.append('};')
    rows = [operation_row(op, schema) for op in ops]
    lines += [f'inline constexpr std::array<OperationRow, {len(ops)}> table{{{{'] + rows + ['}};',
              '}  // namespace rows', '',
              '/// All operations; the index is the value of the Operation.',
              'inline constexpr const auto& operations = rows::table;', '',
              '/// The row of an operation.',
              'constexpr const OperationRow& row_of(Operation operation) {',
              '  return operations[static_cast<std::size_t>(operation)];', '}', '',
              '}  // namespace truce::model', '']
    return '\n'.join(lines)


PROBLEM = {
    'type': 'object',
    'description': 'What went wrong (RFC 9457)',
    'required': ['status', 'code', 'detail'],
    'properties': {
        'type': {'type': 'string', 'description': 'urn:truce:error: and the code'},
        'title': {'type': 'string', 'description': 'The status in words'},
        'status': {'type': 'integer', 'description': 'The status as a number'},
        'code': {'type': 'string', 'description': 'What a program can act on, such as not_found'},
        'detail': {'type': 'string', 'description': 'What, why, and what to do'},
        'field': {'type': 'string', 'description': 'JSON pointer of the input at fault'},
    },
}
WATCH = [
    {'name': 'watch', 'in': 'query', 'schema': {'type': 'boolean'},
     'description': 'Answer with changes as server-sent events'},
    {'name': 'since', 'in': 'query', 'schema': {'type': 'integer', 'minimum': 0},
     'description': 'With watch: only changes after this revision'},
]


def expand_list(item, description):
    return {
        'type': 'object', 'description': description, 'required': ['revision', 'items', 'next'],
        'properties': {
            'revision': {'type': 'integer', 'description': 'The revision of the store that the page shows'},
            'items': {'type': 'array', 'items': {'$ref': f'#/components/schemas/{item}'}},
            'next': {'type': 'string', 'description': 'What to pass as `after` for the next page; empty at the end'},
            'total': {'type': 'integer', 'description': 'How many there are, where `offset` was given'},
        },
    }


def openapi(schema):
    """api.yaml as plain OpenAPI 3.1: lists, path parameters and problems written out."""
    document = copy.deepcopy(schema.document)
    schemas = document['components']['schemas']
    for name, node in schemas.items():
        if 'x-list-of' in node:
            schemas[name] = expand_list(node['x-list-of'], node['description'])
        for prop in node.get('properties', {}).values():
            prop.pop('x-cli-file', None)
            prop.pop('x-cli-secret', None)
            prop.pop('x-keep-absent', None)
            prop.pop('x-cli-spread', None)
    schemas['Problem'] = PROBLEM
    for op in schema.operations:
        node = document['paths'][op.path][op.method.lower()]
        node.pop('x-cli', None)
        names = [{'name': name, 'in': 'path', 'required': True, 'schema': {'type': 'string'}}
                 for name in op.path_parameters()]
        extra = WATCH if is_list(op, schema) else []
        if names or extra or 'parameters' in node:
            node['parameters'] = names + node.get('parameters', []) + extra
        for response in node['responses'].values():
            response.setdefault('description', 'done')
        node['responses']['default'] = {
            'description': 'refused or failed',
            'content': {'application/problem+json': {'schema': {'$ref': '#/components/schemas/Problem'}}}}
    document['components']['securitySchemes'] = {'token': {'type': 'http', 'scheme': 'bearer'}}
    document['security'] = [{'token': []}]
    return document


CHUNK = 8000  # characters in a literal; compilers promise 65,536


def openapi_source(schema):
    text = json.dumps(openapi(schema), separators=(',', ':'), ensure_ascii=False)
    lines = [NOTICE + '#include "model/openapi.h"', '', '#include <string>', '', 'namespace truce::model {', '',
             'std::string_view openapi_json() {', '  static const std::string text = [] {',
             '    std::string joined;']
    for start in range(0, len(text), CHUNK):
        lines.append(f'    joined += R"~~({text[start:start + CHUNK]})~~";')
    lines += ['    return joined;', '  }();', '  return text;', '}', '', '}  // namespace truce::model', '']
    return '\n'.join(lines)
