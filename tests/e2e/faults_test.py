"""What truced does when it is killed, its files are damaged, or its disk is full."""
import json
import os
import random
import signal
import subprocess
import threading
import time
import unittest
from pathlib import Path

from lab import (BOOT, LONG, READY, SOON, FreeLabTest, LabTest, Waited, processes_with, run, sha256_of,
                 wait_for)

LIVE_TASKS = ('queued', 'running')


class Client(threading.Thread):
    """One user who creates, starts, suspends and deletes machines of their own, by the CLI, and notes what
    was answered. Expected is what may be demanded of the daemon after any crash."""

    def __init__(self, lab, number, seed):
        super().__init__(name=f'client {number}', daemon=True)
        self.lab, self.number, self.random = lab, number, random.Random(seed)
        self.expected = {}  # name -> 'there', 'gone' or 'unknown'
        self.answered = 0
        self.enough = threading.Event()
        self.count = 0
        self.error = None

    def truce(self, *words):
        answer = self.lab.truce(*words, '--no-wait', timeout=60)
        if answer.code not in (0, 1, 3):
            raise AssertionError(repr(answer))
        if answer.code == 1 and 'truce:' not in answer.err:
            raise AssertionError(f'a refusal without a reason: {answer!r}')
        self.answered += answer.code == 0
        if answer.code == 3:
            time.sleep(0.3)
        return answer

    def create(self):
        name = f'c{self.number}-{self.count}'
        self.count += 1
        self.expected[name] = 'unknown'
        words = ['vm', 'create', name, '--template', 'tiny', '--memory', '64MiB']
        if self.random.random() < 0.5:
            words += ['--disk', '16MiB']
        if self.random.random() < 0.4:
            words.append('--start')
        if self.truce(*words).code == 0:
            self.expected[name] = 'there'

    def delete(self, name):
        before = self.expected[name]
        self.expected[name] = 'unknown'
        answer = self.truce('vm', 'delete', name, '--force')
        if answer.code == 0:
            self.expected[name] = 'gone'
        elif answer.code == 1:
            # Refused: nothing was done, and only a machine that may not be there may be unknown to it.
            if before == 'there':
                self.expected[name] = 'there'
                raise AssertionError(f'the answered creation of {name} is lost: {answer!r}')
            self.expected[name] = 'gone'

    def run(self):
        try:
            while not self.enough.is_set():
                mine = [name for name, state in self.expected.items() if state != 'gone']
                if len(mine) < 2 or (len(mine) < 4 and self.random.random() < 0.3):
                    self.create()
                    continue
                name = self.random.choice(mine)
                verb = self.random.choice(['start', 'start', 'suspend', 'stop', 'delete', 'pause', 'resume'])
                if verb == 'delete':
                    self.delete(name)
                else:
                    self.truce('vm', verb, name, *(['--now'] if verb == 'stop' else []))
                time.sleep(self.random.random() * 0.5)
        except BaseException as error:  # shown by the test, which runs on another thread
            self.error = error


class KilledWhileWorking(FreeLabTest):
    kills = 200 if LONG else 8

    def check(self, lab, clients, where):
        """What was answered is there, and no machine runs twice."""
        known = lab.vms()
        for client in clients:
            if client.error:
                raise client.error
            for name, state in list(client.expected.items()):
                if state == 'there' and name not in known and client.expected[name] == 'there':
                    self.fail(f'{where}: {name} was created and answered, and is lost')
        for name, vm in known.items():
            pids = processes_with(f'-uuid {vm["uuid"]}')
            self.assertLessEqual(len(pids), 1, f'{where}: {name} runs twice: {pids}')

    def settle(self, lab, clients):
        for client in clients:
            client.enough.set()
        for client in clients:
            client.join(90)
            self.assertFalse(client.is_alive(), 'every call of the CLI ends')
        wait_for(lambda: not [t for t in lab.tasks() if t['state'] in LIVE_TASKS], BOOT * 2, 'every task ends')
        gone = [name for client in clients for name, state in client.expected.items() if state == 'gone']
        try:
            wait_for(lambda: not set(gone) & set(lab.vms()), SOON, 'deleted machines are gone')
        except Waited as late:
            left = [vm for name, vm in lab.vms().items() if name in gone]
            about = [task for task in lab.tasks() if task['target'] == f'vms/{left[0]["name"]}'] if left else []
            raise AssertionError(f'{late}: {left[:1]}, its tasks: {about}') from late
        self.check(lab, clients, 'at the end')
        for name, vm in lab.vms().items():
            running = vm['observed'] in ('running', 'paused')
            self.assertEqual(len(processes_with(f'-uuid {vm["uuid"]}')), int(running), vm)
            if vm['wanted'] != vm['observed'] and not vm['problem']:
                self.fail(f'{name} is not what it shall be, without a problem: {vm}')

    def test_truced_killed_at_any_moment_loses_nothing_that_was_answered(self):
        seed = int(os.environ.get('TRUCE_SEED') or random.SystemRandom().randrange(1 << 32))
        print(f'kills: seed {seed} (repeat with TRUCE_SEED={seed})', flush=True)
        chance = random.Random(seed)
        lab = self.new_lab(recipes=['tiny']).start()
        lab.make_template('tiny')
        clients = [Client(lab, number, chance.randrange(1 << 32)) for number in range(3)]
        for client in clients:
            client.start()
        try:
            for kill in range(self.kills):
                time.sleep(chance.choice([0.05, 0.3, 1, 3]) * chance.random())
                lab.kill()
                lab.start(SOON * 2)
                self.check(lab, clients, f'seed {seed}, after kill {kill + 1}')
            # However slow this computer is: as long as nobody kills it any more, they get on.
            wait_for(lambda: sum(client.answered for client in clients) > self.kills // 2, SOON,
                     'the clients get something done')
            self.settle(lab, clients)
        except BaseException:
            print(f'seed {seed} failed; the end of truced\'s log:\n{lab.log_end(40)}', flush=True)
            raise
        finally:
            for client in clients:
                client.enough.set()
        answered = sum(client.answered for client in clients)
        print(f'kills: {self.kills}, {answered} answered calls, {sum(c.count for c in clients)} machines', flush=True)
        lab.close()


