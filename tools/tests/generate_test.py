#!/usr/bin/python3
"""Tests of tools/generate: small schema in, text out; and what it refuses."""

import copy
import pathlib
import subprocess
import sys
import tempfile
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / 'tools' / 'generator'))
sys.dont_write_bytecode = True

import commands  # noqa: E402
import config  # noqa: E402
import dialect  # noqa: E402
import docs  # noqa: E402
import model_types  # noqa: E402
import operations  # noqa: E402

API = yaml.safe_load('''
info: {title: Toys, version: 1.2.3, description: Toys.}
paths:
  /v1/toys:
    get:
      operationId: list_toys
      summary: List toys
      x-permission: view
      x-cli: {noun: toy, verb: list, columns: [name, size], examples: [truce toy list]}
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 9, default: 5}, description: So many}
        - {name: color, in: query, schema: {$ref: '#/components/schemas/Color'}, description: Of this color}
      responses: {'200': {content: {application/json: {schema: {$ref: '#/components/schemas/ToyList'}}}}}
    post:
      operationId: create_toy
      summary: Make a toy
      x-permission: operate
      x-audit: true
      x-cli: {noun: toy, verb: create, args: [name], examples: [truce toy create ball]}
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Toy'}}}}
      responses: {'202': {content: {application/json: {schema: {$ref: '#/components/schemas/Toy'}}}}}
components:
  schemas:
    Toy:
      type: object
      description: A toy
      required: [name]
      properties:
        name: {type: string, format: name, description: Unique}
        size: {type: integer, format: bytes, minimum: 1024, default: 2048, description: How large}
        color: {$ref: '#/components/schemas/Color', default: 'off', description: Its color}
        template: {type: string, default: '', description: A keyword}
        weight: {type: number, description: How heavy}
        parts: {type: array, items: {$ref: '#/components/schemas/Part'}, maxItems: 3, description: Parts}
        tags: {type: object, additionalProperties: {type: string, maxLength: 4}, x-keep-absent: true, description: Tags}
        made: {type: string, format: date-time, description: When}
        pin: {type: string, x-cli-secret: true, description: What opens it}
    Part: {type: object, description: A part, properties: {id: {type: integer, description: Which}}}
    Color: {type: string, description: A color, enum: ['off', red]}
    ToyList: {type: object, x-list-of: Toy, description: A page}
''')
NODE = {'components': {'schemas': {}}}
CONFIG = {'options': [{'name': 'state-dir', 'type': 'string', 'default': '/x', 'help': 'Where'},
                      {'name': 'mode', 'type': 'string', 'default': 'a', 'values': ['a', 'b'], 'help': 'How'},
                      {'name': 'count', 'type': 'integer', 'default': 3, 'minimum': 1, 'help': 'How many'}]}
CLI = yaml.safe_load('''
nouns: {toy: Toys}
everywhere: [{name: quiet, type: boolean, description: Be quiet}]
verbs:
  - {noun: toy, verb: throw, summary: Throw it, words: [{name: name, of: toy, description: Which}], rest: WHERE...,
     examples: [truce toy throw ball -- far]}
''')


def schema(change=None):
    api, cli = copy.deepcopy(API), copy.deepcopy(CLI)
    if change:
        change(api, cli)
    return dialect.parse(api, NODE, CONFIG, cli)


class Types(unittest.TestCase):
    def setUp(self):
        self.header = model_types.types_header(schema())

    def test_required_defaulted_and_optional_fields_have_the_promised_types(self):
        for line in ('std::string name{};', 'Bytes size{2048};', 'Color color = Color::off;',
                     'std::optional<double> weight{};', 'std::vector<Part> parts{};',
                     'std::optional<Time> made{};'):
            self.assertIn(line, self.header)

    def test_a_keyword_gets_an_underscore_but_keeps_its_json_name(self):
        self.assertIn('std::string template_{};', self.header)
        self.assertIn('{"template", &Toy::template_,', model_types.schema_header(schema()))

    def test_a_map_that_keeps_its_absence_is_optional(self):
        self.assertIn('std::optional<std::map<std::string, std::string>> tags{};', self.header)

    def test_a_struct_comes_after_those_it_holds(self):
        self.assertLess(self.header.index('struct Part'), self.header.index('struct Toy {'))

    def test_a_page_has_revision_items_and_next(self):
        page = self.header[self.header.index('struct ToyList'):]
        for line in ('std::int64_t revision = 0;', 'std::vector<Toy> items{};', 'std::string next{};'):
            self.assertIn(line, page)

    def test_limits_are_data(self):
        table = model_types.schema_header(schema())
        self.assertIn('{"size", &Toy::size, Need::optional, FieldRule{.minimum = 1024}, FieldRule{}}', table)
        self.assertIn('Need::required, FieldRule{.format = Format::name}', table)
        self.assertIn('FieldRule{.max_items = 3}', table)
        self.assertIn('FieldRule{}, FieldRule{.max_length = 4}', table)

    def test_the_same_schema_gives_the_same_text(self):
        self.assertEqual(self.header, model_types.types_header(schema()))


