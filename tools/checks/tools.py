"""Checks that other programs do. A program that is missing is a note, not a finding."""

import concurrent.futures
import os
import re
import shutil
import subprocess

FORMATTER = 'clang-format-19'


def in_parallel(command, files, chunk=12):
    """Runs `command` on all files, some at a time; gives each run's output when it failed."""
    chunks = [files[at:at + chunk] for at in range(0, len(files), chunk)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        run = lambda some: subprocess.run([*command, *some], capture_output=True, text=True, check=False)
        for done in pool.map(run, chunks):
            if done.returncode != 0:
                yield done.stdout + done.stderr


def check_format(tree):
    """clang-format would change nothing (tools/dev fmt does it)"""
    files = [str(tree.root / path) for path in tree.sources('.cpp', '.h')]
    if not shutil.which(FORMATTER):
        tree.note(f'{FORMATTER} is not installed: format was not checked')
        return
    seen = set()
    for output in in_parallel([FORMATTER, '--dry-run', '-Werror'], files):
        found = re.findall(r'^(.*?):(\d+):\d+: error:', output, re.MULTILINE)
        if not found:
            yield f'{FORMATTER}: {output.strip() or "failed"}'
        for path, line in found:
            if path not in seen:
                seen.add(path)
                yield f'{os.path.relpath(path, tree.root)}:{line}: not formatted: tools/dev fmt'


def check_generated(tree):
    """What is made from schema/ is up to date (tools/generate)"""
    program = tree.root / 'tools' / 'generate'
    if not program.exists():
        return
    done = subprocess.run([program, '--check'], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        for line in (done.stdout + done.stderr).strip().splitlines() or ['failed']:
            yield f'tools/generate --check: {line}'


def check_scripts(tree):
    """shellcheck finds no error or warning in shell scripts"""
    files = tree.scripts('sh') + tree.sources('.sh')
    if not files:
        return
    if not shutil.which('shellcheck'):
        tree.note('shellcheck is not installed: scripts were not checked')
        return
    command = ['shellcheck', '--severity=warning', '--format=gcc', '--external-sources', f'--source-path={tree.root}']
    for output in in_parallel(command, [str(tree.root / path) for path in files]):
        for line in output.strip().splitlines():
            yield line.removeprefix(f'{tree.root}/')
