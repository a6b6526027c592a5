"""How long files, functions and folders are.

tools/check-sizes.txt names the exceptions, one a line: PATH WHAT NUMBER REASON, where WHAT is
`lines`, `files` or `function:NAME`. The list may only shrink: an entry that is no longer needed, or
whose number could be lower, is a finding too.
"""

import ast
import collections
import pathlib
import re

LINES = {'.cpp': 600, '.h': 250, '.py': 600, '.sh': 600}
FUNCTION_LINES = 60
FILES = 25
LIST = 'tools/check-sizes.txt'
# Folders of data: cases for a test, inputs for a fuzzer.
DATA_FOLDER = re.compile(r'(^|/)(corpus_\w+|golden|generated|cases)(/|$)')

CONTROL = {'if', 'for', 'while', 'switch', 'catch', 'return', 'do', 'else', 'namespace', 'class',
           'struct', 'union', 'enum', 'extern', 'decltype', 'alignas', 'requires'}
TOKEN = re.compile(r'''//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*\'''',
                   re.DOTALL)
HEAD = re.compile(r'([~\w]+(?:::~?\w+)*|operator\S{1,3})\s*\(')


def blank(text):
    """The text without comments and literals; each keeps its line breaks."""
    def replace(match):
        # A quote between digits separates thousands.
        if match.group()[0] == "'" and text[match.start() - 1:match.start()].isalnum():
            return match.group()
        return re.sub(r'[^\n]', ' ', match.group())
    text = TOKEN.sub(replace, text)
    return re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', lambda m: re.sub(r'[^\n]', ' ', m.group()), text,
                  flags=re.MULTILINE)


def cpp_functions(text):
    """(name, first line, lines) of each function body outside of another one. Roughly: by braces."""
    text = blank(text)
    found = []
    stack = []  # one name a brace: of a function, or None
    start = 0
    for match in re.finditer(r'[{};]', text):
        at = match.start()
        head = text[start:at]
        if match.group() == '{':
            name = function_name(head) if not any(stack) else None
            stack.append(name and (name, start + len(head) - len(head.lstrip())))
        elif match.group() == '}' and stack:
            function = stack.pop()
            if function:
                first = text.count('\n', 0, function[1]) + 1
                found.append((function[0], first, text.count('\n', 0, at) + 2 - first))
        if match.group() != ';' or head.count('(') <= head.count(')'):
            start = at + 1
    return found


def function_name(head):
    """The name that a head such as `Result<void> Pool::open(...) const` defines; None when it is none."""
    match = HEAD.search(head)
    if not match or ')' not in head or match.group(1) in CONTROL:
        return None
    before = head[:match.start()].split()
    if '=' in before or (before and before[-1] in CONTROL - {'decltype'}):
        return None
    if match.group(1).startswith(('TEST', 'TYPED_TEST')):
        return head[match.end():head.rfind(')')].split(',')[-1].strip()
    return match.group(1).split('::')[-1]


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def measure(tree):
    """{(path, what): (number, limit, line)} of all that has a limit."""
    sizes = {}
    folders = collections.Counter()
    for path in tree.paths:
        folder = str(pathlib.PurePath(path).parent)
        if not DATA_FOLDER.search(folder):
            folders[folder] += 1
    for folder, count in folders.items():
        sizes[folder, 'files'] = (count, FILES, 0)
    python = set(tree.sources('.py')) | set(tree.scripts('python3'))
    for path in set(tree.sources('.cpp', '.h', '.sh')) | python | set(tree.scripts('sh')):
        text = tree.text(path) or ''
        limit = LINES.get(pathlib.PurePath(path).suffix, LINES['.sh'])
        sizes[path, 'lines'] = (text.count('\n'), limit, 0)
        functions = []
        if path.endswith(('.cpp', '.h')):
            functions = cpp_functions(text)
        elif path in python:
            functions = python_functions(text)
        for name, line, lines in functions:
            key = path, f'function:{name}'
            if lines > sizes.get(key, (0,))[0]:
                sizes[key] = (lines, FUNCTION_LINES, line)
    return sizes


def check(tree):
    """Lines of files and functions, files in folders; exceptions are in tools/check-sizes.txt"""
    sizes = measure(tree)
    allowed = {}
    text = tree.text(LIST) if LIST in tree.paths else ''
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith('#'):
            continue
        words = line.split(None, 3)
        if len(words) < 4 or not words[2].isdigit():
            yield f'{LIST}:{number}: not PATH WHAT NUMBER REASON: {line}'
            continue
        key = words[0], words[1]
        allowed[key] = int(words[2])
        size, limit, _ = sizes.get(key, (0, 0, 0))
        if size <= limit:
            yield f'{LIST}:{number}: {words[0]} {words[1]} needs no exception any more: delete the line'
        elif size < allowed[key]:
            yield f'{LIST}:{number}: {words[0]} {words[1]} is down to {size}: write that'
    for (path, what), (size, limit, line) in sorted(sizes.items()):
        if size > allowed.get((path, what), limit):
            place = f'{path}:{line}' if line else path
            yield f'{place}: {what} {size}, more than {allowed.get((path, what), limit)}'
