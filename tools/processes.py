"""Other programs, each with a limit."""
import os
import signal
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent


def run(command, limit, capture=False, quiet=False, cwd=TOP, **options):
    """The exit status and, when captured, the output; not `quiet`: what is run is said. A command that exceeds its limit
    (seconds) is killed with all that it started, and has failed."""
    if not quiet:
        print('$ ' + ' '.join(map(str, command)), flush=True)
    if capture:
        options.update(stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, text=True, errors='replace',
                               start_new_session=True, **options)
    try:
        output, _ = process.communicate(timeout=limit)
        return process.returncode, output or ''
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        try:
            output, _ = process.communicate(timeout=10)
        except subprocess.TimeoutExpired:  # something in a session of its own still holds the output
            output = ''
        print(f'killed: {command[0]} did not end within {limit} s', flush=True)
        return -1, output or ''
