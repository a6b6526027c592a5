"""What tests of clusters with several managers, on real etcd, have in common."""
import os
import shutil
import signal
import time
import unittest

from hosts import SOON, Hosts, wait_for
from lab import alive, why_not_here

AGAIN = 60  # generous: what it took is printed


def why_no_etcd():
    missing = [program for program in ('etcd', 'etcdctl') if not shutil.which(program)]
    return f'skipped, because {missing[0]} is not installed' if missing else ''


class ManagersTest(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        reason = why_not_here() or why_no_etcd()
        if reason:
            self.skipTest(reason)

    def new_hosts(self, *arguments, **more):
        hosts = Hosts(*arguments, **more)
        self.addCleanup(hosts.tear_down)
        return hosts.start()

    @staticmethod
    def answers(host):
        return host.get('/v1/vms', timeout=5) is not None

    def until_it_answers(self, what, hosts):
        """Until all of these hosts answer; prints how long that took."""
        begin = time.monotonic()
        for host in hosts:
            wait_for(lambda host=host: self.answers(host), AGAIN, f'{host.name} answers')
        print(f'\n  {what}: the API answers again after {time.monotonic() - begin:.1f} s', flush=True)

    @staticmethod
    def kill(host):
        """The daemon and its member of etcd, as a power cut of the host does."""
        members = host.etcd_pids()
        host.daemon.kill()
        for pid in members:
            os.kill(pid, signal.SIGKILL)
        host.daemon.wait()
        wait_for(lambda: not any(alive(pid) for pid in members), SOON, 'etcd has ended')

    def may_fail(self, host, count):
        wait_for(lambda: (host.get('/v1/cluster') or {}).get('managers_may_fail') == count, SOON,
                 f'{count} managers may fail')
