"""Images that do not lie in files: NBD servers, web servers. Needs no daemon."""

import http.server
import json
import random
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from lab import TRUCE

MIB = 1 << 20


class RangesHandler(http.server.SimpleHTTPRequestHandler):
    """python's own server, with ranges; `quirks` of the server say what it does wrong."""
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        server.requests += 1
        if server.token and self.headers.get('Authorization') != server.token:
            return self.empty(403)
        if self.path.startswith('/moved/'):
            return self.empty(302, ('Location', self.path[len('/moved'):]))
        path = Path(server.folder) / self.path.split('?')[0].lstrip('/')
        if not path.is_file():
            return self.empty(404)
        found = re.fullmatch(r'bytes=(\d+)-(\d+)', self.headers.get('Range', ''))
        size = path.stat().st_size
        first, last = (int(found[1]), min(int(found[2]), size - 1)) if found and not server.no_ranges else (0, size - 1)
        with open(path, 'rb') as file:
            file.seek(first)
            body = file.read(last - first + 1)
        self.send_response(206 if found and not server.no_ranges else 200)
        if found and not server.no_ranges:
            self.send_header('Content-Range', f'bytes {first}-{last}/{size}')
        self.send_header('Content-Length', str(len(body)))
        self.send_header('ETag', f'"{path.stat().st_mtime_ns}"')
        self.end_headers()
        self.wfile.write(body)

    def empty(self, status, *fields):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header('Content-Length', '0')
        self.end_headers()


class WebServer:
    def __init__(self, folder, host='127.0.0.1', certificate=None, **quirks):
        family = socket.AF_INET6 if ':' in host else socket.AF_INET

        class Server(http.server.ThreadingHTTPServer):
            address_family = family

            def handle_error(self, *_):
                pass  # clients break off
        self.server = Server((host, 0), RangesHandler)
        self.server.folder = folder
        self.server.requests = 0
        self.server.token = quirks.get('token')
        self.server.no_ranges = quirks.get('no_ranges', False)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def noise(size, seed=1):
    chooser = random.Random(seed)
    return b''.join(bytes(65536) if chooser.random() < .4 else chooser.randbytes(65536) for _ in range(size // 65536))


class SourcesTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix='truce-sources-'))
        self.addCleanup(shutil.rmtree, self.folder)
        self.children = []
        self.addCleanup(self.end_children)
        self.raw = self.folder / 'disk.raw'
        self.raw.write_bytes(noise(4 * MIB))

    def end_children(self):
        for child in self.children:
            child.kill()
            child.wait()

    def truce(self, *words, status=0, **more):
        done = subprocess.run([TRUCE, 'image', *map(str, words)], capture_output=True, timeout=60, **more)
        done.stdout, done.stderr = done.stdout.decode(errors='replace'), done.stderr.decode(errors='replace')
        self.assertEqual(done.returncode, status, (words, done.stdout, done.stderr))
        return done

    def qemu(self, *words):
        subprocess.run(['qemu-img', *map(str, words)], check=True, capture_output=True, timeout=60)

    def background(self, *command, until):
        quiet = subprocess.DEVNULL
        self.children.append(subprocess.Popen([*map(str, command)], stdout=quiet, stderr=quiet))
        limit = time.monotonic() + 20
        while not until():
            self.assertLess(time.monotonic(), limit)
            time.sleep(.02)

    def nbd(self, *words):
        """nbdkit on a socket; its address."""
        path = self.folder / f'nbd{len(self.children)}'
        self.background('nbdkit', '-f', '-U', path, *words, until=path.exists)
        return f'nbd+unix:///?socket={path}'

    def certificate(self):
        certificate, key = self.folder / 'cert.pem', self.folder / 'key.pem'
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
                        '-keyout', key, '-out', certificate, '-days', '2', '-subj', '/CN=localhost',
                        '-addext', 'subjectAltName=DNS:localhost'], check=True, capture_output=True)
        return certificate, key


