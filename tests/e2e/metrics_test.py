"""What machines use, over time: real guests that are busy, write and talk, seen by the API, the CLI and /metrics."""
import os
import re
import shutil
import subprocess
import time
import unittest

from lab import SOON, TRUCE, FreeLabTest, LabTest, Terminal, wait_for

ROUND = 10  # seconds between two measurements
SPIN = 'while :; do :; done >/dev/null 2>&1 </dev/null &'
WRITE = 'while :; do dd if=/dev/zero of=/dev/vda bs=64k count=32 oflag=direct; done >/dev/null 2>&1 </dev/null &'
MEBIBYTE = 1 << 20


def line(series, name, which='average'):
    """The values of a quantity that are known, the newest last."""
    found, = (each for each in series['lines'] if each['name'] == name)
    return [value for value in found[which] if value >= 0]


class MetricsTest(LabTest):
    recipes = ('tiny',)

    def guest(self, name, script):
        return self.lab.must('vm', 'exec', name, '--', 'sh', '-c', script)

    def new(self, name, *options):
        self.lab.new_tiny(name, *options)
        self.lab.wait_agent(name)

    def usage(self, **query):
        words = '&'.join(f'{key}={value}' for key, value in query.items())
        return self.lab.api('GET', f'/v1/usage?{words}').json()

    def of(self, name):
        return next((each for each in self.usage()['items'] if each['name'] == name), None)

    def wait_usage(self, name, true, what):
        return wait_for(lambda: (usage := self.of(name)) and true(usage) and usage, SOON + 2 * ROUND, f'{name}: {what}')

    def series(self, path, **query):
        words = '&'.join(f'{key}={value}' for key, value in query.items())
        reply = self.lab.api('GET', f'{path}/metrics?{words}')
        self.assertEqual(reply.status, 200, reply)
        return reply.json()

    def figure(self, name, **labels):
        """A sample of /metrics; None when there is none."""
        words = ','.join(f'{key}="{value}"' for key, value in labels.items())
        text = self.lab.api('GET', '/metrics').body.decode()
        found = re.search(rf'(?m)^truce_{name}\{{{re.escape(words)}\}} (\S+)$', text)
        return float(found[1]) if found else None

    def test_what_guests_do_is_seen_and_outlives_the_daemon(self):
        lab = self.lab
        self.new('busy')
        self.new('writer', '--disk', '64MiB')
        self.guest('busy', SPIN)
        self.guest('writer', WRITE)
        busy = self.wait_usage('busy', lambda usage: usage['cpu_percent'] > 3, 'its processor is used')
        writer = self.wait_usage('writer', lambda usage: usage['disk_write_rate'] > 64 << 10, 'it writes')
        self.assertGreater(writer['disk_iops'], 0)
        self.assertGreater(busy['memory'], 32 * MEBIBYTE)
        self.assertEqual(busy['memory_size'], 128 * MEBIBYTE)
        self.assertEqual(busy['host'], 'here')
        self.assertEqual(self.usage(sort='disk')['items'][0]['name'], 'writer')
        self.assertEqual([each['name'] for each in self.usage(sort='name')['items']], ['busy', 'writer'])
        self.assertEqual(len(self.usage(limit=1)['items']), 1)

        series = self.series('/v1/vms/busy')
        self.assertEqual((series['step_seconds'], len(series['lines'][0]['average'])), (10, 360))
        self.assertGreater(max(line(series, 'cpu')), 3)
        self.assertGreater(max(line(self.series('/v1/vms/writer', range='year'), 'disk_write', 'maximum')), 64 << 10)
        host = self.series('/v1/hosts/here', range='day')
        self.assertGreater(max(line(host, 'cpu')), 0)
        self.assertGreater(line(host, 'memory')[-1], 100 * MEBIBYTE)
        self.assertGreater(line(self.series('/v1/pools/default'), 'free')[-1], 0)
        self.assertEqual(lab.api('GET', '/v1/vms/none/metrics').status, 404)

        # The same machine by another name, and after a kill -9.
        uuid = lab.vm('busy')['uuid']
        before = line(self.series('/v1/vms/busy'), 'memory')
        lab.kill()
        lab.start()
        after = line(self.series('/v1/vms/busy'), 'memory')
        self.assertGreaterEqual(len(after), len(before), 'what was measured is kept')
        self.wait_usage('busy', lambda usage: usage['cpu_percent'] > 3, 'it is measured on')
        lab.must('vm', 'stop', 'busy', '--now')
        lab.must('vm', 'rename', 'busy', 'calm')
        self.assertEqual(lab.vm('calm')['uuid'], uuid)
        self.assertGreaterEqual(len(line(self.series('/v1/vms/calm'), 'memory')), len(before))
        self.assertIsNone(self.of('calm'), 'a machine that is off uses nothing')

    def test_what_network_cards_carry_is_counted_as_the_guest_sees_it(self):
        lab = self.lab
        if 'nat' not in lab.api('GET', '/v1/hosts').json()['items'][0]['network_modes']:
            self.skipTest('this host has no networks of its own')
        self.new('talker')
        self.wait_usage('talker', lambda usage: True, 'it is measured')  # what comes later has a rate
        gateway = self.guest('talker', "ip route | sed -n 's/default via \\([0-9.]*\\).*/\\1/p'").out.strip()
        # 64 pings of 1,000 bytes: each way about 66 kB.
        before = lab.api('GET', '/v1/vms/talker/usage').json()
        self.guest('talker', f'for i in $(seq 64); do ping -c 1 -s 1000 {gateway} >/dev/null; done')
        after = lab.api('GET', '/v1/vms/talker/usage').json()
        for way in ('net_sent', 'net_received'):
            self.assertGreater(after[way] - before[way], 64_000, way)
            self.assertLess(after[way] - before[way], 130_000, way)
        self.wait_usage('talker', lambda usage: usage['send_rate'] > 0 and usage['receive_rate'] > 0, 'it talks')
        wait_for(lambda: self.figure('vm_network_transmit_bytes_total', vm='talker') > 64_000, 2 * ROUND, 'it is a metric')

    def test_a_guest_that_does_not_answer_holds_up_no_other(self):
        lab = self.lab
        self.new('stuck')
        self.new('fine')
        self.wait_usage('fine', lambda usage: True, 'it is measured')
        pid = lab.qemu_pid('stuck')
        os.kill(pid, 19)  # SIGSTOP: its QEMU answers nothing
        self.addCleanup(os.kill, pid, 18)
        time.sleep(ROUND)
        seen = self.usage()['time']
        wait_for(lambda: self.usage()['time'] > seen, 2 * ROUND, 'the next round has come')
        self.assertIsNotNone(self.of('fine'))
        wait_for(lambda: self.of('stuck') is None, 4 * ROUND, 'what was measured of it is too old')
        os.kill(pid, 18)
        self.wait_usage('stuck', lambda usage: True, 'it is measured again')

    def test_the_command_line_shows_it_once_and_live(self):
        lab = self.lab
        self.new('shown')
        self.wait_usage('shown', lambda usage: True, 'it is measured')
        once = lab.must('vm', 'top', '--once').out
        self.assertRegex(once, r'(?m)^NAME +HOST +CPU% .* SEND$')
        self.assertRegex(once, r'(?m)^shown +here +[0-9.]+ +1 ')
        self.assertEqual(lab.must('vm', 'top', '--format', 'json').json()['items'][0]['name'], 'shown')
        lab.refused('vm', 'top', '--sort', 'luck', code=2)
        table = lab.must('vm', 'metrics', 'shown').out
        self.assertRegex(table, r'(?m)^memory +[0-9.]+MiB +[0-9.]+MiB +[0-9.]+MiB +[▁▂▃▄▅▆▇█ ]+$')
        self.assertRegex(lab.must('host', 'metrics').out, r'(?m)^cpu +[0-9.]+% ')
        self.assertRegex(lab.must('pool', 'metrics', 'default', '--range', 'day').out, r'(?m)^used_percent +[0-9.]+% ')
        csv = lab.must('vm', 'metrics', 'shown', '--format', 'csv').out.splitlines()
        self.assertEqual(len(csv), 361)
        with Terminal([str(TRUCE), 'vm', 'top'], lab.environment(TERM='xterm')) as terminal:
            terminal.expect(r'by cpu')
            terminal.expect(r'shown +here')
            terminal.type('m')
            terminal.expect(r'by memory')
            terminal.type('q')
            terminal.expect(r'\x1b\[\?1049l')  # the screen from before comes back
            self.assertEqual(terminal.status(), 0)

    def test_prometheus_can_read_all_of_it(self):
        lab = self.lab
        self.new('scraped')
        wait_for(lambda: self.figure('vm_cpu_seconds_total', vm='scraped'), SOON + ROUND, 'it is measured')
        self.assertGreater(self.figure('vm_memory_bytes', vm='scraped'), 32 * MEBIBYTE)
        self.assertEqual(self.figure('vm_info', vm='scraped', host='here', project='default'), 1)
        self.assertGreater(self.figure('host_memory_bytes', host='here'), self.figure('host_memory_available_bytes', host='here'))
        self.assertGreater(self.figure('pool_size_bytes', pool='default'), 0)
        token = lab.must('token', 'create', 'prometheus', '--role', 'viewer', '--format', 'json').json()['token']
        self.addCleanup(lab.truce, 'token', 'delete', 'prometheus')
        reply = lab.https('GET', '/metrics', token=token)
        self.assertEqual((reply.status, reply.headers['content-type']), (200, 'text/plain; version=0.0.4'))
        self.assertEqual(lab.https('GET', '/metrics').status, 401)
        promtool = os.environ.get('PROMTOOL') or shutil.which('promtool')
        if not promtool:
            raise unittest.SkipTest('promtool (Debian: prometheus) is not installed: the format was looked at by us only')
        checked = subprocess.run([promtool, 'check', 'metrics'], input=reply.body, capture_output=True, timeout=60)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, b''))


class SwitchedOff(FreeLabTest):
    def test_a_server_that_keeps_no_metrics_says_so(self):
        lab = self.new_lab('--metrics', 'off', hypervisor='fake')
        lab.start()
        self.assertFalse((lab.state / 'metrics').exists())
        self.assertIn('option metrics', lab.refused('host', 'metrics').err)
        self.assertIn('0 machines', lab.must('vm', 'top').out)
        lab.close()


if __name__ == '__main__':
    unittest.main()
