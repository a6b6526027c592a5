"""Hosts that are switched off and on as they are needed: three truced on one computer, and a model of a management controller that
stops and starts the one of host3."""
import contextlib
import hashlib
import ssl
import subprocess
import sys
import threading
import unittest
from pathlib import Path

from hosts import NETWORK, SOON, HostsTest, wait_for

MODEL = Path(__file__).resolve().parents[3] / 'src/power/tests/redfish_model.py'
PASSWORD = 'correct horse'


class Controller:
    """The controller of a host: a model that only says whether it is on, and a thread that makes that come true."""

    def __init__(self, host, folder):
        self.host, self.folder, self.ends = host, folder, threading.Event()
        folder.mkdir()
        self.power.write_text('On')
        self.address = f'{NETWORK}.254'
        self.model = subprocess.Popen(['ip', 'netns', 'exec', host.switch, sys.executable, str(MODEL), str(folder), f'at={self.address}'])
        wait_for(lambda: (folder / 'port').exists(), SOON, 'the controller listens')
        self.thread = threading.Thread(target=self.carry_out)
        self.thread.start()

    @property
    def power(self):
        return self.folder / 'power'

    def url(self):
        return f'redfish://truce@{self.address}:{(self.folder / "port").read_text()}'

    def fingerprint(self):
        pem = (self.folder / 'bmc.pem.crt').read_text()
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()

    def orders(self):
        with contextlib.suppress(OSError):
            return (self.folder / 'log').read_text().split('\n')[:-1]
        return []

    def carry_out(self):
        while not self.ends.wait(0.05):
            wanted, runs = self.power.read_text().strip(), self.host.daemon.poll() is None
            if wanted == 'Off' and runs:
                self.host.daemon.kill()
                self.host.daemon.wait()
            elif wanted == 'On' and not runs:
                self.host.spawn()

    def close(self):
        self.power.write_text('On')
        wait_for(lambda: self.host.daemon.poll() is None, SOON, 'the host is on')
        self.ends.set()
        self.thread.join()
        self.model.kill()
        self.model.wait()


class PowerTest(HostsTest):
    hypervisor = 'fake'

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager, cls.sleeper = cls.hosts[0], cls.hosts[2]
        try:
            cls.controller = Controller(cls.sleeper, cls.manager.folder / 'bmc')
            cls.manager.must('host', 'drain', cls.manager.name)  # machines go to the other two
        except BaseException:
            cls.hosts.tear_down()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.controller.close()
        cls.sleeper.wait_ready()
        super().tearDownClass()

    def set_power(self, *options):
        return self.manager.truce('host', 'set', 'host3', '--power', self.controller.url(), '--power-password-file', '-', *options,
                                  input=PASSWORD + '\n')

    def sleep_of(self, name='host3'):
        host = (self.manager.get(f'/v1/hosts/{name}') or {})
        return host.get('sleep')

    def until(self, phase):
        wait_for(lambda: self.sleep_of() == phase, SOON, f'host3 is {phase}')

    def runs(self):
        return self.sleeper.daemon.poll() is None

    def events(self):
        return [event['kind'] for event in self.manager.events('hosts/host3')]

    def test_hosts_sleep_while_they_are_not_needed(self):
        manager = self.manager
        self.check_control()
        self.check_by_hand()
        self.check_leader_dies()
        manager.must('cluster', 'set', '--power-saving', 'automatic', '--rest-minutes', '0', '--spare-hosts', '0')
        self.until('asleep')
        wait_for(lambda: not self.runs(), SOON, 'host3 is off')
        self.assertNotIn('offline', manager.must('cluster', 'status').out)
        room = manager.host('host2')['memory'] // 10 * 6
        manager.must('vm', 'create', 'one', '--disk', '16MiB', '--memory', str(room), '--start')
        self.assertEqual(manager.vm('one')['host'], 'host2')
        manager.must('vm', 'create', 'two', '--disk', '16MiB', '--memory', str(room), '--start')
        self.assertEqual(manager.vm('two')['host'], 'host3')
        self.assertEqual(self.sleep_of(), 'awake')
        self.assertIn('host.waking', self.events())
        self.assertNotIn('host.fenced', self.events())
        manager.must('cluster', 'set', '--power-saving', 'off')
        self.check_no_leak()

    def check_control(self):
        asked = self.set_power()
        self.assertNotEqual(asked.code, 0)
        self.assertIn(self.controller.fingerprint(), asked.err)
        self.assertEqual(self.set_power('--power-fingerprint', self.controller.fingerprint()).code, 0)
        told = self.manager.must('host', 'power', 'host3', '--format', 'json').json()
        self.assertEqual((told['state'], told['problem']), ('on', ''))

    def check_by_hand(self):
        manager = self.manager
        manager.must('host', 'sleep', 'host3')
        self.assertEqual(self.controller.orders(), ['reset GracefulShutdown'])
        self.assertIn('asleep', manager.must('host', 'list').out)
        manager.must('host', 'wake', 'host3')
        self.assertTrue(manager.host('host3')['power_tried'])
        self.assertEqual(self.sleep_of(), 'awake')

    def check_leader_dies(self):
        """After the mark, before the host is off."""
        hold = self.controller.folder / 'hold'
        hold.touch()
        begun = self.manager.must('host', 'sleep', 'host3', '--no-wait', '--format', 'json').json()
        wait_for(lambda: self.sleep_of() == 'going' and len(self.controller.orders()) == 3, SOON, 'it was told to go off')
        self.manager.kill()
        hold.unlink()
        self.manager.start()
        self.until('asleep')
        self.assertEqual(self.manager.api('GET', f'/v1/tasks/{begun["name"]}').json()['state'], 'succeeded')
        self.manager.must('host', 'wake', 'host3')

    def check_no_leak(self):
        files = [path for host in self.hosts for path in (host.log, *host.state.rglob('*')) if path.is_file()]
        self.assertEqual([path for path in files if PASSWORD.encode() in path.read_bytes()], [])


if __name__ == '__main__':
    unittest.main()