class RestartedDaemon(FreeLabTest):
    def test_machines_outlive_kill_9_and_are_taken_over(self):
        lab = self.new_lab(recipes=['tiny']).start()
        lab.make_template('tiny')
        lab.new_tiny('survivor')
        lab.new_tiny('frozen')
        lab.must('vm', 'pause', 'frozen')
        pids = lab.qemu_pid('survivor'), lab.qemu_pid('frozen')
        lab.kill()
        self.assertEqual(lab.refused('vm', 'list', code=3).out, '')
        lab.start()
        lab.wait_observed('survivor', 'running')
        lab.wait_observed('frozen', 'paused')
        self.assertEqual((lab.qemu_pid('survivor'), lab.qemu_pid('frozen')), pids)
        with lab.console('survivor') as console:
            console.expect('Connected')
            console.type('\recho still-$((40 + 2))\r')
            console.expect('still-42')
            console.type('\x1d')
            console.expect('Left')
        lab.wait_agent('survivor')
        self.assertEqual(lab.must('vm', 'exec', 'survivor', '--', 'echo', 'hello').out, 'hello\n')
        wait_for(lambda: lab.vm('survivor')['addresses'], SOON, 'its address is known again')
        log = lab.must('vm', 'log', 'survivor', '--bytes', 65536).out
        self.assertEqual(log.count(READY), 1, 'the guest did not boot again, and its log was kept')
        self.assertEqual([e['kind'] for e in lab.events('vms/survivor') if e['kind'].startswith('vm.ended')], [])
        # And a machine that ends while nobody looks is seen afterwards.
        lab.kill()
        os.kill(pids[0], signal.SIGKILL)
        lab.start()
        vm = lab.wait_observed('survivor', 'off')
        self.assertTrue(vm['problem'])
        self.assertIn('vm.ended.crashed', [e['kind'] for e in lab.events('vms/survivor')])
        self.assertEqual(lab.qemu_pid('frozen'), pids[1])
        lab.close()

    def test_sigterm_ends_cleanly_and_machines_run_on(self):
        lab = self.new_lab(recipes=['tiny']).start()
        lab.make_template('tiny')
        lab.new_tiny('stays', ready=False)
        pid = lab.qemu_pid('stays')
        self.assertEqual(lab.stop(), 0)
        self.assertFalse(processes_with(f'--state-dir {lab.state}'))
        self.assertIn(pid, processes_with('-uuid'))
        lab.start()
        lab.wait_observed('stays', 'running')
        self.assertEqual(lab.qemu_pid('stays'), pid)
        lab.close()

    def test_a_waiting_cli_rides_over_a_restart(self):
        lab = self.new_lab().start()
        lab.add_recipe('slow', '#!/bin/sh\necho "progress 0.1 working"\nsleep 4\necho k >"$1/k"\n'
                               'echo \'{"kernel":"k"}\' >"$1/manifest.json"\n')
        answer = {}
        waiting = threading.Thread(target=lambda: answer.update(
            it=lab.truce('template', 'create', 'thing', '--recipe', 'slow')))
        waiting.start()
        wait_for(lambda: [t for t in lab.tasks() if t['step'] == 'working'], SOON, 'the recipe works')
        lab.kill()
        lab.start()
        waiting.join(SOON * 2)
        self.assertEqual(answer['it'].code, 0, answer['it'])
        lab.close()