class NetworkSources(SourcesTest):
    def make_images(self):
        images = {'raw': self.raw}
        for name, options in {'qcow2': ['-c', '-O', 'qcow2'], 'vhdx': ['-O', 'vhdx'],
                              'vmdk': ['-O', 'vmdk', '-o', 'subformat=streamOptimized']}.items():
            images[name] = self.folder / f'disk.{name}'
            self.qemu('convert', '-f', 'raw', *options, self.raw, images[name])
        return images

    def every_verb(self, address, name):
        self.assertEqual(json.loads(self.truce('info', address, '--format', 'json').stdout)['format'], name)
        self.truce('map', address)
        if name != 'raw':
            self.truce('check', address, status=1 if name == 'vhdx' else 0)  # QEMU leaves a gap there
        self.truce('compare', address, self.raw)
        self.truce('compare', self.raw, address)
        target = self.folder / 'out.raw'
        self.truce('convert', address, target, '--replace')
        self.assertEqual(target.read_bytes(), self.raw.read_bytes())

    def test_every_reading_verb_reads_from_a_web_server(self):
        with WebServer(self.folder) as server:
            for name, path in self.make_images().items():
                self.every_verb(f'http://localhost:{server.port}/{path.name}', name)

    def test_every_reading_verb_reads_from_nbd_servers(self):
        for name, path in self.make_images().items():
            self.every_verb(self.nbd('file', path), name)

    def test_a_web_server_with_a_numeric_address_of_version_6_and_a_redirection(self):
        with WebServer(self.folder, host='::1') as server:
            self.truce('compare', self.raw, f'http://[::1]:{server.port}/moved/disk.raw')

    def test_tls_is_verified(self):
        certificate, key = self.certificate()
        with WebServer(self.folder, certificate=(certificate, key)) as server:
            address = f'https://localhost:{server.port}/disk.raw'
            self.assertIn('certificate', self.truce('info', address, status=1).stderr)
            self.truce('compare', '--ca', certificate, self.raw, address)
            numeric = f'https://127.0.0.1:{server.port}/disk.raw'
            self.assertIn('127.0.0.1', self.truce('info', numeric, '--ca', certificate, status=1).stderr)

    def test_credentials_come_from_a_file_and_are_in_no_message(self):
        secret = self.folder / 'headers'
        secret.write_text('Authorization: Bearer t0ken\n')
        with WebServer(self.folder, token='Bearer t0ken') as server:
            address = f'http://localhost:{server.port}/disk.raw'
            self.assertIn('--header-file', self.truce('info', address, status=1).stderr)
            self.truce('compare', self.raw, address, '--header-file', secret)
            shown = self.truce('info', f'http://me:pass@localhost:{server.port}/none?key=k', status=1).stderr
            for word in ('me:', 'pass', 'key='):
                self.assertNotIn(word, shown)
            secret.write_text('not a field\n')
            self.assertIn('line 1', self.truce('info', address, '--header-file', secret, status=2).stderr)

    def test_refusals_are_one_clear_sentence(self):
        with WebServer(self.folder, no_ranges=True) as server:
            self.assertIn('no ranges', self.truce('info', f'http://localhost:{server.port}/disk.raw', status=1).stderr)
        with WebServer(self.folder) as server:
            self.assertIn('nothing there', self.truce('info', f'http://localhost:{server.port}/no', status=1).stderr)
        self.assertIn('connect', self.truce('info', f'http://localhost:{server.port}/no', status=1).stderr.lower())
        self.truce('info', f'nbd://localhost:{server.port}/', status=1)
        self.assertIn('only files', self.truce('resize', self.nbd('memory', '1M'), '2MiB', status=1).stderr)

    def test_a_change_while_it_is_read_is_an_error_and_leaves_no_target(self):
        with WebServer(self.folder) as server:
            class Changing(RangesHandler):
                def do_GET(handler):
                    if server.server.requests == 2:
                        self.raw.touch()
                    super().do_GET()
            server.server.RequestHandlerClass = Changing
            done = self.truce('convert', f'http://localhost:{server.port}/disk.raw', self.folder / 'out', status=1)
            self.assertIn('changed', done.stderr)
            self.assertEqual(list(self.folder.glob('*out*')), [])

    def test_an_nbd_server_that_fails_is_an_error_and_leaves_no_target(self):
        address = self.nbd('--filter=error', 'pattern', '4M', 'error-pread-rate=100%')
        self.assertIn('nbd+unix', self.truce('convert', '-f', 'raw', address, self.folder / 'out', status=1).stderr)
        self.assertEqual(list(self.folder.glob('*out*')), [])
        slow = self.nbd('--filter=delay', 'pattern', '4M', 'rdelay=100ms')
        self.truce('convert', '-f', 'raw', slow, self.folder / 'out')

    def test_what_an_image_refers_to_is_never_fetched(self):
        with WebServer(self.folder) as server:
            address = f'http://localhost:{server.port}/disk.raw'
            for reference in (address, f'json:{{"driver":"raw","file.filename":"{address}"}}',
                              f'nbd://localhost:{server.port}/x'):
                image = self.folder / 'child.qcow2'
                self.qemu('create', '-f', 'qcow2', '-u', '-b', reference, '-F', 'raw', image, '4M')
                before = server.server.requests
                for allowed in ([], ['--allow-external', self.folder]):
                    self.truce('convert', image, self.folder / 'out', *allowed, status=1)
                self.assertEqual(server.server.requests, before)
            self.qemu('create', '-f', 'qcow2', '-b', self.raw, '-F', 'raw', self.folder / 'over.qcow2')
            over = f'http://localhost:{server.port}/over.qcow2'
            self.assertIn('allow-external', self.truce('compare', over, self.raw, status=2).stderr)
            self.truce('compare', over, self.raw, '--allow-external', self.folder)


