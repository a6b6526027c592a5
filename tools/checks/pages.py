"""What the pages of docs/ say of the project's tests."""

import re

TEST = re.compile(r'\bTEST(?:_F|_P)?\(\s*(\w+)\s*,\s*(\w+)\s*\)')
PYTHON_TEST = re.compile(r'^\s*def (test_\w+)\(', re.MULTILINE)
NAMED = re.compile(r'`([A-Z]\w*\.[a-z0-9]+(?:_\w+)+|test_\w+)`')


def check_named_tests(tree):
    """Each test that a page names is there"""
    known = set()
    for path in tree.sources('_test.cpp'):
        known |= {f'{suite}.{name}' for suite, name in TEST.findall(tree.text(path) or '')}
    for path in tree.sources('_test.py'):
        known |= set(PYTHON_TEST.findall(tree.text(path) or ''))
    for path in tree.paths:
        if not path.startswith('docs/') or not path.endswith('.md') or path.startswith('docs/reference/'):
            continue  # the reference names operations of the API, such as test_alarm
        for number, line in enumerate((tree.text(path) or '').splitlines(), 1):
            for name in NAMED.findall(line):
                if name not in known:
                    yield f'{path}:{number}: there is no test {name}'
