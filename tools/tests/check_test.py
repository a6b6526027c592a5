"""tools/check finds what is planted, and nothing in a clean tree."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

CHECK = pathlib.Path(__file__).resolve().parent.parent / 'check'
README = 'A module that ' + 'says what it is and what it is not, ' * 5 + '\n'


class CheckTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix='truce-check-'))
        self.addCleanup(shutil.rmtree, self.root)

    def write(self, path, text, mode=0o644):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def check(self, *arguments, root=None):
        done = subprocess.run([CHECK, '--root', root or self.root, *arguments], capture_output=True,
                              text=True, check=False)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done

    def findings(self, *names):
        done = self.check(*names)
        lines = [line for line in done.stdout.splitlines() if line.endswith(']')]
        self.assertEqual(done.returncode, 1 if lines else 0)
        return lines

    def assert_one(self, check, *parts):
        found = self.findings(check)
        self.assertEqual(len(found), 1, found)
        for part in parts:
            self.assertIn(part, found[0])

    def clean_module(self):
        self.write('src/thing/CMakeLists.txt', 'truce_module(thing USES base)\n')
        self.write('src/thing/README.md', README)
        self.write('src/thing/include/thing/thing.h', '// A thing.\n#pragma once\n')
        self.write('src/thing/tests/thing_test.cpp', '#include "thing/thing.h"\n')

    def test_a_clean_tree_has_no_finding(self):
        self.clean_module()
        self.assertEqual(self.findings(), [])

    def test_an_unknown_check_is_wrong_usage(self):
        done = subprocess.run([CHECK, 'nonsense'], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn('nonsense', done.stderr)

    def test_a_test_that_a_page_names_and_nobody_has_is_found(self):
        self.write('src/thing/tests/thing_test.cpp', 'TEST(Thing, does_a_thing) {}\nTEST_P(Thing, does_all) {}\n')
        self.write('tests/e2e/thing_test.py', 'class A:\n    def test_of_a_thing(self):\n        pass\n')
        self.write('docs/a.md', '`Thing.does_a_thing` `Thing.does_all` `test_of_a_thing` `disk.raw`\n')
        self.assertEqual(self.findings('pages'), [])
        self.write('docs/b.md', 'yes\n`Thing.does_another_thing`\n')
        self.assert_one('pages', 'docs/b.md:2', 'Thing.does_another_thing')

    # sizes

    def test_long_files_are_found(self):
        self.write('a/long.cpp', '\n' * 601)
        self.write('b/long.h', '#pragma once\n' + '\n' * 250)
        self.write('c/fine.cpp', '\n' * 600)
        self.write('d/generated/long.cpp', '\n' * 601)
        self.write('e/long.h', '// Made by tools/generate from schema/; do not edit.\n' + '\n' * 600)
        found = self.findings('sizes')
        self.assertEqual(len(found), 2, found)
        self.assertIn('a/long.cpp: lines 601', found[0])
        self.assertIn('b/long.h: lines 251', found[1])

    def test_a_folder_with_many_files_is_found_but_not_a_fuzzers_corpus(self):
        for number in range(26):
            self.write(f'many/{number}.txt', '')
            self.write(f'tests/corpus_x_fuzz/{number}', '')
        self.assert_one('sizes', 'many: files 26')

    def test_long_functions_are_found_by_name(self):
        body = '  call();\n' * 58
        self.write('a.cpp', 'namespace a {\n'
                            f'int fine(int x) {{\n{body}}}\n\n'
                            f'Result<void> Pool::open(std::string name) const {{\n{body}  call();\n}}\n'
                            'struct S {\n'
                            f'  void method() override {{\n{body}  if (x) {{\n  }}\n  }}\n'
                            '};\n}\n')
        found = self.findings('sizes')
        self.assertEqual(len(found), 2, found)
        self.assertIn('a.cpp:125: function:method 62', found[0])
        self.assertIn('a.cpp:63: function:open 61', found[1])

    def test_braces_in_text_and_tables_do_not_count_as_functions(self):
        rows = '  {"}", \'{\'},  // }\n' * 70
        self.write('a.cpp', f'constexpr Row rows[] = {{\n{rows}}};\n'
                            'const char* text = R"(void f() {\n' + '\n' * 70 + '})";\n')
        self.assertEqual(self.findings('sizes'), [])

    def test_long_python_functions_are_found(self):
        self.write('a.py', 'def long():\n' + '    pass\n' * 60)
        self.write('tool', '#!/usr/bin/python3\ndef longer():\n' + '    pass\n' * 60)
        self.assertEqual(len(self.findings('sizes')), 2)

    def test_an_exception_holds_until_it_grows(self):
        self.write('a/long.cpp', '\n' * 650)
        self.write('tools/check-sizes.txt', '# list\na/long.cpp lines 650 one table\n')
        self.assertEqual(self.findings('sizes'), [])
        self.write('a/long.cpp', '\n' * 651)
        self.assert_one('sizes', 'a/long.cpp: lines 651, more than 650')

    def test_the_list_of_exceptions_may_only_shrink(self):
        self.write('a/short.cpp', '\n')
        self.write('a/shrunk.cpp', '\n' * 640)
        self.write('tools/check-sizes.txt', 'a/short.cpp lines 650 why\na/gone.cpp lines 650 why\n'
                                            'a/shrunk.cpp lines 650 why\na/long.cpp lines 700\n')
        found = self.findings('sizes')
        self.assertEqual(len(found), 4, found)
        self.assertIn('delete the line', found[0])
        self.assertIn('delete the line', found[1])
        self.assertIn('down to 640', found[2])
        self.assertIn('not PATH WHAT NUMBER REASON', found[3])

    # words

    def test_type_names_that_say_nothing_are_found(self):
        self.write('a.h', '#pragma once\nclass TaskManager;\nstruct DiskInfo {};\n'
                          'enum class Database { a };\nusing Util = int;\n// struct OldHelper\n'
                          'struct Information {};\n')
        found = self.findings('words')
        self.assertEqual([line.split(':')[2].strip() for line in found],
                         ['TaskManager', 'DiskInfo', 'Util'])

    def test_the_type_that_a_module_is_named_for_may_bear_its_name(self):
        self.write('src/manager/manager.h', '#pragma once\nclass Manager {};\n')
        self.write('src/other/manager.h', '#pragma once\nclass Manager {};\n')
        self.assert_one('words', 'src/other')

    def test_text_about_one_machine_or_its_tools_is_found(self):
        planted = ['see /work/' + 'main/src', 'in this ' + 'sandbox', 'Co-' + 'authored-by: x',
                   'deb.' + 'debian.org', 'https://py' + 'pi.org/simple', 'a language ' + 'model wrote it']
        for number, text in enumerate(planted):
            self.write(f'{number}.md', f'fine\n{text}\n')
        found = self.findings('words')
        self.assertEqual([line.split(':')[:2] for line in found],
                         [[f'{number}.md', '2'] for number in range(len(planted))])

    def test_harmless_text_and_lock_files_pass(self):
        self.write('a.md', 'A desktop session; a TLS session; the sandbox of QEMU; network/main.h\n')
        self.write('web/package-lock.json', '"resolved": "https://registry.npm' + 'js.org/x"\n')
        (self.root / 'b.bin').write_bytes(b'\0' + b'py' + b'pi.org')
        self.assertEqual(self.findings('words'), [])

    # includes, modules, dependencies

    def test_headers_without_a_guard_or_with_an_open_namespace_are_found(self):
        self.write('a.h', '// Comment.\n\n#include <x>\n#pragma once\n')
        self.write('b.h', '#pragma once\nusing namespace std;\n')
        self.write('c.h', '#pragma once\nusing namespace std::chrono_literals;\n')
        found = self.findings('includes')
        self.assertEqual([line.split(':')[0] for line in found], ['a.h', 'b.h'])

    def test_an_include_of_a_folder_above_is_found(self):
        self.write('src/a/a.cpp', '#include "../b/b.h"\n')
        self.write('src/a/tests/a_test.cpp', '#include "../../b/tests/conformance.h"\n')
        self.assert_one('includes', 'src/a/a.cpp:1')

    def test_a_module_without_a_readme_or_tests_is_found(self):
        self.clean_module()
        (self.root / 'src/thing/README.md').unlink()
        self.assert_one('modules', 'src/thing/README.md')
        self.write('src/thing/README.md', README)
        (self.root / 'src/thing/tests/thing_test.cpp').unlink()
        self.assert_one('modules', 'src/thing/tests')

    def test_a_dependency_that_nobody_has_explained_is_found(self):
        self.write('CMakeLists.txt', 'find_package(Known 1.81 REQUIRED)\nfind_package(Unknown REQUIRED)\n')
        self.write('tools/packages.txt', '# known: why\nrun known libknown-dev\nbuild libunknown-dev\n')
        self.assertEqual(self.findings('dependencies'), [])
        self.write('docs/dependencies.md', '- **Known** (`libknown-dev`): why.\n')
        found = self.findings('dependencies')
        self.assertEqual(len(found), 2, found)
        self.assertIn('CMakeLists.txt:2: Unknown', found[0])
        self.assertIn('tools/packages.txt:3: libunknown-dev', found[1])

    # other programs

    @unittest.skipUnless(shutil.which('clang-format-19'), 'skipped, because clang-format-19 is not installed')
    def test_a_file_that_is_not_formatted_is_found_once(self):
        self.write('.clang-format', 'BasedOnStyle: Google\n')
        self.write('bad.cpp', 'int   a ;\nint   b ;\n')
        self.write('good.cpp', 'int a;\n')
        self.write('generated/made.cpp', 'int   a ;\n')
        self.assert_one('format', 'bad.cpp:1: not formatted')

    @unittest.skipUnless(shutil.which('shellcheck'), 'skipped, because shellcheck is not installed')
    def test_a_faulty_script_is_found(self):
        self.write('tools/bad', '#!/bin/bash\ncd $1\nif [ $a = ]; then :\n', 0o755)
        self.write('tools/good', '#!/bin/bash\necho hello\n', 0o755)
        found = self.findings('scripts')
        self.assertTrue(found)
        self.assertTrue(all(line.startswith('tools/bad:') for line in found), found)

    def test_stale_generated_files_are_found(self):
        self.write('tools/generate', '#!/bin/sh\necho src/old.h is stale\nexit 1\n', 0o755)
        self.assert_one('generated', 'src/old.h is stale')
        self.write('tools/generate', '#!/bin/sh\nexit 0\n', 0o755)
        self.assertEqual(self.findings('generated'), [])

    def test_a_missing_program_is_a_note_and_no_finding(self):
        self.write('a.cpp', 'int   a ;\n')
        python = self.root / 'bin'
        python.mkdir()
        done = subprocess.run(['/usr/bin/python3', CHECK, '--root', self.root, 'format'],
                              capture_output=True, text=True, check=False,
                              env={**os.environ, 'PATH': str(python)})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('note: clang-format-19 is not installed', done.stdout)

    @unittest.skipUnless(shutil.which('clang-tidy-19'), 'skipped, because clang-tidy-19 is not installed')
    def test_tidy_without_a_build_says_what_to_do(self):
        done = self.check('--tidy')
        self.assertEqual(done.returncode, 1)
        self.assertIn('tools/dev build', done.stderr)

    @unittest.skipUnless(shutil.which('clang-tidy-19') and shutil.which('git'),
                         'skipped, because clang-tidy-19 or git is not installed')
    def test_tidy_looks_at_changed_files_only(self):
        git = ['git', '-C', self.root, '-c', 'user.name=a', '-c', 'user.email=a@example.org']
        subprocess.run([*git, 'init', '-q'], check=True)
        fault = 'int half(int x) {\n  if (x > 1 && x > 1) return x;\n  return 0;\n}\n'
        self.write('.clang-tidy', "Checks: '-*,misc-redundant-expression'\n")
        self.write('.gitignore', '/build/\n')
        self.write('old.cpp', fault)
        subprocess.run([*git, 'add', '.'], check=True)
        subprocess.run([*git, 'commit', '-q', '-m', 'old'], check=True)
        self.write('new.cpp', fault)
        entries = [{'directory': str(self.root), 'file': str(self.root / name),
                    'arguments': ['clang++', '-c', name]} for name in ('old.cpp', 'new.cpp')]
        self.write('build/dev/compile_commands.json', json.dumps(entries))
        done = self.check('--tidy')
        self.assertEqual(done.returncode, 1)
        self.assertIn('new.cpp:2', done.stdout)
        self.assertNotIn('old.cpp', done.stdout)
        self.assertIn('1 files, 1 with findings', done.stdout)

    @unittest.skipUnless(shutil.which('git'), 'skipped, because git is not installed')
    def test_what_version_control_ignores_is_not_looked_at(self):
        git = ['git', '-C', self.root, '-c', 'init.defaultBranch=main']
        subprocess.run([*git, 'init', '-q'], check=True)
        self.write('.gitignore', '/build/\n')
        self.write('build/long.cpp', '\n' * 700)
        self.write('new.cpp', '\n' * 700)
        self.assert_one('sizes', 'new.cpp')


if __name__ == '__main__':
    unittest.main()