class Operations(unittest.TestCase):
    def test_rows_carry_permission_and_audit(self):
        text = operations.operations_header(schema())
        self.assertIn('.operation = Operation::create_toy', text)
        self.assertIn('.permission = Permission::operate, .audit = true, .request = "Toy"', text)
        self.assertIn('.name = "limit", .type = QueryType::integer, .minimum = 1, .maximum = 9, '
                      '.default_value = "5"', text)
        self.assertIn('.choices = Color_choices', text)

    def test_the_description_is_plain_openapi(self):
        document = operations.openapi(schema())
        self.assertEqual(document['components']['schemas']['ToyList']['properties']['items']['items'],
                         {'$ref': '#/components/schemas/Toy'})
        get = document['paths']['/v1/toys']['get']
        self.assertNotIn('x-cli', get)
        self.assertIn('watch', [p['name'] for p in get['parameters']])
        self.assertIn('default', get['responses'])

    def test_the_schema_itself_is_left_as_it_was(self):
        one = schema()
        before = copy.deepcopy(one.document)
        operations.openapi(one)
        self.assertEqual(one.document, before)


class Commands(unittest.TestCase):
    def find(self, name):
        return next(c for c in commands.commands_of(schema()) if c.name == name)

    def test_body_fields_become_words_and_options(self):
        create = self.find('toy create')
        self.assertEqual([i.name for i in create.inputs if i.word], ['name'])
        self.assertEqual(commands.usage(create), 'truce toy create NAME [options]')
        size = next(i for i in create.inputs if i.name == 'size')
        self.assertEqual((size.kind, size.default, size.limits), ('bytes', '2KiB', 'at least 1KiB'))

    def test_a_secret_is_read_from_a_file_by_an_option_that_says_so(self):
        pin = next(i for i in self.find('toy create').inputs if i.name == 'pin')
        self.assertEqual((pin.flag, pin.file, pin.secret, pin.value), ('pin-file', True, True, 'FILE'))

    def test_a_list_can_be_watched_and_has_no_default_limit(self):
        inputs = {i.name: i for i in self.find('toy list').inputs}
        self.assertIn('watch', inputs)
        self.assertEqual(inputs['limit'].default, '')

    def test_a_verb_written_by_hand_is_a_row_like_others(self):
        throw = self.find('toy throw')
        self.assertEqual(commands.usage(throw), 'truce toy throw NAME -- WHERE...')
        self.assertIn('.noun = "toy", .verb = "throw"', commands.commands_header(schema()))


class Config(unittest.TestCase):
    def test_options_become_fields_with_defaults(self):
        text = config.config_header(schema())
        self.assertIn('std::string state_dir = "/x";', text)
        self.assertIn('std::int64_t count = 3;', text)
        self.assertIn('app.add_option("--state-dir", config.state_dir', config.options_header(schema()))

    def test_allowed_values_and_bounds_are_checked_when_options_are_read(self):
        text = config.options_header(schema())
        self.assertIn('->check(CLI::IsMember({"a", "b"}))', text)
        self.assertIn('->check(CLI::Range(std::int64_t{1},', text)


class Docs(unittest.TestCase):
    def test_pages_name_every_operation_command_and_option(self):
        one = schema()
        self.assertIn('### POST /v1/toys', docs.api_page(one))
        self.assertIn('### truce toy throw', docs.cli_page(one))
        self.assertIn('`state-dir`', docs.config_page(one))
        self.assertIn('truce toy create NAME', docs.truce_man(one))
        self.assertIn('\\-\\-state\\-dir', docs.truced_man(one))


