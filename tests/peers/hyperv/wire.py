"""HTTPS: only POST /wsman is served, once who asks has signed in."""
import http.server
import re
import socket
import ssl
import threading

from envelope import Fault, fault_envelope
from signing import Gate

LARGEST_REQUEST = 4 << 20
KIND = re.compile(r'application/soap\+xml\s*;\s*charset="?utf-8"?', re.IGNORECASE)


class HangUp(Exception):
    """The connection ends without an answer."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    disable_nagle_algorithm = True

    def setup(self):
        self.request.settimeout(60)
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.request.settimeout(None)
        self.server.remember(self.request)
        self.gate = Gate(self.server.host)
        super().setup()

    def finish(self):
        self.gate.close()
        self.server.forget(self.request)
        try:
            super().finish()
            self.request.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.request.close()

    def log_message(self, *_):
        pass

    def version_string(self):
        return 'Microsoft-HTTPAPI/2.0'

    def do_GET(self):
        self.reply(404 if self.path != '/wsman' else 405)

    do_PUT = do_DELETE = do_HEAD = do_GET

    def do_POST(self):
        text = self.headers.get('Content-Length', '')
        if not text.isdigit() or int(text) > LARGEST_REQUEST:
            self.close_connection = True
            self.reply(411 if not text.isdigit() else 413)
            return
        body = self.rfile.read(int(text))
        if len(body) < int(text):  # who asked is gone
            self.close_connection = True
            return
        host = self.server.host
        host.wait_while_frozen()
        if self.path != '/wsman':
            self.reply(404)
            return
        good, challenges = self.gate.pass_through(self.headers.get('Authorization'))
        if not good:
            self.reply(401, challenges=challenges)
            return
        if not KIND.fullmatch(self.headers.get('Content-Type', '').strip()):
            self.reply(415, challenges=challenges)
            return
        self.answer(body, challenges)

    def answer(self, body, challenges):
        host = self.server.host
        try:
            status, content = host.serve(body, self.headers.get('Host', ''))
        except HangUp:
            self.close_connection = True
            return
        except Exception as error:  # pylint: disable=broad-except
            host.complaint = f'the model broke: {type(error).__name__}: {error}'
            fault = Fault('w:InternalError', 2147500037, host.complaint, side='Receiver')
            status, content = 500, fault_envelope(fault, None, host.name)
        self.reply(status, content, challenges)

    def reply(self, status, content=b'', challenges=()):
        self.send_response(status)
        for one in challenges:
            self.send_header('WWW-Authenticate', one)
        if content:
            self.send_header('Content-Type', 'application/soap+xml;charset=UTF-8')
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address, host, certificate):
        self.host, self.open, self.guard = host, set(), threading.Lock()
        self.trust(certificate)
        super().__init__(address, Handler)

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
