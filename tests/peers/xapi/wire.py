"""The two ways in which XAPI is spoken to: JSON-RPC (1.0 and 2.0) at /jsonrpc, XML-RPC at /."""
import json
import urllib.parse
import xmlrpc.client

import model
from database import Date, Failure
from model import HangUp

LARGEST_REQUEST = 16 << 20


def for_xml(value):
    """Whole numbers are texts there, as XML-RPC's own have 32 bits."""
    if isinstance(value, bool) or isinstance(value, float):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Date):
        return xmlrpc.client.DateTime(str(value))
    if isinstance(value, dict):
        return {key: for_xml(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [for_xml(one) for one in value]
    return '' if value is None else value


class Handler(model.Handler):
    def do_POST(self):
        length = int(self.headers.get('Content-Length', 0))
        if length > LARGEST_REQUEST:
            self.send_error(413)
            return
        body = self.rfile.read(length)
        self.server.pool.wait_while_frozen()
        try:
            kind, answer = self.json(body) if self.path.split('?')[0] == '/jsonrpc' else self.xml(body)
        except HangUp:
            self.close_connection = True
            return
        except Exception as error:  # pylint: disable=broad-except
            self.reply(500, 'text/html', f'<html><body><h1>HTTP 500 internal server error</h1>{type(error).__name__}</body></html>'.encode())
            return
        self.reply(200, kind, answer)

    def do_GET(self):
        where = urllib.parse.urlsplit(self.path)
        if where.path == '/export_raw_vdi':
            self.export(dict(urllib.parse.parse_qsl(where.query)))
            return
        self.reply(200, 'text/html', b'<html><body>A model of a pool</body></html>')

    def export(self, query):
        """A disk as one stream, whose end is that of the connection. [xen-api, ocaml/xapi/export_raw_vdi.ml]"""
        found = self.disk(query, 'export')
        if not found:
            return
        self.wfile.write(b'HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\nConnection: close\r\n\r\n')
        with open(found[0], 'rb') as disk:
            while piece := disk.read(1 << 18):
                self.server.pool.take_time()
                self.wfile.write(piece)

    def disk(self, query, way):
        """Its file and size; nothing once it is answered that it cannot be had."""
        self.close_connection = True
        cookies = dict(part.strip().partition('=')[::2] for part in self.headers.get('Cookie', '').split(';'))
        try:
            return self.server.pool.disk_to_pass({**cookies, **query}, way)
        except Failure as failure:
            self.reply(401 if failure.code == 'SESSION_INVALID' else 500, 'text/html', failure.code.encode())
            return None

    def do_PUT(self):
        """A disk that comes: all its bytes, so many as are announced, as XAPI takes no chunks. [xen-api, ocaml/xapi/import_raw_vdi.ml]"""
        where = urllib.parse.urlsplit(self.path)
        if where.path != '/import_raw_vdi' or 'Content-Length' not in self.headers:
            self.reply(400, 'text/html', b'')
            return
        found = self.disk(dict(urllib.parse.parse_qsl(where.query)), 'import')
        if not found:
            return
        left = int(self.headers['Content-Length'])
        if left > found[1]:
            self.reply(500, 'text/html', b'VDI_TOO_SMALL')
            return
        with open(found[0], 'wb') as disk:
            while left and (piece := self.rfile.read(min(left, 1 << 18))):
                self.server.pool.take_time()
                disk.write(piece)
                left -= len(piece)
        self.reply(500 if left else 200, 'text/html', b'')

    def reply(self, status, kind, body):
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def json(self, body):
        call = json.loads(body)
        second = call.get('jsonrpc') == '2.0'
        answer = {'jsonrpc': '2.0'} if second else {}
        if call['id'] is None:
            raise ValueError('no notifications')
        try:
            result = self.server.pool.call(call['method'], call['params'])
            answer['result'] = '' if result is None else result
            if not second:
                answer['error'] = None
        except Failure as failure:
            if second:
                answer['error'] = {'code': 1, 'message': failure.code, 'data': failure.parameters}
            else:
                answer.update(result=None, error=[failure.code, *failure.parameters])
        answer['id'] = call['id']
        return 'application/json', json.dumps(answer).encode()

    def xml(self, body):
        parameters, method = xmlrpc.client.loads(body)
        try:
            result = self.server.pool.call(method, [str(one) if isinstance(one, xmlrpc.client.DateTime) else one for one in parameters])
            answer = {'Status': 'Success', 'Value': for_xml(result)}
        except Failure as failure:
            answer = {'Status': 'Failure', 'ErrorDescription': [failure.code, *failure.parameters]}
        return 'text/xml', xmlrpc.client.dumps((answer,), methodresponse=True).encode()


class Server(model.Server):
    def __init__(self, address, pool, certificate):
        self.pool = pool
        super().__init__(address, Handler, certificate)
