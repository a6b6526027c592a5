"""The contestants as daemons: truced, and Debian's libvirtd."""

import os
import pwd
import shutil
import stat
import subprocess

import measure
from measure import Failure, Process, Skip, until


def kvm_for_machines():
    """Whether others than root may open /dev/kvm, as machines run as users of their own."""
    return os.path.exists("/dev/kvm") and os.stat("/dev/kvm").st_mode & 0o066 != 0


def hide_kvm(folder):
    """Where root alone may open it, machines are emulated, ours and libvirt's; but libvirtd, which is root, tries it
    again for each machine, and waits for minutes for one that only seems to work. Whether that had to be done."""
    if not os.path.exists("/dev/kvm") or kvm_for_machines():
        return False
    if not stat.S_ISCHR(os.stat("/dev/kvm").st_mode):
        return True  # it is hidden already
    nothing = os.path.join(folder, "no-kvm")
    os.close(os.open(nothing, os.O_CREAT, 0o600))
    measure.run(["mount", "--bind", nothing, "/dev/kvm"])
    return True


class Truced:
    """A truced with folders of its own below `folder`."""

    def __init__(self, bench, name, options=(), core=None):
        self.bench, self.core = bench, core
        self.folder = os.path.join(bench.work, name)
        self.state = os.path.join(self.folder, "state")
        self.run_dir = os.path.join(self.folder, "run")
        self.socket = os.path.join(self.run_dir, "truced.sock")
        self.env = {**os.environ, "TRUCE_URL": f"unix:{self.socket}"}
        self.port = measure.free_port()
        self.argv = [bench.program("programs/truced/truced"), "--state-dir", self.state, "--run-dir", self.run_dir,
                     "--name", "bench", "--listen", f"127.0.0.1:{self.port}", "--log-level", "warn",
                     "--recipes-dir", bench.recipes, *options]
        self.process = None
        os.makedirs(self.folder, exist_ok=True)

    def seed(self, machines, token="", touch=False):
        more = (["--token", token] if token else []) + (["--touch"] if touch else [])
        measure.run([self.bench.program("tests/bench/bench_seed"), "--state-dir", self.state, "--host", "bench",
                     "--machines", str(machines), *more])

    def start(self, wait=True):
        self.process = Process(self.argv, os.path.join(self.folder, "log"), core=self.core)
        if wait:
            self.wait_online()
        return self

    def healthy(self):
        self.process.check()
        answer = measure.http_get(self.socket, "/healthz")
        return answer is not None and answer[0] == 200

    def online(self):
        answer = measure.http_get(self.socket, "/v1/hosts/bench")
        return answer is not None and b'"online"' in answer[1]

    def wait_online(self):
        until(self.healthy, 60, "truced answers")
        until(self.online, 60, "the node is connected")
        until(lambda: measure.get_json(self.socket, "/v1/networks")["items"], 30, "the first network")

    def wait_reported(self, machines):
        """Until the node has told of the last of so many machines. While it goes through all of them nobody may get an
        answer in time."""
        last = f"/v1/vms/vm-{machines - 1:05}"
        until(lambda: b'"observed":"off"' in (measure.http_get(self.socket, last) or (0, b""))[1], 120, "the node's reports")

    def truce(self, *words):
        return measure.run([self.bench.program("programs/truce/truce"), *words], env=self.env)

    def truce_measured(self, *words):
        return measure.run_measured([self.bench.program("programs/truce/truce"), *words], env=self.env)

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None


# What Debian's packages put there and a private copy needs; everything else is at its default.
QEMU_CONF = 'user = "{user}"\ngroup = "{group}"\nsecurity_driver = "none"\n'
# libvirt's own copy of /dev cannot have the file that hides /dev/kvm.
NO_COPY_OF_DEV = "namespaces = []\n"
LIBVIRT_FOLDERS = ["/run/libvirt", "/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt"]


