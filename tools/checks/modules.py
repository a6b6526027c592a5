"""Headers, modules and what the project depends on. (Layers are CMake's: cmake/Module.cmake.)"""

import pathlib
import re

DEPENDENCIES = 'docs/dependencies.md'
PACKAGES = 'tools/packages.txt'


def check_includes(tree):
    """Each header begins with #pragma once and opens no namespace; no include goes up a folder"""
    for path in tree.sources('.h'):
        text = tree.text(path) or ''
        code = [line for line in text.splitlines() if line.strip() and not line.startswith('//')]
        if not code or code[0].strip() != '#pragma once':
            yield f'{path}:1: the first line of code in a header is #pragma once'
        for match in re.finditer(r'^using namespace (?!std::\w*literals)', text, re.MULTILINE):
            line = text.count('\n', 0, match.start()) + 1
            yield f'{path}:{line}: a header does not open a namespace for all who include it'
    for path in tree.sources('.h', '.cpp'):
        if '/tests/' in path:  # a conformance suite is shared between modules
            continue
        for number, line in enumerate((tree.text(path) or '').splitlines(), 1):
            if re.match(r'#include "(\.\./|.*/\.\./)', line):
                yield f'{path}:{number}: includes name the module: "module/header.h"'


def check_modules(tree):
    """Each module says in a README.md what it is, and has tests"""
    for path in tree.paths:
        parts = pathlib.PurePath(path).parts
        if len(parts) != 3 or parts[0] != 'src' or parts[2] != 'CMakeLists.txt':
            continue
        folder = f'src/{parts[1]}'
        readme = f'{folder}/README.md'
        if readme not in tree.paths or len(tree.text(readme).split()) < 20:
            yield f'{readme}: says what the module is, what it is not, and its main types'
        if not any(p.startswith(f'{folder}/tests/') and p.endswith('_test.cpp') for p in tree.paths):
            yield f'{folder}/tests: has no test'


def named_packages(text):
    """(line, package) of a list whose lines begin with a purpose: see tools/install-packages."""
    for number, line in enumerate(text.splitlines(), 1):
        for word in line.split('#')[0].split()[1:]:
            yield number, word


def check_dependencies(tree):
    """Each library and package that the build or the lists name has a line in docs/dependencies.md"""
    if DEPENDENCIES not in tree.paths:
        return
    known = set(re.findall(r'[a-z0-9][a-z0-9+.-]*[a-z0-9+]', tree.text(DEPENDENCIES).lower()))
    wanted = []
    if 'CMakeLists.txt' in tree.paths:
        for number, line in enumerate(tree.text('CMakeLists.txt').splitlines(), 1):
            match = re.match(r'\s*find_package\((\w+)', line)
            if match:
                wanted.append(('CMakeLists.txt', number, match.group(1)))
    if PACKAGES in tree.paths:
        wanted += [(PACKAGES, *found) for found in named_packages(tree.text(PACKAGES))]
    for path, number, name in wanted:
        if name.lower() not in known:
            yield f'{path}:{number}: {name} has no line in {DEPENDENCIES}: why it, and what else there was'
