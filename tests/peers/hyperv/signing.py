"""Who signs in, and how: Basic, and Negotiate with NTLM, whose messages Samba's ntlm_auth makes and judges."""
import base64
import binascii
import subprocess

NTLMSSP = b'NTLMSSP\0'
NTLM_OID = bytes.fromhex('060a2b06010401823702020a')


class Handshake:
    """NTLM's three messages: the first makes the second, the third is judged. One process of ntlm_auth does it."""

    def __init__(self, user, domain, password):
        self.user, self.wrapped = user, False
        self.process = subprocess.Popen(
            ['ntlm_auth', '--helper-protocol=squid-2.5-ntlmssp', '--username=' + user, '--domain=' + domain, '--password=' + password,
             '--configfile=/dev/null'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def ask(self, word, token):
        self.process.stdin.write(f'{word} {base64.b64encode(token).decode()}\n'.encode())
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().strip().split(' ', 1)

    def challenge(self, token):
        """The second message, or nothing if the first is none."""
        answer = self.ask('YR', token)
        return base64.b64decode(answer[1]) if answer[0] == 'TT' else None

    def judge(self, token):
        """ntlm_auth looks at the password only: the name that was signed in with is in its answer."""
        answer = self.ask('KK', token)
        return answer[0] == 'AF' and answer[1].rpartition('\\')[2].lower() == self.user.lower()

    def close(self):
        for stream in (self.process.stdin, self.process.stdout):
            stream.close()
        self.process.kill()
        self.process.wait()


def der(tag, content):
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else b'\x82' + size.to_bytes(2, 'big')
    return bytes([tag]) + length + content


def wrap(state, token=None, mechanism=False):
    """A NegTokenResp of SPNEGO. [RFC 4178, 4.2.2] The state is 0 (completed) or 1 (incomplete)."""
    parts = der(0xa0, der(0x0a, bytes([state])))
    if mechanism:
        parts += der(0xa1, NTLM_OID)
    if token is not None:
        parts += der(0xa2, der(0x04, token))
    return der(0xa1, der(0x30, parts))


def unwrap(token):
    """NTLM's message within SPNEGO's, which is the last thing of it but for a code of integrity that may follow; (message, was it wrapped)."""
    if token.startswith(NTLMSSP):
        return token, False
    at = token.find(NTLMSSP)
    if at < 2:
        return None, True
    # The message is an OCTET STRING: its length stands before it in one byte, or in two or three with their count.
    for size, mark in ((1, None), (2, 0x81), (3, 0x82)):
        head = token[at - size:at]
        if mark is None and head[0] < 0x80 and token[at - 2] == 0x04:
            return token[at:at + head[0]], True
        if mark is not None and head[0] == mark and token[at - size - 1] == 0x04:
            return token[at:at + int.from_bytes(head[1:], 'big')], True
    return None, True


class Gate:
    """What one connection has shown. `schemes` are those that are offered, of Negotiate and Basic."""

    def __init__(self, host):
        self.host, self.handshake, self.signed_in = host, None, False

    def close(self):
        if self.handshake:
            self.handshake.close()
            self.handshake = None

    def pass_through(self, header):
        """(is the request let in, what WWW-Authenticate says to it). Negotiate is good for all that follows on the connection; Basic is
        said with each request."""
        scheme, _, text = (header or '').partition(' ')
        scheme = scheme.lower()
        offered = [one.lower() for one in self.host.schemes]
        if not header and self.signed_in:
            return True, []
        if header:
            self.signed_in = False
        try:
            token = base64.b64decode(text, validate=True)
        except binascii.Error:
            token = b''
        if scheme == 'basic' and 'basic' in offered:
            return self.basic(token)
        if scheme == 'negotiate' and 'negotiate' in offered and token:
            return self.negotiate(token)
        return False, self.offers()

    def offers(self):
        return ['Basic realm="WSMAN"' if one.lower() == 'basic' else one for one in self.host.schemes]

    def count(self, good):
        with self.host.changed:
            if good:
                self.host.logins += 1
            else:
                self.host.refusals += 1

    def basic(self, token):
        name, _, password = token.decode('utf-8', 'replace').partition(':')
        good = name.rpartition('\\')[2].lower() == self.host.user.lower() and password == self.host.password
        self.count(good)
        return good, [] if good else self.offers()

    def negotiate(self, token):
        message, wrapped = unwrap(token)
        kind = message[8] if message and len(message) > 12 else 0
        if kind == 1:
            self.close()
            self.handshake = Handshake(self.host.user, self.host.name, self.host.password)
            challenge = self.handshake.challenge(message)
            if challenge:
                if wrapped:
                    challenge = wrap(1, challenge, mechanism=True)
                return False, ['Negotiate ' + base64.b64encode(challenge).decode()]
        good = False
        if kind == 3 and self.handshake:
            good = self.handshake.judge(message)
        self.close()
        self.count(good)
        self.signed_in = good
        if good and wrapped:
            return True, ['Negotiate ' + base64.b64encode(wrap(0)).decode()]
        return good, [] if good else self.offers()
