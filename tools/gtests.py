"""Runs GoogleTest programs: some tests in one process, as a test's own time is mostly shorter than its program's start.

A test that failed, and all that a process left undone when it died, is told by name; what is undone is run anew.
"""
import concurrent.futures
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from processes import run

TOGETHER = 12            # tests of a suite in one process
LIMIT, MORE = 300, 60    # seconds for a test, and for each that shares its process
END = re.compile(r'^\[ +(OK|FAILED|SKIPPED) +\] (\S+?)(?:, where .*)? \((\d+) ms\)$', re.M)
STATES = {'OK': 'passed', 'FAILED': 'failed', 'SKIPPED': 'skipped'}


@dataclass
class Group:
    """Tests of one program that share a process."""
    program: Path
    tests: list


@dataclass
class End:
    """How a test ended: passed, failed or skipped, after how many seconds, and what it said."""
    group: Group
    name: str
    state: str
    seconds: float
    said: str = field(repr=False, default='')

    @property
    def title(self):
        """`module.Suite.test`"""
        return f'{self.group.program.name.removesuffix("_tests")}.{self.name}'


def listed(program):
    """The names of a program's tests by their suites."""
    text = subprocess.run([program, '--gtest_list_tests'], cwd=program.parent, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout
    suites, suite = {}, None
    for line in text.splitlines():
        word = line.split('#')[0].strip()
        if not line.startswith(' '):
            suite = suites.setdefault(word, []) if word.endswith('.') else None
            prefix = word
        elif suite is not None and not word.startswith('DISABLED_'):
            suite.append(prefix + word)
    return suites


def groups_of(programs):
    """All tests of these, a few of a suite together."""
    return [Group(program, tests[i:i + TOGETHER]) for program in programs for tests in listed(program).values()
            for i in range(0, len(tests), TOGETHER)]


def run_group(group, environment=None):
    """The End of each test of a group."""
    limit = LIMIT + MORE * (len(group.tests) - 1)
    status, output = run([group.program, f'--gtest_filter={":".join(group.tests)}', '--gtest_color=no'],
                         limit * 10 if 'TRUCE_LONG_TESTS' in os.environ else limit, capture=True, quiet=True,
                         cwd=group.program.parent, env=environment)
    return ends_of(group, output, status, lambda rest: run_group(rest, environment))


def ends_of(group, output, status, again):
    """What a process's output says of its tests; `again` runs those to which it never came."""
    parts = re.split(r'^\[ RUN      \] (.*)$', output, flags=re.M)
    said = dict(zip(parts[1::2], parts[2::2]))
    told = {name: (STATES[word], int(ms) / 1000) for word, name, ms in END.findall(output)}
    ends = [End(group, name, *told.get(name, ('failed', 0)), said[name]) for name in group.tests if name in said]
    undone = [name for name in group.tests if name not in said]
    if status != 0 and all(end.state != 'failed' for end in ends):
        # It ended badly before its tests, or after them: a leak, of whichever.
        if len(group.tests) > 1:
            return [end for name in group.tests for end in again(Group(group.program, [name]))]
        return [End(group, group.tests[0], 'failed', 0, output)]
    return ends + (again(Group(group.program, undone)) if undone else [])


def run_all(groups, lanes, environment=None):
    """The ends of all tests of these groups, as they come; some processes at once."""
    with concurrent.futures.ThreadPoolExecutor(lanes) as pool:
        for end in concurrent.futures.as_completed([pool.submit(run_group, group, environment) for group in groups]):
            yield from end.result()
