"""Pieces of C++ text that several generated files need."""

import json

NOTICE = '// Made by tools/generate from schema/; do not edit.\n// clang-format off\n'

KEYWORDS = frozenset('''alignas alignof and and_eq asm auto bitand bitor bool break case catch char
class compl concept const consteval constexpr constinit const_cast continue co_await co_return
co_yield decltype default delete do double dynamic_cast else enum explicit export extern false float
for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or
or_eq private protected public register reinterpret_cast requires return short signed sizeof static
static_assert static_cast struct switch template this thread_local throw true try typedef typeid
typename union unsigned using virtual void volatile wchar_t while xor xor_eq'''.split())


def identifier(name):
    """A C++ name: keywords get a trailing underscore, '-' becomes '_'."""
    name = name.replace('-', '_')
    return name + '_' if name in KEYWORDS else name


def quoted(text):
    """A C++ string literal."""
    return json.dumps(text, ensure_ascii=False)


def boolean(value):
    return 'true' if value else 'false'


def one_line(text):
    return ' '.join(text.split())
