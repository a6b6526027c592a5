"""A cluster whose state is in an etcd that Truce does not run: three members with TLS, which this test starts and stops."""
import contextlib
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

from hosts import NETWORK, SOON, wait_for
from lab import TRUCED, run
from managers import AGAIN, ManagersTest

ADDRESS = f'{NETWORK}.254'
PREFIX = '/truce/estate/'


class Etcd:
    """Members that take nobody without a certificate of their authority, on the switch that joins the hosts."""

    def __init__(self, switch, members=3):
        self.switch, self.folder = switch, Path(tempfile.mkdtemp(prefix='te-'))
        self.ports = [2379 + 10000 * number for number in range(members)]
        for name in ('ca', 'stranger-ca'):
            self.openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', f'/CN={name}',
                         '-days', '2', '-keyout', f'{name}.key', '-out', f'{name}.pem')
        (self.folder / 'names').write_text(f'subjectAltName=IP:{ADDRESS}\n')
        for name, by in (('server', 'ca'), ('client', 'ca'), ('stranger', 'stranger-ca')):
            self.openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', f'/CN={name}', '-keyout', f'{name}.key', '-out', f'{name}.csr')
            self.openssl('x509', '-req', '-in', f'{name}.csr', '-CA', f'{by}.pem', '-CAkey', f'{by}.key', '-CAcreateserial', '-days', '2',
                         '-extfile', 'names', '-out', f'{name}.pem')
        run('ip', '-n', switch, 'link', 'set', 'lo', 'up')  # what is sent to one's own address goes there
        self.members = [None] * members
        self.start_all()

    def openssl(self, *words):
        subprocess.run(['openssl', *words], cwd=self.folder, check=True, capture_output=True)

    def file(self, name):
        return str(self.folder / name)

    def url(self, number):
        return f'https://{ADDRESS}:{self.ports[number]}'

    @property
    def urls(self):
        return ','.join(self.url(number) for number in range(len(self.ports)))

    def words(self, number):
        peers = [f'https://{ADDRESS}:{port + 1}' for port in self.ports]
        tls = [word for kind in ('', 'peer-') for word in (
            f'--{kind}cert-file={self.file("server.pem")}', f'--{kind}key-file={self.file("server.key")}',
            f'--{kind}trusted-ca-file={self.file("ca.pem")}', f'--{kind}client-cert-auth')]
        return ['etcd', f'--name=m{number}', f'--data-dir={self.folder}/m{number}', f'--listen-client-urls={self.url(number)}',
                f'--advertise-client-urls={self.url(number)}', f'--listen-peer-urls={peers[number]}',
                f'--initial-advertise-peer-urls={peers[number]}', '--initial-cluster-token=e2e',
                '--initial-cluster=' + ','.join(f'm{n}={peer}' for n, peer in enumerate(peers)), *tls]

    def start(self, number):
        with open(self.file(f'm{number}.log'), 'ab') as log:
            self.members[number] = subprocess.Popen(
                ['ip', 'netns', 'exec', self.switch, 'setpriv', '--pdeathsig', 'KILL', *self.words(number)], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log)

    def kill(self, number):
        self.members[number].send_signal(signal.SIGKILL)
        self.members[number].wait()

    def start_all(self):
        for number in range(len(self.members)):
            self.start(number)
        wait_for(self.answers, SOON, 'etcd answers')

    def kill_all(self):
        for number in range(len(self.members)):
            self.kill(number)

    def control(self, *words):
        front = ['ip', 'netns', 'exec', self.switch, 'etcdctl', '--endpoints', self.urls, '--cacert', self.file('ca.pem'), '--cert',
                 self.file('client.pem'), '--key', self.file('client.key')]
        return subprocess.run([*front, *words], capture_output=True, text=True, env={**os.environ, 'ETCDCTL_API': '3'})

    def answers(self):
        return self.control('endpoint', 'health').returncode == 0

    def keys(self):
        return [key for key in self.control('get', '--prefix', '', '--keys-only').stdout.split('\n') if key]

    def close(self):
        for member in self.members:
            if member and member.poll() is None:
                member.kill()
                member.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def options(self, ca='ca.pem', client='client', urls=None):
        return ('--etcd', urls or self.urls, '--etcd-ca', self.file(ca), '--etcd-certificate', self.file(f'{client}.pem'),
                '--etcd-key', self.file(f'{client}.key'))


