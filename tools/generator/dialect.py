"""Reads the schema files into plain objects and refuses what the dialect does not know.

The dialect is described in the comments of schema/api.yaml. Whatever this file cannot explain is an
error that names its place: a key that nobody reads is a promise that nobody keeps.
"""

import dataclasses
import pathlib
import re

import yaml

ABSENT = object()  # no default was given (None would be a value)

FORMATS = ('name', 'mac', 'cidr', 'forward', 'domain')
PERMISSIONS = ('none', 'view', 'operate', 'administer')
METHODS = ('get', 'post', 'put', 'patch', 'delete')


class SchemaError(Exception):
    """A mistake in a schema file; the text names its place."""


@dataclasses.dataclass
class Type:
    """kind: string integer number boolean bytes time array map object enum."""
    kind: str
    name: str = ''  # of the object or enum
    item: 'Type' = None  # of an array or map
    rule: dict = dataclasses.field(default_factory=dict)  # limits, by their JSON Schema names


@dataclasses.dataclass
class Property:
    name: str
    type: Type
    required: bool
    default: object
    description: str
    file: bool = False  # the CLI takes a file name and sends its content
    secret: bool = False  # the same by the option --NAME-file; where it is required, the CLI asks for it
    keep_absent: bool = False  # an array or map whose absence is not the same as an empty one
    spread: bool = False  # the CLI takes the fields of this object as options of their own


@dataclasses.dataclass
class Object:
    name: str
    description: str
    properties: list
    list_of: str = ''


@dataclasses.dataclass
class Enum:
    name: str
    description: str
    values: list


@dataclasses.dataclass
class Parameter:
    name: str
    type: Type
    default: object
    description: str


@dataclasses.dataclass
class Operation:
    id: str
    method: str
    path: str
    summary: str
    description: str
    permission: str
    audit: bool
    query: list
    request: str
    status: int
    response: str  # name of a schema; empty when the answer is not one
    content_type: str
    cli: dict

    def path_parameters(self):
        return re.findall(r'{(\w+)}', self.path)


@dataclasses.dataclass
class Option:
    name: str
    type: str
    default: object
    help: str
    values: list  # the only ones allowed; empty: any
    minimum: object  # of a number, or None


@dataclasses.dataclass
class Schema:
    enums: dict
    objects: dict
    operations: list
    options: list
    document: dict  # api.yaml as it was read
    cli: dict  # cli.yaml as it was read

    def object_order(self):
        """Objects so that each comes after those it holds."""
        done, order = set(), []

        def visit(name, trail):
            if name in done:
                return
            if name in trail:
                raise SchemaError(f'{name}: holds itself by way of {" -> ".join(trail)}')
            for held in held_objects(self.objects[name]):
                visit(held, trail + [name])
            done.add(name)
            order.append(self.objects[name])

        for name in self.objects:
            visit(name, [])
        return order


def held_objects(obj):
    for prop in obj.properties:
        inner = prop.type
        while inner.item:
            inner = inner.item
        if inner.kind == 'object':
            yield inner.name


def only_keys(node, allowed, where):
    if not isinstance(node, dict):
        raise SchemaError(f'{where}: must be a mapping')
    for key in node:
        if key not in allowed:
            raise SchemaError(f'{where}: does not know the key {key!r}')


COMMON = ('type', 'description', 'default', 'x-cli-file', 'x-cli-secret', 'x-keep-absent')
KEYS = {
    'string': COMMON + ('format', 'minLength', 'maxLength'),
    'integer': COMMON + ('format', 'minimum', 'maximum'),
    'number': COMMON + ('minimum', 'maximum'),
    'boolean': COMMON,
    'array': COMMON + ('items', 'minItems', 'maxItems'),
    'object': COMMON + ('additionalProperties', 'maxProperties', 'propertyNames'),
}
RULES = ('minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems', 'maxProperties')


