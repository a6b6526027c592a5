"""The web console in a real browser: real daemon, Debian's Chromium; web/e2e/*.mjs say what is done, console.mjs with real guests.

TRUCE_WEB_SHOTS names a folder for pictures of what was seen.
"""
import os
import shutil
import subprocess
import unittest

from lab import LONG, TOP, TRUCE, LabTest

PAGE = TOP / 'build/web'
SCRIPTS = TOP / 'web/e2e'
LIMIT = 400


def why_no_browser():
    """Why the console cannot be looked at here; empty when it can."""
    for program in ('node', 'chromium'):
        if not shutil.which(program):
            return f'skipped, because {program} is not installed'
    if not (PAGE / 'index.html').exists():
        return 'skipped, because the page is not built (tools/web)'
    return ''


class Played(LabTest):
    """Scenarios of one script, each in a browser of its own in front of the class's daemon."""
    options = ('--web-dir', str(PAGE))
    script = ''

    @classmethod
    def setUpClass(cls):
        reason = why_no_browser()
        if reason:
            raise unittest.SkipTest(reason)
        super().setUpClass()
        try:
            cls.tokens = {role: cls.lab.must('token', 'create', role, '--role', role, '--format', 'json').json()['token']
                          for role in ('admin', 'viewer')}
        except BaseException:
            cls.lab.tear_down()
            raise

    def begin(self, scenario, **more):
        shots = os.environ.get('TRUCE_WEB_SHOTS', '')
        environment = self.lab.environment(TRUCE_WEB_URL='https://127.0.0.1:7443', TRUCE_WEB_TOKEN=self.tokens['admin'],
                                           TRUCE_WEB_VIEWER=self.tokens['viewer'], TRUCE_CLI=str(TRUCE),
                                           TRUCE_WEB_SHOTS=shots, TRUCE_LONG_TESTS=str(int(LONG)), **more)
        return subprocess.Popen([*self.lab.enter, 'node', str(SCRIPTS / self.script), scenario], env=environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def end(self, process, said=''):
        try:
            rest, _ = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            rest, _ = process.communicate()
            rest += f'\nnot within {LIMIT} s'
        self.assertEqual(process.returncode, 0, f'{said}{rest}\n--- truced:\n{self.lab.log_end()}')
        print(rest, end='', flush=True)

    def play(self, scenario, **more):
        self.end(self.begin(scenario, **more))


class Console(Played):
    script = 'console.mjs'
    recipes = ('tiny',)

    def test_signs_in_and_out(self):
        self.play('sign_in')

    def test_a_machine_from_the_wizard_to_its_end(self):
        self.play('life')

    def test_two_browsers_see_each_change(self):
        self.play('two_browsers')

    def test_finds_machines_and_keeps_the_question_in_the_address(self):
        self.play('finds')

    def test_a_viewer_is_shown_and_allowed_less(self):
        self.play('roles_refuse')

    def test_forms_say_what_is_wrong(self):
        self.play('forms')

    def test_every_view_has_no_serious_fault_for_those_who_see_less(self):
        self.play('views')

    def test_the_server_is_looked_after(self):
        self.play('settings')

    def test_a_lost_connection_is_told_and_caught_up(self):
        process = self.begin('connection')
        said = ''
        for word in ('ready to lose', 'lost'):
            while word not in (line := process.stdout.readline()):
                said += line
                if not line:
                    return self.end(process, said)
            if word == 'lost':
                self.lab.start()
            else:
                self.assertEqual(self.lab.stop(), 0)
        return self.end(process, said)


class People(Played):
    """Who signs in, from the first run on."""
    script = 'people.mjs'
    hypervisor = 'fake'
    password = 'correct horse battery'

    def setUp(self):
        super().setUp()
        self.written = self.lab.folder / 'password'
        self.written.write_text(self.password)

    def play_as_user(self, scenario):
        """With the administrator eva, whose password is known, and nobody else."""
        for user in self.lab.must('user', 'list', '--format', 'json').json()['items']:
            self.lab.must('user', 'delete', user['name'])
        self.lab.must('user', 'create', 'eva', '--role', 'admin', '--password-file', self.written)
        self.play(scenario, TRUCE_WEB_PASSWORD=str(self.written))

    def test_a_wrong_password_opens_nothing(self):
        self.play_as_user('wrong_password')

    def test_users_are_made_changed_and_deleted(self):
        self.play_as_user('users')

    def test_a_second_factor_is_asked_for_from_when_it_is_on_until_it_is_off(self):
        self.play_as_user('second_factor')

    def test_a_session_that_ends_leads_back_to_where_one_was(self):
        self.play_as_user('session_end')


class FirstRun(Played):
    script = 'people.mjs'
    hypervisor = 'fake'

    def test_the_first_administrator_is_made_with_the_code_from_the_host(self):
        code = (self.lab.state / 'first-run-code').read_text().strip()
        self.play('first_run', TRUCE_WEB_CODE=code)


class Places(Played):
    """Ways through the console."""
    script = 'places.mjs'
    hypervisor = 'fake'

    def test_one_key_finds_anything(self):
        self.play('search')

    def test_every_object_has_an_address(self):
        self.play('links')

    def test_a_file_that_is_sent_goes_on_after_a_reload(self):
        self.play('upload')

    def test_a_network_is_shown_as_a_picture_that_lives(self):
        self.play('picture')

    def test_a_network_of_many_machines_is_drawn_in_part(self):
        self.play('crowd')

    def test_filters_are_kept(self):
        self.play('filters')


class Estate(Played):
    """Many machines, which pretend; and what is told of all of them."""
    script = 'estate.mjs'
    hypervisor = 'fake'

    def test_a_long_table_sorts_finds_and_follows_what_changes(self):
        self.play('table')

    def test_all_that_match_are_started_and_stopped_with_one_account(self):
        self.play('all_that_match')

    def test_the_overview_counts_and_follows(self):
        self.play('overview')

    def test_what_machines_and_hosts_use_is_drawn_and_listed(self):
        self.play('charts')

    def test_alarms_are_made_rung_tested_and_deleted(self):
        self.play('alarms')


class Served(LabTest):
    """What the server says about the page, without a browser."""
    options = ('--web-dir', str(PAGE))
    hypervisor = 'fake'

    @classmethod
    def setUpClass(cls):
        if not (PAGE / 'index.html').exists():
            raise unittest.SkipTest('skipped, because the page is not built (tools/web)')
        super().setUpClass()

    def test_the_policy_lets_no_foreign_script_in(self):
        page = self.lab.https('GET', '/', headers={'Accept': 'text/html'})
        self.assertEqual(page.status, 200)
        headers = page.headers
        policy = headers['content-security-policy']
        self.assertIn("script-src 'self';", policy)
        self.assertIn("frame-ancestors 'none'", policy)
        self.assertEqual(headers['x-content-type-options'], 'nosniff')
        self.assertNotIn(b'<script>', page.body)

    def test_the_page_and_the_api_do_not_mix(self):
        self.assertEqual(self.lab.https('GET', '/v1/absent', headers={'Accept': 'text/html'}).status, 404)
        self.assertEqual(self.lab.https('GET', '/machines/web01', headers={'Accept': 'text/html'}).status, 200)
        self.assertEqual(self.lab.https('POST', '/machines').status, 405)
        self.assertEqual(self.lab.https('GET', '/v1/vms').status, 401)


if __name__ == '__main__':
    unittest.main()
