"""The queries that the model understands: `select ... from CLASS [where ...]`, as WQL has them.

A backslash within a text is the start of an escape, so that one that is meant is written twice. [WQL, in the documents of WMI]"""
import re

from schema import find_class

TOKEN = re.compile(r"""\s*(?:(?P<word>[A-Za-z_]\w*)|(?P<number>-?\d+)
    |(?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|(?P<sign><>|!=|<=|>=|[=<>(),*]))""", re.VERBOSE)
COMPARE = {'=': lambda a, b: a == b, '<>': lambda a, b: a != b, '!=': lambda a, b: a != b, '<': lambda a, b: a < b, '>': lambda a, b: a > b,
           '<=': lambda a, b: a <= b, '>=': lambda a, b: a >= b}


class BadQuery(Exception):
    """The query cannot be understood."""


class NoSuchClass(Exception):
    """The query is for a class that there is not."""


def tokens_of(text):
    tokens, at = [], 0
    text = text.strip()
    while at < len(text):
        found = TOKEN.match(text, at)
        if not found:
            raise BadQuery(f'at {text[at:at + 20]!r}')
        tokens.append((found.lastgroup, found.group(found.lastgroup)))
        at = found.end()
    return tokens + [('end', '')]


def unquoted(text):
    inner = text[1:-1]
    for escaped in re.findall(r'\\(.)', inner):
        if escaped not in '\\\'"':
            raise BadQuery(f'backslash before {escaped!r}')
    return re.sub(r'\\(.)', r'\1', inner)


def pattern_of(text):
    """LIKE's: % is any text, _ any character, [...] a set."""
    parts = re.split(r'(%|_|\[[^\]]*\])', text)
    meaning = {'%': '.*', '_': '.'}
    return re.compile(''.join(meaning.get(one) or (one if one.startswith('[') and one.endswith(']') else re.escape(one)) for one in parts),
                      re.IGNORECASE | re.DOTALL)


class Query:
    """`kind` is the class, `names` the properties that are asked for (None: all), `matches` says which instances are."""

    def __init__(self, namespace, text):
        self.tokens, self.at = tokens_of(text), 0
        self.word('select')
        names = [self.take()[1]]
        while self.tokens[self.at] == ('sign', ','):
            self.at += 1
            names.append(self.take('word')[1])
        self.word('from')
        name = self.take('word')[1]
        self.kind = find_class(namespace, name)
        if self.kind is None:
            raise NoSuchClass(name)
        self.names = None if names == ['*'] else [self.property(one) for one in names]
        self.matches = lambda instance: True
        if self.tokens[self.at][0] != 'end':
            self.word('where')
            self.matches = self.either()
        if self.take()[0] != 'end':
            raise BadQuery('more than a query')

    def take(self, group=None):
        found = self.tokens[self.at]
        if group and found[0] != group:
            raise BadQuery(f'{found[1]!r} where a {group} should be')
        self.at += 1
        return found

    def word(self, wanted):
        if self.take()[1].lower() != wanted:
            raise BadQuery(f'no {wanted}')

    def next_is(self, word):
        group, text = self.tokens[self.at]
        if group == 'word' and text.lower() == word:
            self.at += 1
            return True
        return False

    def property(self, name):
        found = self.kind.property(name)
        if found is None:
            raise BadQuery(f'{self.kind.name} has no property {name!r}')
        return found

    def either(self):
        left = self.both()
        while self.next_is('or'):
            left = (lambda one, other: lambda instance: one(instance) or other(instance))(left, self.both())
        return left

    def both(self):
        left = self.one()
        while self.next_is('and'):
            left = (lambda one, other: lambda instance: one(instance) and other(instance))(left, self.one())
        return left

    def one(self):
        if self.next_is('not'):
            inner = self.one()
            return lambda instance: not inner(instance)
        if self.tokens[self.at] == ('sign', '('):
            self.at += 1
            inner = self.either()
            if self.take() != ('sign', ')'):
                raise BadQuery('no closing parenthesis')
            return inner
        return self.comparison()

    def comparison(self):
        name = self.property(self.take('word')[1])
        if self.next_is('like'):
            wanted = pattern_of(unquoted(self.take('text')[1]))
            return lambda instance: isinstance(instance.get(name), str) and wanted.fullmatch(instance[name]) is not None
        if self.next_is('is'):
            negated = self.next_is('not')
            self.word('null')
            return lambda instance: (instance.get(name) is None) != negated
        sign = self.take('sign')[1]
        if sign not in COMPARE:
            raise BadQuery(f'{sign!r} is no comparison')
        return self.comparing(name, sign)

    def comparing(self, name, sign):
        kind = self.kind.properties[name]
        if kind.endswith('[]'):
            raise BadQuery(f'{name} is an array')
        group, text = self.take()
        if group == 'word' and text.lower() == 'null' and sign in ('=', '<>', '!='):
            return lambda instance: (instance.get(name) is None) == (sign == '=')
        if kind == 'boolean' and group == 'word' and text.lower() in ('true', 'false'):
            wanted = text.lower() == 'true'
        elif group == 'number' and kind not in ('string', 'datetime', 'reference'):
            wanted = int(text)
        elif group == 'text' and kind == 'string':
            wanted = unquoted(text).lower()
        elif group == 'text' and kind not in ('boolean', 'datetime', 'reference') and re.fullmatch(r'-?\d+', text[1:-1]):
            wanted = int(text[1:-1])  # WMI takes numbers as texts too
        else:
            raise BadQuery(f'{text!r} cannot be compared with {name}, which is {kind}')

        def compare(instance):
            value = instance.get(name)
            return value is not None and COMPARE[sign](value.lower() if isinstance(value, str) else value, wanted)
        return compare
