"""A disk with a real Linux that a PC's BIOS boots from it, made of what Debian's packages hold: GRUB, a kernel, busybox."""
import gzip
import re
import subprocess
import tempfile
from pathlib import Path

from lab import TEMPLATES, TOP, run

INSTALLER = Path('/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386')
GRUB = Path('/usr/lib/grub/i386-pc')
SECTOR, FIRST = 512, 2048
INIT = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
for word in $(/bin/busybox cat /proc/cmdline); do
  case $word in mark=*) mark=${word#*=} ;; asks) asks=1 ;; esac
done
if [ -n "$asks" ]; then
  printf '\\nDebian GNU/Linux 12 %s ttyS0\\n\\n%s login: ' "$mark" "$mark"
  exec /bin/busybox sleep 100000
fi
while :; do
  echo "linux $(/bin/busybox uname -r) is up: $mark"
  /bin/busybox sleep 1
done
"""


def why_not():
    """Why none can be made here; empty when one can."""
    for path, package in ((INSTALLER / 'linux', 'debian-installer-12-netboot-i386'), (GRUB / 'boot.img', 'grub-pc-bin'),
                          (Path('/usr/bin/grub-mkimage'), 'grub-common'), (Path('/usr/bin/cpio'), 'cpio')):
        if not path.exists():
            return f'{path} is not here (package {package})'
    return ''


def make_initrd(folder):
    """Busybox and the libraries that it needs, out of the installer's, with an init that says its mark every second."""
    tree = folder / 'initrd.tree'
    tree.mkdir()
    wanted = ['bin/busybox', 'lib/ld-linux.so.2', 'lib/i386-linux-gnu/ld-linux.so.2', 'lib/i386-linux-gnu/libc.so.6']
    subprocess.run(['cpio', '-idm', '--quiet', *wanted], cwd=tree, check=True, stderr=subprocess.DEVNULL,
                   input=gzip.decompress((INSTALLER / 'initrd.gz').read_bytes()))
    for name in ('proc', 'dev', 'sys'):
        (tree / name).mkdir(exist_ok=True)
    (tree / 'init').write_text(INIT)
    (tree / 'init').chmod(0o755)
    return packed(tree)


def make_disk(path, mark, mebi=64, more=''):
    """A raw disk with a system that says its mark every second; with `asks` among `more` it asks who logs in instead."""
    return lay_out(path, (INSTALLER / 'linux').read_bytes(), make_initrd(path.parent), f'mark={mark} {more}', mebi)


def packed(tree):
    """An archive as kernels unpack them at their start: what is in it counts more than what the one before it has."""
    names = '\n'.join(['.', *(str(path.relative_to(tree)) for path in sorted(tree.rglob('*')))])
    made = subprocess.run(['cpio', '-o', '-H', 'newc', '-R', '0:0', '--quiet'], cwd=tree, check=True, input=names.encode(), capture_output=True)
    return made.stdout


def make_tiny(path, mebi=128, add=lambda tree, package: None):
    """A raw disk with the system of the recipe `tiny`: its agent answers, and it hears the power button. `add` puts more into its
    root folder, and is told the package of its kernel."""
    tiny = TEMPLATES.output('tiny')
    with tempfile.TemporaryDirectory() as folder:  # the recipe keeps the kernel unpacked, which GRUB does not start
        release = re.search(r'Depends: (linux-image-\S+)', run('apt-cache', 'depends', 'linux-image-cloud-amd64').stdout)[1]
        run('apt-get', '-q', 'download', release, cwd=folder)
        package, = Path(folder).glob('*.deb')
        files = subprocess.run(['dpkg-deb', '--fsys-tarfile', package], check=True, capture_output=True).stdout
        name = f'./boot/vmlinuz-{release.removeprefix("linux-image-")}'
        kernel = subprocess.run(['tar', '-xO', name], input=files, check=True, capture_output=True).stdout
        tree = Path(folder) / 'more'
        tree.mkdir()
        add(tree, package)
        initrd = (tiny / 'initrd').read_bytes() + packed(tree)
    return lay_out(path, kernel, initrd, '', mebi)


def lay_out(path, kernel, initrd, words, mebi):
    """A raw disk. GRUB reads kernel and initrd by the BIOS from the sectors where they lie; there is no file system."""
    sectors = [(len(part) + SECTOR - 1) // SECTOR for part in (kernel, initrd)]
    second = FIRST + sectors[0]
    config, core = path.with_suffix('.cfg'), path.with_suffix('.core')
    config.write_text(f'linux (hd0){FIRST}+{sectors[0]} console=ttyS0 quiet no_timer_check {words}\n'
                      f'initrd (hd0){second}+{sectors[1]}\nboot\n')
    run('grub-mkimage', '-O', 'i386-pc', '-d', GRUB, '-p', '/', '-c', config, '-o', core, 'biosdisk', 'linux')
    assert core.stat().st_size < (FIRST - 1) * SECTOR
    with open(path, 'wb') as disk:
        disk.truncate(mebi << 20)
        for at, content in ((0, (GRUB / 'boot.img').read_bytes()[:440]), (510, b'\x55\xaa'), (SECTOR, core.read_bytes()),
                            (FIRST * SECTOR, kernel), (second * SECTOR, initrd)):
            disk.seek(at)
            disk.write(content)
    return path
