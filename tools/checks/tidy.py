"""clang-tidy on what has changed."""

import concurrent.futures
import json
import os
import shutil
import subprocess
import sys

PROGRAM = 'clang-tidy-19'
LIMIT_SECONDS = 300


def changed(tree, base):
    """Tracked .cpp files that differ from `base`, and untracked ones."""
    def names(*arguments):
        done = subprocess.run(['git', '-C', str(tree.root), *arguments], capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            sys.exit(f'check: git {arguments[0]}: {done.stderr.strip()}')
        return done.stdout.split()
    found = names('diff', '--name-only', '--diff-filter=d', base, '--', '*.cpp')
    found += names('ls-files', '--others', '--exclude-standard', '--', '*.cpp')
    return sorted(path for path in set(found) if not tree.generated(path))


def run(tree, base):
    database = tree.root / 'build' / 'dev' / 'compile_commands.json'
    if not shutil.which(PROGRAM):
        sys.exit(f'check: {PROGRAM} is not installed')
    if not database.exists():
        sys.exit('check: build/dev/compile_commands.json is missing: run tools/dev build first')
    known = {os.path.realpath(entry['file']) for entry in json.loads(database.read_text())}
    files = []
    for path in changed(tree, base):
        full = os.path.realpath(tree.root / path)
        if full in known:
            files.append(full)
        else:
            print(f'note: {path} is not part of build/dev: not looked at')

    def look(file):
        command = [PROGRAM, '--quiet', '--warnings-as-errors=*', '-p', str(database.parent), file]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False,
                                  timeout=LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            return file, 1, f'{file}: {PROGRAM} took more than {LIMIT_SECONDS} s\n'
        return file, done.returncode, done.stdout or done.stderr

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for file, code, output in pool.map(look, files):
            if code != 0:
                failed += 1
                print(output.replace(f'{tree.root}/', ''), end='')
    print(f'{PROGRAM}: {len(files)} files, {failed} with findings')
    return 1 if failed else 0