class ExternalEtcd(ManagersTest):
    def new_etcd(self, hosts):
        etcd = Etcd(hosts.switch)
        self.addCleanup(etcd.close)
        return etcd

    @staticmethod
    def init(host, *options):
        host.must('cluster', 'init', 'estate', '--address', host.address, *options)
        wait_for(lambda: host.is_in('estate'), SOON, 'the cluster is there')
        host.wait_ready()

    def what_cannot_work_is_refused(self, host, etcd):
        def refused(why, *options):
            self.assertIn(why, host.refused('cluster', 'init', 'estate', '--address', host.address, *options).err)
        refused('etcd-certificate', *etcd.options(client='stranger'))
        refused('etcd-ca', *etcd.options(ca='stranger-ca.pem'))
        refused('does not answer', *etcd.options(urls=f'{etcd.url(0)},https://{ADDRESS}:29'))
        refused('without TLS', *etcd.options(urls=etcd.url(0).replace('https', 'http')))
        mixed = list(etcd.options())
        mixed[-1] = etcd.file('stranger.key')
        refused('another certificate', *mixed)
        self.assertEqual(host.cluster(), '')
        self.assertEqual(etcd.keys(), [])
        self.assertEqual(set(host.vms()), {'kept'})
        left = [path.name for path in (host.state / 'cluster').iterdir() if path.name.startswith('etcd')]
        self.assertEqual(left, [])

    def the_state_is_there_and_nowhere_else(self, host, etcd):
        self.assertEqual(set(host.vms()), {'kept'})
        self.assertEqual(host.etcd_pids(), [])
        self.assertFalse((host.state / 'etcd').exists())
        status = host.must('cluster', 'status', '--format', 'json').json()
        self.assertEqual((status['store'], status['etcd'], status['etcd_prefix']), ('etcd', etcd.urls.split(','), PREFIX))
        self.assertEqual([key for key in etcd.keys() if not key.startswith(PREFIX)], ['/other/program'])
        self.assertGreater(len(etcd.keys()), 10)

    def secrets_are_kept(self, host, etcd):
        names = ('etcd-ca.pem', 'etcd-client.pem')
        for name in names:
            self.assertEqual(stat.S_IMODE((host.state / 'cluster' / name).stat().st_mode), 0o600, name)
        inside = [line for line in Path(etcd.file('client.key')).read_text().splitlines() if len(line) == 64]
        self.assertTrue(inside)
        told = host.log.read_text(errors='replace') + ''.join(
            host.api('GET', path).body.decode() for path in ('/v1/cluster', '/v1/events?limit=1000', '/v1/tasks?limit=1000'))
        self.assertFalse([line for line in inside if line in told])

    def the_leader_dies_and_another_one_leads(self, hosts, leader, other):
        leader.daemon.kill()
        leader.daemon.wait()
        self.until_it_answers('the leader was killed', (other, hosts[2]))
        self.assertIs(hosts.leader(other), other)
        other.must('vm', 'create', 'later', '--disk', '16MiB')
        leader.start()
        self.may_fail(other, 1)
        self.assertEqual(set(leader.vms()), {'kept', 'later'})

    def etcd_is_away_for_a_while(self, etcd, hosts):
        etcd.kill(2)
        wait_for(lambda: etcd.url(2) in (hosts[0].get('/v1/cluster') or {}).get('problem', ''), AGAIN, 'the member that is away is named')
        hosts[0].must('vm', 'create', 'by-two', '--disk', '16MiB')
        for number in (0, 1):
            etcd.kill(number)

        def says_why(host):
            with contextlib.suppress(OSError):
                reply = host.api('GET', '/v1/vms', timeout=30)
                return reply.status == 503 and ADDRESS in reply.json()['detail']
            return False
        for host in hosts[0], hosts[1]:
            wait_for(lambda host=host: says_why(host), AGAIN, f'{host.name} says that etcd is away')
        recovered = run(*hosts[0].enter, TRUCED, *hosts[0].options, '--recover-alone', 'host2', check=False)
        self.assertEqual(recovered.returncode, 1)
        self.assertIn('not truced\'s own', recovered.stderr)
        # A daemon that is started meanwhile waits for it.
        hosts[1].kill()
        hosts[1].spawn()
        wait_for(lambda: says_why(hosts[1]), AGAIN, 'a daemon that is started says that etcd is away')
        etcd.start_all()
        self.until_it_answers('etcd is back', list(hosts))
        self.assertEqual(set(hosts[2].vms()), {'kept', 'later', 'by-two'})
        wait_for(lambda: not (hosts[0].get('/v1/cluster') or {'problem': '?'}).get('problem', ''), AGAIN, 'all is well')

    def who_was_taken_out_leads_nobody(self, hosts, etcd):
        first, second, third = hosts
        for name in first.vms():  # what is on a host that is taken out by force stays there
            first.must('vm', 'delete', name, '--force')
        second.kill()
        self.until_it_answers('the second one was killed', (first, third))
        wait_for(lambda: (first.host('host2') or {}).get('state') == 'offline', AGAIN, 'host2 is offline')
        first.must('cluster', 'remove', 'host2', '--force')
        second.spawn()
        wait_for(lambda: 'is no manager of this cluster' in second.log.read_text(errors='replace'), AGAIN, 'host2 knows that it is out')
        self.assertEqual(first.stop(), 0)
        self.assertNotIn('manager leads, term', second.log.read_text(errors='replace').rpartition('is no manager of')[2])
        self.assertFalse(self.answers(second))
        first.start()
        second.must('cluster', 'leave')
        wait_for(lambda: second.is_in(''), SOON, 'host2 is a single host')
        self.assertEqual(list(second.state.glob('cluster*/etcd*')), [])
        self.assertTrue(any(key.startswith(PREFIX) for key in etcd.keys()))

    def test_a_running_host_moves_its_state_into_an_etcd_of_ones_own(self):
        hosts = self.new_hosts(1, alone=2, hypervisor='fake', store=None)
        etcd = self.new_etcd(hosts)
        first, second, third = hosts
        first.must('vm', 'create', 'kept', '--disk', '16MiB')
        self.what_cannot_work_is_refused(first, etcd)
        self.assertEqual(etcd.control('put', '/other/program', 'its value').returncode, 0)
        self.init(first, *etcd.options())
        self.the_state_is_there_and_nowhere_else(first, etcd)
        self.assertIn('lies already', third.refused('cluster', 'init', 'estate', '--address', third.address, *etcd.options()).err)
        hosts.join(second, role='manager')
        hosts.join(third)
        self.assertEqual(second.etcd_pids(), [])
        self.may_fail(third, 1)
        for host in (first, second):
            self.secrets_are_kept(host, etcd)
        self.assertEqual(list((third.state / 'cluster').glob('etcd*')), [])
        self.the_leader_dies_and_another_one_leads(hosts, first, second)
        self.etcd_is_away_for_a_while(etcd, hosts)
        third.must('server', 'backup', third.folder / 'backup.db')
        self.who_was_taken_out_leads_nobody(hosts, etcd)
        self.assertEqual(etcd.control('get', '/other/program', '--print-value-only').stdout.strip(), 'its value')
        hosts.close()

    def test_another_cluster_has_its_own_place_in_the_same_etcd(self):
        hosts = self.new_hosts(1, alone=1, hypervisor='fake', store=None)
        etcd = self.new_etcd(hosts)
        first, second = hosts
        self.init(first, *etcd.options())
        self.init(second, *etcd.options(), '--etcd-prefix', '/elsewhere/')
        first.must('vm', 'create', 'one', '--disk', '16MiB')
        second.must('vm', 'create', 'two', '--disk', '16MiB')
        self.assertEqual((set(first.vms()), set(second.vms())), ({'one'}, {'two'}))
        self.assertIn('cannot leave it', second.refused('cluster', 'leave').err)
        second.must('vm', 'delete', 'two', '--force')
        hosts.close()


class OtherPorts(ManagersTest):
    def test_the_managers_own_etcd_is_at_other_ports(self):
        hosts = self.new_hosts(1, alone=1, hypervisor='fake', store=None)
        first, second = hosts
        first.must('cluster', 'init', 'estate', '--address', first.address, '--etcd-client-port', '12379', '--etcd-peer-port', '12380')
        wait_for(lambda: first.is_in('estate'), SOON, 'the cluster is there')
        first.wait_ready()
        hosts.join(second, role='manager')
        for host in hosts:
            listening = host.inside('ss', '-Hltn').stdout
            for port in (12379, 12380):
                self.assertIn(f'{host.address}:{port}', listening)
            self.assertNotIn(':2379', listening)
        first.kill()
        first.start()
        self.until_it_answers('a daemon was started anew', (first, second))
        hosts.close()


if __name__ == '__main__':
    unittest.main()
