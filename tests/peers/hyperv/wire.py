"""HTTPS: only POST /wsman is served, once who asks has signed in."""
import re
import socket

import model
from envelope import Fault, fault_envelope
from model import HangUp
from signing import Gate

LARGEST_REQUEST = 4 << 20
KIND = re.compile(r'application/soap\+xml\s*;\s*charset="?utf-8"?', re.IGNORECASE)


class Handler(model.Handler):
    def setup(self):
        self.gate = Gate(self.server.host)
        super().setup()

    def finish(self):
        self.gate.close()
        super().finish()
        try:
            self.request.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.request.close()

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


class Server(model.Server):
    def __init__(self, address, host, certificate):
        self.host = host
        super().__init__(address, Handler, certificate)
