"""What the models of other people's servers share: HTTPS with a certificate of their own, and orders that come as lines."""
import argparse
import http.server
import socket
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path


class HangUp(Exception):
    """The connection ends without an answer."""


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection of a Server."""
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def setup(self):
        self.request.settimeout(60)
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.request.settimeout(None)
        self.server.remember(self.request)
        super().setup()

    def finish(self):
        self.server.forget(self.request)
        try:
            super().finish()
        except OSError:
            pass

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    """HTTPS, whose connections can be cut."""
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address, handler, certificate):
        self.open, self.guard = set(), threading.Lock()
        self.trust(certificate)
        super().__init__(address, handler)

    def trust(self, certificate):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)

    def remember(self, connection):
        with self.guard:
            self.open.add(connection)

    def forget(self, connection):
        with self.guard:
            self.open.discard(connection)

    def cut(self):
        """All connections that there are end now."""
        with self.guard:
            connections = list(self.open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def handle_error(self, request, client_address):
        pass  # who hangs up is no error of ours


def new_certificate(folder, address, name):
    """A file with a key and a certificate for the address, which nobody has signed but the key."""
    key, certificate = Path(folder, 'key.pem'), Path(folder, 'certificate.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30', '-subj',
                    '/CN=' + name, '-addext', f'subjectAltName=IP:{address}', '-keyout', key, '-out', certificate], check=True, capture_output=True)
    both = Path(folder, 'both.pem')
    both.write_text(key.read_text() + certificate.read_text())
    return both


def run(make_model, lines):
    """Makes a model of (options, folder), says where it is, and does what the lines say: each names a method, then its parameters, with
    tabs between them. It is answered with `ok`, or with what was asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--address', default='127.0.0.1:0')
    parser.add_argument('--machines', type=int, default=2)
    parser.add_argument('--password', default='pass')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='model-') as folder:
        model = make_model(options, folder)
        print('%s:%d' % model.place[:2], flush=True)
        for line in lines:
            word, *words = line.rstrip('\n').split('\t')
            answer = getattr(model, word.replace('-', '_'))(*words)
            print(answer or 'ok', flush=True)