def read_type(node, schemas, where):
    if '$ref' in node:
        only_keys(node, ('$ref', 'description', 'default', 'x-cli-spread'), where)
        name = node['$ref'].rsplit('/', 1)[-1]
        if name not in schemas:
            raise SchemaError(f'{where}: refers to {name}, which there is not')
        return Type('enum' if 'enum' in schemas[name] else 'object', name)
    kind = node.get('type')
    if kind not in KEYS:
        raise SchemaError(f'{where}: type {kind!r} is not known')
    only_keys(node, KEYS[kind], where)
    rule = {key: node[key] for key in RULES if key in node}
    if kind == 'array':
        return Type('array', item=read_type(node['items'], schemas, where + '/items'), rule=rule)
    if kind == 'object':
        values = node.get('additionalProperties')
        if values is None:
            raise SchemaError(f'{where}: an object here is a map and needs additionalProperties')
        if 'propertyNames' in node:
            only_keys(node['propertyNames'], ('maxLength',), where + '/propertyNames')
            rule['maxKeyLength'] = node['propertyNames']['maxLength']
        return Type('map', item=read_type(values, schemas, where + '/additionalProperties'), rule=rule)
    form = node.get('format')
    if form == 'date-time' and kind == 'string':
        return Type('time')
    if form == 'bytes' and kind == 'integer':
        return Type('bytes', rule=rule)
    if form is not None:
        if form not in FORMATS or kind != 'string':
            raise SchemaError(f'{where}: format {form!r} is not known')
        rule['format'] = form
    return Type(kind, rule=rule)


def check_default(value, type_, schemas, where):
    fits = {'string': str, 'boolean': bool, 'integer': int, 'bytes': int, 'number': (int, float)}
    if type_.kind == 'enum':
        if not all(isinstance(name, str) for name in schemas[type_.name]['enum']):
            return  # refused, with a better message, where the enum is read
        if value not in schemas[type_.name]['enum']:
            raise SchemaError(f'{where}: default {value!r} is not a value of {type_.name}')
    elif type_.kind not in fits or not isinstance(value, fits[type_.kind]) or (
            isinstance(value, bool) != (type_.kind == 'boolean')):
        raise SchemaError(f'{where}: default {value!r} does not fit its type')
    elif value == '' and 'format' in type_.rule:  # no format has it: what is written could not be read again
        raise SchemaError(f"{where}: the default '' is not of format {type_.rule['format']!r}")


def read_property(name, node, required, schemas, where):
    if not isinstance(node, dict):
        raise SchemaError(f'{where}: must be a mapping')
    if not re.fullmatch(r'[a-z][a-z0-9_]*', name):
        raise SchemaError(f'{where}: property names are snake_case')
    if not node.get('description'):
        raise SchemaError(f'{where}: needs a description')
    type_ = read_type(node, schemas, where)
    default = node.get('default', ABSENT)
    if default is not ABSENT:
        check_default(default, type_, schemas, where)
    secret = node.get('x-cli-secret', False)
    if secret and type_.kind != 'string':
        raise SchemaError(f'{where}: x-cli-secret is for a string')
    return Property(name, type_, required, default, node['description'],
                    file=secret or node.get('x-cli-file', False), secret=secret,
                    keep_absent=node.get('x-keep-absent', False), spread=node.get('x-cli-spread', False))


def list_properties(item):
    return [
        Property('revision', Type('integer'), True, ABSENT, 'The revision of the store that the page shows'),
        Property('items', Type('array', item=Type('object', item)), True, ABSENT, 'The items of the page'),
        Property('next', Type('string'), False, '', 'What to pass as `after` for the next page; empty at the end'),
        Property('total', Type('integer'), False, 0, 'How many there are, where `offset` was given'),
    ]


def read_schema(name, node, schemas, where):
    if not node.get('description'):
        raise SchemaError(f'{where}: needs a description')
    if 'enum' in node:
        only_keys(node, ('type', 'description', 'enum'), where)
        if not all(isinstance(value, str) and value for value in node['enum']):
            raise SchemaError(f'{where}: enum values are strings (quote off, on, yes and no)')
        return Enum(name, node['description'], node['enum'])
    only_keys(node, ('type', 'description', 'required', 'properties', 'x-list-of'), where)
    if 'x-list-of' in node:
        if node['x-list-of'] not in schemas:
            raise SchemaError(f'{where}: list of {node["x-list-of"]}, which there is not')
        return Object(name, node['description'], list_properties(node['x-list-of']), node['x-list-of'])
    required = node.get('required', [])
    properties = [read_property(key, value, key in required, schemas, f'{where}/{key}')
                  for key, value in node.get('properties', {}).items()]
    missing = set(required) - {prop.name for prop in properties}
    if missing:
        raise SchemaError(f'{where}: requires {sorted(missing)}, which it does not have')
    return Object(name, node['description'], properties)


def read_parameter(node, document, schemas, where):
    if '$ref' in node:
        name = node['$ref'].rsplit('/', 1)[-1]
        node = document['components'].get('parameters', {}).get(name)
        if node is None:
            raise SchemaError(f'{where}: refers to parameter {name}, which there is not')
    only_keys(node, ('name', 'in', 'schema', 'description'), where)
    if node.get('in') != 'query':
        raise SchemaError(f'{where}: only query parameters are declared')
    where = f'{where}?{node["name"]}'
    type_ = read_type(node['schema'], schemas, where)
    if type_.kind not in ('string', 'integer', 'boolean', 'enum'):
        raise SchemaError(f'{where}: a query parameter is text, a number, a boolean or an enum')
    default = node['schema'].get('default', ABSENT)
    return Parameter(node['name'], type_, default, node.get('description', ''))