class RefusedStarts(FreeLabTest):
    def try_second(self, lab, *options):
        words = [*lab.command(), *map(str, options)]
        return subprocess.run(words, capture_output=True, text=True, timeout=SOON, stdin=subprocess.DEVNULL)

    def test_a_second_daemon_on_the_same_state_is_refused(self):
        lab = self.new_lab(hypervisor='fake').start()
        for what, options in {'all the same': (), 'another run-dir': ('--run-dir', lab.folder / 'r2',
                                                                       '--listen', '127.0.0.1:7444')}.items():
            with self.subTest(what):
                second = self.try_second(lab, *options)
                self.assertEqual(second.returncode, 1, second.stderr)
                self.assertRegex(second.stderr, r'truced: .*(in use|used|held|running|open)')
                self.assertLess(len(second.stderr.strip().splitlines()), 3)
        self.assertTrue(lab.answers(), 'the first one is not disturbed')
        self.assertEqual(lab.must('vm', 'list', '--quiet').out, '')
        lab.close()

    def test_wrong_options_are_refused_with_the_reason(self):
        lab = self.new_lab(hypervisor='fake')
        for options, reason in {('--listen', 'nowhere'): 'ADDRESS:PORT', ('--hypervisor', 'magic'): 'magic',
                                ('--accelerator', 'warp'): 'accelerator', ('--no-such-option',): 'no-such-option',
                                ('--subnet', '10.0.0.0/99'): '10.0.0.0/99',
                                ('--network-mode', 'psychic'): 'psychic'}.items():
            with self.subTest(options):
                if options[0] == '--accelerator':
                    options = (*options, '--hypervisor', 'qemu')
                try:
                    done = self.try_second(lab, *options)
                except subprocess.TimeoutExpired:
                    self.fail(f'truced runs with {options}')
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(reason, done.stderr + done.stdout)

    def test_a_damaged_store_is_refused_and_left_as_it_is(self):
        lab = self.new_lab(hypervisor='fake').start()
        for number in range(20):
            lab.must('token', 'create', f'token{number}')
        self.assertEqual(lab.stop(), 0)
        store = lab.state / 'store/truce.db'
        whole = store.read_bytes()

        def damaged(offset, change):
            content = bytearray(whole)
            content[offset:offset + len(change)] = change
            return bytes(content)
        # Wherever it stands: some of it may be what a page had before.
        cases = {'one letter changed': whole.replace(b'token13', b'Token13'),
                 'cut in the middle': whole[:len(whole) // 2],
                 'another file': b'this is no store at all\n' * 100,
                 'a page of zeros': damaged(len(whole) // 8192 * 4096, bytes(4096))}
        for what, content in cases.items():
            with self.subTest(what):
                store.write_bytes(content)
                before = sha256_of(store)
                done = self.try_second(lab)
                self.assertEqual(done.returncode, 1, done.stderr)
                self.assertIn(str(store), done.stderr)
                self.assertEqual(sha256_of(store), before)
        store.write_bytes(whole)
        lab.start()
        self.assertEqual(len(lab.must('token', 'list', '--quiet').out.split()), 20)
        lab.close()


class FullDisk(FreeLabTest):
    def setUp(self):
        super().setUp()
        self.lab = self.new_lab(recipes=['tiny'])
        self.lab.state.mkdir(mode=0o711)
        mounted = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=120M,mode=711', 'truce-e2e', str(self.lab.state)],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f'skipped, because a tmpfs cannot be mounted here: {mounted.stderr.strip()}')
        self.addCleanup(run, 'umount', '-l', self.lab.state)

    def fill(self):
        filler = self.lab.state / 'filler'
        with open(filler, 'ab', buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                while True:
                    try:
                        if not file.write(bytes(size)):
                            break
                    except OSError:
                        break
        return filler

    def test_a_full_disk_is_told_and_once_there_is_room_all_goes_on(self):
        lab = self.lab.start()
        lab.make_template('tiny')
        lab.must('vm', 'create', 'early', '--template', 'tiny', '--memory', '64MiB', '--disk', '8MiB')
        filler = self.fill()
        answered = []
        for number in range(40):
            name = f'late{number}'
            answer = lab.truce('vm', 'create', name, '--template', 'tiny', '--memory', '64MiB', '--disk', '8MiB',
                               timeout=60)
            if answer.code == 0:
                answered.append(name)
                self.fill()
                continue
            self.assertEqual(answer.code, 1, answer)
            self.assertRegex(answer.err, '(?i)(no space|full)')
            break
        else:
            self.fail('a full disk stops nothing')
        self.assertEqual(lab.must('vm', 'show', 'early', '--quiet').out, 'early\n', 'reading goes on')
        self.assertIsNone(lab.daemon.poll(), lab.log_end())
        filler.unlink()
        wait_for(lambda: lab.truce('vm', 'create', 'after', '--template', 'tiny', '--memory', '64MiB', '--disk',
                                   '8MiB').code == 0, SOON, 'with room it works again')
        lab.kill()
        lab.start()
        self.assertLessEqual({'early', 'after', *answered}, set(lab.vms()))
        wait_for(lambda: not [t for t in lab.tasks() if t['state'] in LIVE_TASKS], SOON, 'every task ends')
        lab.close()


class TemplatesInTheMaking(LabTest):
    hypervisor = 'qemu'

    SLOW = '''#!/bin/bash
echo $$ >{folder}/pid
echo x >>{folder}/runs
dd if=/dev/zero of="$1/part" bs=1M count=1 2>/dev/null
sleep 1000 & echo $! >{folder}/child
echo "progress 0.3 halfway"
while [ ! -e {folder}/go ]; do sleep 0.1; done
kill %1
echo kernel >"$1/kernel"
echo '{{"kernel": "kernel"}}' >"$1/manifest.json"
'''

    def begin(self, name):
        folder = self.lab.folder / name
        folder.mkdir()
        self.lab.add_recipe(name, self.SLOW.format(folder=folder))
        task = self.lab.must('template', 'create', name, '--recipe', name, '--no-wait').out.strip()
        wait_for(lambda: self.task(task)['step'] == 'halfway', SOON, 'the recipe is halfway')
        return folder, task

    def task(self, name):
        return self.lab.api('GET', f'/v1/tasks/{name}').json()

    def parts(self):
        return [str(path) for path in (self.lab.state / 'pool/templates').glob('.new*')]

    def processes(self, folder):
        pids = [int((folder / name).read_text()) for name in ('pid', 'child')]
        return [pid for pid in pids if Path('/proc', str(pid), 'cmdline').exists()
                and Path('/proc', str(pid), 'cmdline').read_bytes()]

    def test_a_cancelled_build_leaves_nothing(self):
        folder, task = self.begin('unwanted')
        self.assertTrue(self.parts())
        self.lab.must('task', 'cancel', task)
        self.assertEqual(wait_for(lambda: (t := self.task(task))['state'] not in LIVE_TASKS and t, SOON, 'an end')['state'],
                         'cancelled')
        wait_for(lambda: not self.processes(folder), SOON, 'the recipe and its children are gone')
        self.assertEqual(self.parts(), [])
        self.assertIn('unwanted', self.lab.refused('template', 'show', 'unwanted').err)
        self.assertIn('ended already', self.lab.refused('task', 'cancel', task).err)

    def test_a_build_that_kill_9_interrupted_is_done_again(self):
        folder, task = self.begin('interrupted')
        self.lab.kill()
        self.lab.start()
        wait_for(lambda: len((folder / 'runs').read_text().split()) == 2, SOON, 'the recipe runs again')
        (folder / 'go').touch()
        self.lab.must('task', 'wait', task)
        self.assertEqual(self.task(task)['state'], 'succeeded')
        self.assertEqual(self.lab.must('template', 'show', 'interrupted', '--quiet').out, 'interrupted@1\n')
        wait_for(lambda: not self.parts(), SOON, 'the first try is cleaned up')
        wait_for(lambda: not self.processes(folder), SOON, 'no recipe runs on')

    def test_a_recipe_that_fails_says_why_and_leaves_nothing(self):
        self.lab.add_recipe('broken', '#!/bin/sh\ntouch "$1/part"\necho "the moon is in the wrong phase" >&2\nexit 3\n')
        answer = self.lab.refused('template', 'create', 'broken', '--recipe', 'broken')
        self.assertIn('the moon is in the wrong phase', answer.err)
        self.assertEqual(self.parts(), [])
        for name in ('no-such-recipe', '..'):
            self.lab.refused('template', 'create', 'broken', '--recipe', name)

    def test_a_recipe_that_promises_more_than_it_made_is_refused(self):
        for number, manifest in enumerate(['', '{', '[]', '{"kernel": "absent"}', '{"disk": "../../x"}',
                                           '{"kernel": "/etc/passwd"}', '{"kernel": 5}']):
            with self.subTest(manifest):
                self.lab.add_recipe('liar', f"#!/bin/sh\nprintf '%s' '{manifest}' >$1/manifest.json\n")
                self.assertIn('manifest', self.lab.refused('template', 'create', 'liar', '--recipe', 'liar').err)
        self.assertEqual(self.parts(), [])


if __name__ == '__main__':
    unittest.main()