class Refusals(unittest.TestCase):
    def refused(self, message, change):
        with self.assertRaisesRegex(dialect.SchemaError, message):
            one = schema(change)
            one.object_order()
            commands.commands_of(one)

    def toy(self, name, value):
        def change(api, _):
            api['components']['schemas']['Toy']['properties'][name] = value
        return change

    def test_unknown_keys_types_formats_and_references(self):
        self.refused("Toy/size: does not know the key 'minimun'",
                     self.toy('size', {'type': 'integer', 'minimun': 1, 'description': 'x'}))
        self.refused("type 'text' is not known", self.toy('a', {'type': 'text', 'description': 'x'}))
        self.refused("format 'ipv9' is not known",
                     self.toy('a', {'type': 'string', 'format': 'ipv9', 'description': 'x'}))
        self.refused('refers to Nothing', self.toy('a', {'$ref': '#/components/schemas/Nothing', 'description': 'x'}))

    def test_a_secret_that_is_no_text(self):
        self.refused('x-cli-secret is for a string',
                     self.toy('a', {'type': 'integer', 'x-cli-secret': True, 'description': 'x'}))

    def test_a_property_without_description(self):
        self.refused('Toy/a: needs a description', self.toy('a', {'type': 'string'}))

    def test_a_default_that_does_not_fit(self):
        self.refused('does not fit its type', self.toy('a', {'type': 'integer', 'default': '1', 'description': 'x'}))
        self.refused('does not fit its type', self.toy('a', {'type': 'integer', 'default': True, 'description': 'x'}))
        self.refused('is not of format',
                     self.toy('a', {'type': 'string', 'format': 'name', 'default': '', 'description': 'x'}))
        self.refused('is not a value of Color',
                     self.toy('a', {'$ref': '#/components/schemas/Color', 'default': 'blue', 'description': 'x'}))

    def test_an_unquoted_off_in_an_enum(self):
        def change(api, _):
            api['components']['schemas']['Color']['enum'] = [False, 'red']
        self.refused('enum values are strings', change)

    def test_an_object_that_holds_itself(self):
        self.refused('holds itself', self.toy('a', {'$ref': '#/components/schemas/Toy', 'description': 'x'}))

    def test_an_operation_without_permission(self):
        def change(api, _):
            del api['paths']['/v1/toys']['get']['x-permission']
        self.refused('x-permission must be one of', change)

    def test_columns_and_words_that_are_not_there(self):
        def columns(api, _):
            api['paths']['/v1/toys']['get']['x-cli']['columns'] = ['nme']
        self.refused('no fields of Toy', columns)

        def args(api, _):
            api['paths']['/v1/toys']['post']['x-cli']['args'] = ['nme']
        self.refused("takes 'nme'", args)

    def test_a_command_that_is_there_twice_or_under_an_unknown_noun(self):
        self.refused('twice', lambda _, cli: cli['verbs'].append(dict(cli['verbs'][0], verb='list')))
        self.refused('does not describe the noun', lambda _, cli: cli['verbs'].append(dict(cli['verbs'][0], noun='x')))


class Program(unittest.TestCase):
    def generate(self, root, *options):
        return subprocess.run([ROOT / 'tools' / 'generate', '--root', root, *options], capture_output=True,
                              text=True, check=False)

    def test_stale_files_are_named_and_then_written(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / 'schema').mkdir()
            for name, value in (('api', API), ('node', NODE), ('config', CONFIG), ('cli', CLI)):
                (root / 'schema' / f'{name}.yaml').write_text(yaml.safe_dump(value, sort_keys=False))
            self.assertEqual(self.generate(root, '--check').returncode, 1)
            self.assertEqual(self.generate(root).returncode, 0)
            self.assertEqual(self.generate(root, '--check').returncode, 0)

            header = root / 'src/model/include/model/types.h'
            header.write_text(header.read_text() + '\n')
            checked = self.generate(root, '--check')
            self.assertEqual(checked.returncode, 1)
            self.assertEqual(checked.stderr, 'src/model/include/model/types.h: is stale; run tools/generate\n')
            self.assertEqual(self.generate(root).stdout, 'src/model/include/model/types.h\n')
            self.assertEqual(self.generate(root, '--check').returncode, 0)

    def test_a_mistake_in_the_schema_is_one_line(self):
        with tempfile.TemporaryDirectory() as folder:
            result = self.generate(folder, '--check')
            self.assertEqual(result.returncode, 1)
            self.assertEqual(len(result.stderr.splitlines()), 1)

    def test_the_projects_own_files_are_up_to_date(self):
        result = self.generate(ROOT, '--check')
        self.assertEqual(result.stderr, '')
        self.assertEqual(result.returncode, 0)


if __name__ == '__main__':
    unittest.main()