def content_schema(node):
    """(content type, schema name) of a request body or response."""
    for content_type, content in node.get('content', {}).items():
        return content_type, content['schema'].get('$ref', '').rsplit('/', 1)[-1]
    return '', ''


CLI_KEYS = ('noun', 'verb', 'args', 'columns', 'examples')
OPERATION_KEYS = ('operationId', 'summary', 'description', 'x-permission', 'x-audit', 'x-cli',
                  'parameters', 'requestBody', 'responses')


def read_operation(path, method, node, document, schemas):
    where = f'{method.upper()} {path}'
    only_keys(node, OPERATION_KEYS, where)
    if node.get('x-permission') not in PERMISSIONS:
        raise SchemaError(f'{where}: x-permission must be one of {", ".join(PERMISSIONS)}')
    if not re.fullmatch(r'[a-z][a-z0-9_]*', node.get('operationId', '')):
        raise SchemaError(f'{where}: needs an operationId in snake_case')
    if not node.get('summary'):
        raise SchemaError(f'{where}: needs a summary')
    cli = node.get('x-cli', {})
    only_keys(cli, CLI_KEYS, f'{where}: x-cli')
    ((status, response),) = node['responses'].items()
    content_type, answer = content_schema(response)
    _, request = content_schema(node.get('requestBody', {}))
    for name in (answer, request):
        if name and name not in schemas:
            raise SchemaError(f'{where}: refers to {name}, which there is not')
    query = [read_parameter(p, document, schemas, where) for p in node.get('parameters', [])]
    return Operation(node['operationId'], method.upper(), path, node['summary'],
                     node.get('description', ''), node['x-permission'], node.get('x-audit', False),
                     query, request, int(status), answer, content_type, cli)


def read_option(node):
    where = f'config option {node.get("name")}'
    only_keys(node, ('name', 'type', 'default', 'help', 'values', 'minimum'), where)
    if node['type'] not in ('string', 'integer', 'boolean', 'number'):
        raise SchemaError(f'{where}: type {node["type"]!r} is not known')
    check_default(node['default'], Type(node['type']), {}, where)
    return Option(node['name'], node['type'], node['default'], node['help'], node.get('values', []), node.get('minimum'))


def check_cli(schema):
    for op in schema.operations:
        if not op.cli:
            continue
        body = [p.name for p in schema.objects[op.request].properties] if op.request else []
        for arg in op.cli.get('args', []):
            if arg not in op.path_parameters() + body:
                raise SchemaError(f'{op.id}: x-cli takes {arg!r}, which is neither in its path nor in its body')
        if op.cli.get('columns'):
            item = schema.objects[schema.objects[op.response].list_of or op.response]
            unknown = set(op.cli['columns']) - {p.name for p in item.properties}
            if unknown:
                raise SchemaError(f'{op.id}: columns {sorted(unknown)} are no fields of {item.name}')


def parse(api, node, config, cli):
    """A Schema from the four documents (as YAML gave them)."""
    raw = dict(api['components']['schemas'])
    for name, value in node['components']['schemas'].items():
        if name in raw:
            raise SchemaError(f'{name}: is in api.yaml and in node.yaml')
        raw[name] = value
    read = {name: read_schema(name, value, raw, name) for name, value in raw.items()}
    operations = [read_operation(path, method, value, api, raw)
                  for path, methods in api['paths'].items() for method, value in methods.items()]
    ids = [op.id for op in operations]
    for name in ids:
        if ids.count(name) > 1:
            raise SchemaError(f'operationId {name} is there twice')
    schema = Schema({k: v for k, v in read.items() if isinstance(v, Enum)},
                    {k: v for k, v in read.items() if isinstance(v, Object)},
                    operations, [read_option(option) for option in config['options']], api, cli)
    check_cli(schema)
    return schema


def load(folder):
    """The Schema of schema/{api,node,config,cli}.yaml."""
    documents = []
    for name in ('api', 'node', 'config', 'cli'):
        path = pathlib.Path(folder) / f'{name}.yaml'
        try:
            documents.append(yaml.safe_load(path.read_text(encoding='utf-8')))
        except yaml.YAMLError as error:
            raise SchemaError(f'{path}: {error}') from error
    return parse(*documents)
