"""tools/run-suites counts what failed, and lets through what fails once and passes alone: a few, and by name."""
import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import shutil
import tempfile
import unittest

FILE = pathlib.Path(__file__).resolve().parent.parent / 'run-suites'
ALWAYS = '''
    def test_always_{0}(self):
        self.fail('as ever')
'''
ONCE = '''
    def test_once_{0}(self):
        mark = pathlib.Path(__file__).with_name('mark_{0}')
        first = not mark.exists()
        mark.touch()
        self.assertFalse(first)
'''
NEVER_CLEAN = '''
    def test_unclean_{0}(self):
        mark = pathlib.Path(__file__).with_name('mark_{0}')
        first = not mark.exists()
        mark.touch()
        if first:
            self.addCleanup(self.fail, 'in its clean-up, too')
        self.assertFalse(first)
'''
AT_FIRST = '''
    @classmethod
    def {1}(cls):
        mark = pathlib.Path(__file__).with_name('mark_{1}')
        first = not mark.exists()
        mark.touch()
        if first:
            raise OSError('not yet')
'''
GOOD = '''
    def test_good_{0}(self):
        pass
'''


class SuitesTest(unittest.TestCase):
    def setUp(self):
        loader = importlib.machinery.SourceFileLoader('run_suites', str(FILE))
        self.suites = importlib.util.module_from_spec(importlib.util.spec_from_loader('run_suites', loader))
        loader.exec_module(self.suites)
        self.suites.TOP = pathlib.Path(tempfile.mkdtemp(prefix='truce-suites-'))
        self.addCleanup(shutil.rmtree, self.suites.TOP)

    def counted(self, *tests):
        """(passed, failed, skipped), the names of the unsteady and the last line, of a file with such tests."""
        text = 'import pathlib\nimport unittest\nclass Planted(unittest.TestCase):' + ''.join(
            test.format(number) for number, test in enumerate(tests))
        (self.suites.TOP / 'planted_test.py').write_text(text)
        total, said = self.suites.Total(), io.StringIO()
        with contextlib.redirect_stdout(said):
            self.suites.python_tests(('',), total, 60)
            total.close()
        return (total.passed, total.failed, total.skipped), total.unsteady, said.getvalue().splitlines()[-1]

    def test_what_fails_again_has_failed(self):
        self.assertEqual(self.counted(GOOD, ALWAYS), ((1, 1, 0), [], '1 passed, 1 failed, 0 skipped'))

    def test_what_passes_alone_is_named(self):
        self.assertEqual(self.counted(ONCE, GOOD),
                         ((2, 0, 0), ['planted_test.py: test_once_0'], '2 passed, 0 failed, 0 skipped'))

    def test_what_fails_in_its_clean_up_too_has_failed_once(self):
        self.assertEqual(self.counted(NEVER_CLEAN, GOOD)[:2], ((2, 0, 0), ['planted_test.py: test_unclean_0']))

    def test_a_class_that_could_not_begin_or_end_is_tried_again_as_a_whole(self):
        for place in ('setUpClass', 'tearDownClass'):
            with self.subTest(place):
                self.assertEqual(self.counted(AT_FIRST.format(0, place), GOOD, GOOD),
                                 ((2, 0, 0), [f'planted_test.py: {place}'], '2 passed, 0 failed, 0 skipped'))

    def test_only_a_few_are_let_through(self):
        counts, unsteady, _ = self.counted(*[ONCE] * (self.suites.MERCY + 2))
        self.assertEqual((counts, len(unsteady)), ((self.suites.MERCY, 2, 0), self.suites.MERCY))

    def test_a_file_that_cannot_be_read_has_failed(self):
        self.assertEqual(self.counted(GOOD, '\n    this is no program\n')[0], (0, 1, 0))


if __name__ == '__main__':
    unittest.main()
