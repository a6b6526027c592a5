"""A platform of others beside Truce's own machines: the real daemon and CLI against a vSphere server that is not ours (vcsim)."""
import json
import unittest

from lab import SOON, wait_for
from platform_peers import PlatformTest


class Platforms(PlatformTest):
    def add_with_the_fingerprint_that_was_shown(self):
        refused = self.add()
        self.assertEqual(refused.code, 1)
        fingerprint = refused.err.rpartition('--fingerprint ')[2].strip()
        self.assertRegex(fingerprint, r'^[0-9a-f]{64}$', refused)
        wrong = self.add('--fingerprint', fingerprint[::-1])
        self.assertIn(fingerprint, wrong.err, 'the one that was seen is told')
        self.password.write_text('wrong-horse\n')
        self.assertIn('is not right', self.add('--fingerprint', fingerprint).err)
        self.password.write_text('correct-horse-7\n')
        self.assertEqual(self.lab.must('platform', 'list', '--quiet').out, '')
        added = self.add('--fingerprint', fingerprint)
        self.assertEqual(added.code, 0, added)
        self.wait_state('connected')

    def test_a_vcenter_is_shown_followed_switched_and_forgotten(self):
        self.add_with_the_fingerprint_that_was_shown()
        theirs = {json.loads(line)['name'] for line in self.vcsim.other('list').splitlines()}
        self.assertEqual({name.removeprefix('prod/') for name in self.machines()}, theirs)
        name = sorted(theirs)[0]
        shown = self.lab.must('vm', 'show', f'prod/{name}', '--format', 'json').json()
        self.assertEqual((shown['platform'], shown['observed']), ('prod', 'running'))
        self.assertTrue(shown['foreign']['id'] and shown['disks'] and shown['host'], shown)
        self.assertIn('no machine', self.lab.refused('vm', 'show', 'prod/none').err)

        # What somebody else does is seen, and what we do is seen by others.
        self.vcsim.other('stop', name)
        wait_for(lambda: self.machines()[f'prod/{name}']['observed'] == 'off', SOON, 'a change is seen')
        self.lab.must('vm', 'start', f'prod/{name}')
        states = {row['name']: row['on'] for row in map(json.loads, self.vcsim.other('list').splitlines())}
        self.assertTrue(states[name])
        self.lab.must('platform', 'sync', 'prod')
        self.assertIn('PLATFORM', self.lab.must('vm', 'list', '--platform', 'all').out)
        self.assertEqual(self.lab.must('vm', 'list', '--quiet').out, '', 'it is asked for')

        # Killed, and alone in the world: the picture is there, with its age.
        picture = self.lab.state / 'platforms/prod.picture'
        wait_for(picture.exists, SOON, 'the picture is kept')
        self.assertEqual(picture.stat().st_mode & 0o777, 0o600)
        self.vcsim.kill()
        self.lab.kill()
        self.lab.start()
        shown = self.wait_state('trouble')
        self.assertEqual(shown['vms'], len(theirs))
        self.assertGreaterEqual(shown['age_seconds'], 0)
        self.assertEqual({name.removeprefix('prod/') for name in self.machines()}, theirs)
        self.assertIn('prod', self.lab.refused('vm', 'stop', f'prod/{name}', '--now').err)

        # It comes back as another one, with machines that are not those of before: none of these stays.
        self.vcsim.start(machines=0)
        self.wait_state('connected', lambda shown: shown['vms'] == 0)
        self.assertEqual(self.machines(), {})

        self.lab.must('platform', 'remove', 'prod')
        self.assertIn("no platform 'prod'", self.lab.refused('vm', 'list', '--platform', 'prod').err)
        wait_for(lambda: not picture.exists(), SOON, 'the picture goes, too')
        kinds = [event['kind'] for event in self.lab.events('platforms/prod')]
        for kind in ('api.add_platform', 'platform.trouble', 'platform.connected', 'api.remove_platform'):
            self.assertIn(kind, kinds)
        files = [self.lab.log, *(path for path in self.lab.state.rglob('*') if path.is_file())]
        self.assertEqual([path for path in files if b'correct-horse-7' in path.read_bytes()], [])


if __name__ == '__main__':
    unittest.main()