class Libvirtd:
    """libvirtd and virtlogd in the foreground, with empty folders of their own: needs root and a mount
    namespace of our own, so that nothing of the host's libvirt is seen or touched."""

    def __init__(self, bench, name):
        if not bench.private:
            raise Skip("libvirt's folders can be kept apart by root only")
        for program in ("libvirtd", "virtlogd", "virsh"):
            if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
                raise Skip(f"{program} is missing and could not be installed (tools/install-packages bench)")
        self.bench = bench
        self.folder = os.path.join(bench.work, name)
        os.makedirs(self.folder)
        self.prepare()
        log = os.path.join(self.folder, "log")
        self.logd = Process(["virtlogd", "-f", self.conf("virtlogd.conf")], log)
        until(lambda: self.logd.check() or os.path.exists("/run/libvirt/virtlogd-sock"), 60, "virtlogd listens")
        self.daemon = None
        self.start()

    def conf(self, name):
        return os.path.join("/etc/libvirt", name)

    def prepare(self):
        for path in LIBVIRT_FOLDERS:
            os.makedirs(path, exist_ok=True)
            measure.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", path])
        os.makedirs("/etc/libvirt/qemu", exist_ok=True)
        user = group = "root"
        try:
            user = pwd.getpwnam("libvirt-qemu").pw_name
            group = "kvm"
        except KeyError:
            pass
        with open(self.conf("qemu.conf"), "w") as file:
            file.write(QEMU_CONF.format(user=user, group=group) + NO_COPY_OF_DEV * hide_kvm(self.folder))
        for name in ("libvirtd.conf", "virtlogd.conf"):
            with open(self.conf(name), "w") as file:
                file.write('log_outputs = "3:stderr"\n' + ('auth_unix_rw = "none"\n' if name == "libvirtd.conf" else ""))

    def start(self, wait=True):
        log = os.path.join(self.folder, "log")
        self.daemon = Process(["libvirtd", "-f", self.conf("libvirtd.conf")], log)
        if wait:
            until(self.answers, 60, "libvirtd answers", pause=0.1)

    def answers(self):
        self.daemon.check()
        return subprocess.run(["virsh", "-c", "qemu:///system", "list", "--all"], capture_output=True).returncode == 0

    def virsh(self, *words, **more):
        return measure.run(["virsh", "-c", "qemu:///system", *words], **more)

    def virsh_measured(self, *words):
        return measure.run_measured(["virsh", "-c", "qemu:///system", *words])

    def define(self, documents):
        """All at once in one virsh, which reads its commands from standard input."""
        commands = []
        for number, document in enumerate(documents):
            path = os.path.join(self.folder, f"domain-{number}.xml")
            with open(path, "w") as file:
                file.write(document)
            commands.append(f"define {path}")
        self.virsh(input="\n".join(commands) + "\n")
        defined = len(self.virsh("list", "--all", "--name").split())
        if defined < len(documents):
            raise Failure(f"libvirt has defined {defined} of {len(documents)} domains")

    def cpu_seconds(self):
        return measure.cpu_seconds(self.daemon.pid) + measure.cpu_seconds(self.logd.pid)

    def memory(self):
        pairs = [measure.memory(self.daemon.pid), measure.memory(self.logd.pid)]
        return tuple(map(sum, zip(*pairs)))

    def stop_daemon(self):
        if self.daemon:
            self.daemon.stop()
            self.daemon = None

    def stop(self):
        self.stop_daemon()
        self.logd.stop()
        for path in [*LIBVIRT_FOLDERS, "/dev/kvm"]:
            subprocess.run(["umount", "-l", path], capture_output=True)


def domain(name, uuid, kernel, initrd, command_line, interface, serial):
    """The tiny guest as libvirt is told of it: the same hardware as far as libvirt has it."""
    return f"""<domain type='qemu'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <memory unit='MiB'>256</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{initrd}</initrd>
    <cmdline>{command_line}</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='maximum'/>
  <on_poweroff>destroy</on_poweroff>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    {interface}
    {serial}
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <graphics type='vnc'><listen type='socket'/></graphics>
    <audio id='1' type='none'/>
    <video><model type='vga'/></video>
    <memballoon model='virtio'/>
    <rng model='virtio'><backend model='builtin'/></rng>
    <panic model='isa'/>
  </devices>
</domain>
"""


def beside_virsh(context, Ours, Theirs, names, times):
    """Rows of what both do with a running tiny guest. `measure()` of each gives milliseconds by the keys of `names`."""
    context.need_tiny()
    theirs = None
    ours = Ours(context)
    try:
        contestants = {"truce": ours.measure}
        try:
            theirs = Theirs(context)
            contestants["libvirt"] = theirs.measure
        except Skip as why:
            context.say(f"skipped: libvirt: {why}")
        samples = measure.interleaved(contestants, times)
    finally:
        if theirs:
            theirs.stop()
        ours.stop()
    peer = samples.get("libvirt", {})
    return [measure.Row(name, "ms", samples["truce"][key], peer.get(key), "virsh") for key, name in names.items()]
