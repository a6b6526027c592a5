"""tools/gtests.py tells of each test how it ended, whatever became of the process that it shared with others."""
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import gtests  # noqa: E402

# Speaks as a GoogleTest program does; what a test does is in its name.
PROGRAM = '''#!/usr/bin/python3
import os
import sys
import time
TESTS = {tests}
if '--gtest_list_tests' in sys.argv:
    suite = ''
    for name in TESTS:
        head, tail = name.split('.')
        if head != suite:
            print(head + '.')
        suite = head
        print('  ' + tail + ('  # GetParam() = "x"' if '/' in name else ''))
    sys.exit()
chosen = next(word for word in sys.argv if word.startswith('--gtest_filter=')).split('=', 1)[1].split(':')
bad = False
for name in (name for name in TESTS if name in chosen):
    print('[ RUN      ] ' + name)
    print('said by ' + name, flush=True)
    if 'dies' in name:
        os.abort()
    if 'hangs' in name:
        time.sleep(600)
    word = ' FAILED ' if 'fails' in name else ' SKIPPED' if 'skips' in name else '      OK'
    bad |= 'fails' in name
    print(f'[ {{word}} ] ' + name
          + (', where GetParam() = "x"' if '/' in name and 'fails' in name else '') + ' (3 ms)', flush=True)
if any('leaks' in name for name in chosen):
    print('a leak was found')
    bad = True
sys.exit(bad)
'''


class GTestsTest(unittest.TestCase):
    def ends(self, *tests):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / 'played_tests'
            program.write_text(PROGRAM.format(tests=list(tests)))
            os.chmod(program, 0o755)
            return {end.title: (end.state, end.said.split('\n')[1]) for end in gtests.run_all(gtests.groups_of([program]), 2)}

    def states(self, *tests):
        return {title.removeprefix('played.'): state for title, (state, _) in self.ends(*tests).items()}

    def test_each_is_told_with_what_it_said(self):
        self.assertEqual(self.ends('A.good', 'A.fails', 'B.skips'),
                         {'played.A.good': ('passed', 'said by A.good'), 'played.A.fails': ('failed', 'said by A.fails'),
                          'played.B.skips': ('skipped', 'said by B.skips')})

    def test_those_with_parameters_are_known_by_their_names(self):
        self.assertEqual(self.states('All/A.good/1', 'All/A.fails/2'), {'All/A.good/1': 'passed', 'All/A.fails/2': 'failed'})

    def test_what_comes_after_a_death_is_run_all_the_same(self):
        self.assertEqual(self.states('A.one', 'A.dies', 'A.two', 'A.fails', 'A.dies_too', 'A.last'),
                         {'A.one': 'passed', 'A.dies': 'failed', 'A.two': 'passed', 'A.fails': 'failed',
                          'A.dies_too': 'failed', 'A.last': 'passed'})

    def test_one_that_hangs_has_failed_and_the_others_are_run(self):
        self.addCleanup(setattr, gtests, 'LIMIT', gtests.LIMIT)
        self.addCleanup(setattr, gtests, 'MORE', gtests.MORE)
        gtests.LIMIT, gtests.MORE = 3, 0
        self.assertEqual(self.states('A.one', 'A.hangs', 'A.two'), {'A.one': 'passed', 'A.hangs': 'failed', 'A.two': 'passed'})

    def test_what_a_process_says_when_it_has_ended_its_tests_is_not_lost(self):
        self.assertEqual(self.states('A.leaks', 'A.one'), {'A.leaks': 'failed', 'A.one': 'passed'})

    def test_many_of_a_suite_are_cut_into_several_processes(self):
        names = [f'A.t{number}' for number in range(3 * gtests.TOGETHER + 1)]
        self.assertEqual(self.states(*names), dict.fromkeys(names, 'passed'))


if __name__ == '__main__':
    unittest.main()