class Targets(SourcesTest):
    def full_of_noise(self, size):
        path = self.folder / 'used'
        path.write_bytes(random.Random(7).randbytes(size))
        return path

    def test_an_nbd_export_full_of_noise_holds_the_disk_afterwards(self):
        disk = self.raw.read_bytes()
        for more in ([], ['--filter=nozero'], ['--filter=blocksize-policy', 'blocksize-minimum=4096',
                                               'blocksize-error-policy=error']):
            used = self.full_of_noise(5 * MIB)
            filters = [word for word in more if word.startswith('--')]
            address = self.nbd(*filters, 'file', used, *[word for word in more if not word.startswith('--')])
            self.truce('convert', self.raw, address)
            self.assertEqual(used.read_bytes()[:len(disk)], disk)
            self.assertEqual(used.read_bytes()[len(disk):], random.Random(7).randbytes(5 * MIB)[len(disk):])
            self.truce('compare', self.raw, address, status=1)

    def test_an_export_that_is_too_small_read_only_or_for_another_format_is_refused_untouched(self):
        used = self.full_of_noise(3 * MIB)
        before = used.read_bytes()
        done = self.truce('convert', self.raw, self.nbd('file', used), status=1)
        self.assertIn(f'room for {3 * MIB} bytes', done.stderr)
        self.assertIn('-O raw', self.truce('convert', '-O', 'qcow2', self.raw, self.nbd('file', used), status=1).stderr)
        self.assertIn('read only', self.truce('convert', self.raw, self.nbd('-r', 'file', used), status=1).stderr)
        self.assertIn('only read', self.truce('convert', self.raw, 'http://localhost:1/x', status=1).stderr)
        self.assertEqual(used.read_bytes(), before)

    def test_a_device_full_of_noise_holds_the_disk_afterwards(self):
        used = self.full_of_noise(8 * MIB)
        loop = subprocess.run(['losetup', '-f', '--show', used], capture_output=True, text=True)
        if loop.returncode != 0:
            self.skipTest(f'no loop device: {loop.stderr}')
        device = loop.stdout.strip()
        self.addCleanup(subprocess.run, ['losetup', '-d', device])
        disk = self.raw.read_bytes()
        self.truce('convert', self.raw, device)
        self.assertEqual(used.read_bytes()[:len(disk)], disk)
        self.assertEqual(used.read_bytes()[len(disk):], random.Random(7).randbytes(8 * MIB)[len(disk):])
        Path(device).write_bytes(random.Random(8).randbytes(8 * MIB))
        self.truce('convert', '-O', 'qcow2', self.raw, device)
        self.truce('compare', self.raw, device)
        self.qemu('compare', '-f', 'raw', '-F', 'qcow2', self.raw, device)
        self.assertIn('cannot lie in a device', self.truce('convert', '-O', 'vhd', self.raw, device, status=1).stderr)
        large = self.folder / 'large'
        with open(large, 'wb') as file:
            file.truncate(9 * MIB)
        self.assertIn('room for', self.truce('convert', large, device, status=1).stderr)


if __name__ == '__main__':
    unittest.main()
