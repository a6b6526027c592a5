"""The certificate authority of a cluster is replaced while it works. Real etcd."""
import hashlib
import re
import shutil
import ssl
import unittest

from hosts import CLUSTER_PORT, SOON, wait_for
from managers import AGAIN, ManagersTest

ROTATED = 240  # generous: hosts look every 15 seconds whether there is something to do


def certificates(path):
    """SHA-256 of the certificates of a file."""
    found = re.findall(r'-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----', path.read_text(), re.DOTALL)
    return [hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest() for pem in found]


class Rotation(ManagersTest):
    @staticmethod
    def rotation(host):
        """How far it is; nothing when there is none, or nobody answers."""
        return (host.get('/v1/cluster') or {}).get('rotation')

    def is_over(self, host):
        cluster = host.get('/v1/cluster')
        return cluster is not None and not cluster.get('rotation')

    def is_believed_alone(self, host, fingerprint):
        self.assertEqual(certificates(host.state / 'cluster/authority.pem'), [fingerprint], host.name)
        self.assertFalse((host.state / 'cluster/authority-next.key').exists(), host.name)

    def etcd_believes_one(self, hosts, before):
        """All members of etcd believe the same new authority, and no other."""
        found = {tuple(certificates(host.state / 'etcd/tls/authority.pem')) for host in hosts}
        self.assertEqual(len(found), 1)
        self.assertEqual(len(found & {before}), 0)
        self.assertEqual(len(found.pop()), 1)
        for host in hosts:
            self.assertFalse((host.state / 'cluster/etcd-authority-next.key').exists(), host.name)

    @staticmethod
    def shown_in(host, folder, target):
        """Whether the link's port of `target` goes on with who has the certificate and key of a folder."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.set_alpn_protocols(['truce/1'])
        context.load_cert_chain(folder / 'host.pem')
        with host.connect(target.address, CLUSTER_PORT) as plain:
            plain.settimeout(3)
            with context.wrap_socket(plain) as link:
                try:
                    return link.recv(1) != b''  # who is refused hears that at once
                except TimeoutError:
                    return True
                except (ssl.SSLError, OSError):
                    return False

    def test_all_hosts_get_certificates_of_a_new_authority_while_they_work(self):
        hosts = self.new_hosts(4, hypervisor='fake', store='etcd', managers=3)
        first, *_, fourth = hosts
        self.may_fail(fourth, 1)
        fourth.must('vm', 'create', 'web', '--disk', '16MiB')
        old = fourth.get('/v1/cluster')['fingerprint']
        etcd_before = tuple(certificates(first.state / 'etcd/tls/authority.pem'))
        kept = fourth.folder / 'old'
        shutil.copytree(fourth.state / 'cluster', kept)
        self.assertTrue(self.shown_in(fourth, kept, first))
        fourth.must('cluster', 'rotate-ca')
        self.assertIn('already', fourth.refused('cluster', 'rotate-ca').err)
        wait_for(lambda: self.is_over(fourth), ROTATED, 'the authority has been replaced')
        fresh = fourth.get('/v1/cluster')['fingerprint']
        self.assertNotEqual(fresh, old)
        for host in hosts:
            self.is_believed_alone(host, fresh)
        self.etcd_believes_one([hosts[0], hosts[1], hosts[2]], etcd_before)
        for host in hosts:
            wait_for(host.is_ready, SOON, f'{host.name} is online')
        self.assertFalse(self.shown_in(fourth, kept, first))
        self.assertTrue(self.shown_in(fourth, fourth.state / 'cluster', first))
        self.assertEqual(set(first.vms()), {'web'})
        events = str(fourth.api('GET', '/v1/events?limit=1000').json())
        self.assertIn('api.rotate_authority', events)
        self.assertIn('nobody believes', events)
        # All of it holds after a new start, and etcd's members still find one another.
        self.may_fail(fourth, 1)
        self.kill(hosts.leader(fourth))
        wait_for(lambda: self.answers(fourth), AGAIN, 'another one leads')
        fourth.must('vm', 'create', 'later', '--disk', '16MiB')
        for host in hosts:
            if host.daemon.poll() is not None:
                host.start()
        self.may_fail(fourth, 1)
        hosts.close()

    def test_it_waits_for_who_is_away_and_goes_on_when_a_leader_dies(self):
        hosts = self.new_hosts(4, hypervisor='fake', store='etcd', managers=3)
        fourth = hosts[3]
        self.may_fail(fourth, 1)
        old = fourth.get('/v1/cluster')['fingerprint']
        fourth.kill()
        second = hosts[1]
        wait_for(lambda: (second.host('host4') or {}).get('state') == 'offline', AGAIN, 'host4 is offline')
        second.must('cluster', 'rotate-ca')
        wait_for(lambda: 'host1' in (self.rotation(second) or {'done': []})['done'] and
                 'host4 is offline' in self.rotation(second)['waits'], ROTATED, 'all but host4 believe the new authority')
        leader = hosts.leader(second)
        other = next(host for host in (hosts[0], second) if host is not leader)
        self.kill(leader)
        wait_for(lambda: self.answers(other), AGAIN, 'another one leads')
        self.assertEqual(self.rotation(other)['stage'], 'trust')
        fourth.start()
        leader.start()
        wait_for(lambda: self.is_over(other), ROTATED, 'the authority has been replaced')
        fresh = other.get('/v1/cluster')['fingerprint']
        self.assertNotEqual(fresh, old)
        for host in hosts:
            self.is_believed_alone(host, fresh)
            wait_for(host.is_ready, SOON, f'{host.name} is online')
        self.may_fail(fourth, 1)
        hosts.close()

    def test_the_only_manager_of_a_cluster_without_etcd_replaces_it_too(self):
        hosts = self.new_hosts(2, hypervisor='fake', store='sqlite')
        first, second = hosts
        old = first.get('/v1/cluster')['fingerprint']
        first.must('cluster', 'rotate-ca')
        wait_for(lambda: self.is_over(first), ROTATED, 'the authority has been replaced')
        fresh = first.get('/v1/cluster')['fingerprint']
        self.assertNotEqual(fresh, old)
        for host in hosts:
            self.is_believed_alone(host, fresh)
            host.kill()
            host.start()
        wait_for(second.is_ready, SOON, 'host2 is online')
        hosts.close()


if __name__ == '__main__':
    unittest.main()
