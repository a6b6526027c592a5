"""SOAP envelopes: what is read of a request, and how strictly; answers; faults.

The rules are those of DSP0226 and [MS-WSMV]; the codes are those of Windows' wsmerror.h. A real service overlooks some of what is a
fault here: a model that overlooks nothing finds more mistakes."""
import re
import uuid
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from values import ADDRESSING, ANONYMOUS, WSMAN

SOAP = 'http://www.w3.org/2003/05/soap-envelope'
ENUMERATION = 'http://schemas.xmlsoap.org/ws/2004/09/enumeration'
TRANSFER = 'http://schemas.xmlsoap.org/ws/2004/09/transfer'
IDENTITY = 'http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd'
MICROSOFT = 'http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd'
DETAIL = 'http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/'
NAMESPACES = (f'xmlns:s="{SOAP}" xmlns:a="{ADDRESSING}" xmlns:x="{TRANSFER}" xmlns:e="http://schemas.xmlsoap.org/ws/2004/08/eventing" '
              f'xmlns:n="{ENUMERATION}" xmlns:w="{WSMAN}" xmlns:p="{MICROSOFT}"')
FAULT_ACTIONS = {'a': ADDRESSING + '/fault', 'n': ENUMERATION + '/fault'}
DEFAULT_SIZE = 153600  # what WinRM takes to be asked for by who says nothing
SMALLEST_SIZE = 8192  # no client may ask for less [DSP0226, R13.1-5]
TRUTH = {'true': True, '1': True, 'false': False, '0': False}
UNDERSTOOD = {ADDRESSING: ('To', 'Action', 'MessageID', 'ReplyTo', 'FaultTo', 'From'),
              WSMAN: ('ResourceURI', 'SelectorSet', 'MaxEnvelopeSize', 'OperationTimeout', 'Locale', 'OptionSet'),
              MICROSOFT: ('DataLocale', 'SessionId', 'OperationID', 'SequenceId', 'ActivityId')}
UUID = re.compile(r'(urn:)?uuid:[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}')
DURATION = re.compile(r'(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?')


class Fault(Exception):
    """`subcode` has the prefix s, a, n or w; the sender is at fault, unless it is said that the receiver is."""

    def __init__(self, subcode, code, text, detail=None, side='Sender', status=500, provider=None):
        super().__init__(f'{subcode} {code}: {text}')
        self.subcode, self.code, self.text, self.detail, self.side, self.status = subcode, code, text, detail, side, status
        self.provider = provider


def invalid_header(text):
    return Fault('a:InvalidMessageInformationHeader', 2150858767, text)


def missing_header(name):
    return Fault('a:MessageInformationHeaderRequired', 2150858769, f'The header {name} is missing.')


def bad_body(text):
    return Fault('w:SchemaValidationError', 2150858817, text)


@dataclass
class Request:
    action: str = ''
    message_id: str = ''
    resource: str = ''
    selectors: dict = None
    size: int = DEFAULT_SIZE
    timeout: float = 60.0
    body: object = None
    identify: bool = False
    headers: dict = field(default_factory=dict)


def split(tag):
    """(namespace, name) of an element's tag."""
    space, _, name = tag.rpartition('}')
    return space.lstrip('{'), name


def text_of(element):
    if len(element):
        raise invalid_header(f'{split(element.tag)[1]} should hold text only.')
    return (element.text or '').strip()


def read(body):
    """The envelope of a request: its headers and its body, unchecked but for what SOAP itself demands."""
    if b'<!DOCTYPE' in body or body.lstrip().startswith(b'<?') and not body.lstrip().startswith(b'<?xml'):
        raise Fault('s:Sender', 2150858819, 'SOAP has neither document types nor instructions.', status=400)
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise Fault('w:SchemaValidationError', 2150858819, f'The XML is invalid: {error}', status=400) from None
    if split(root.tag)[1] == 'Envelope' and root.tag != f'{{{SOAP}}}Envelope':
        raise Fault('s:VersionMismatch', 2150858765, 'That is not SOAP 1.2.')
    parts = [split(one.tag) for one in root]
    if root.tag != f'{{{SOAP}}}Envelope' or parts not in ([(SOAP, 'Header'), (SOAP, 'Body')], [(SOAP, 'Body')]):
        raise Fault('w:SchemaValidationError', 2150858819, f'That is no envelope: it holds {parts}.', status=400)
    headers = {}
    for one in root[0] if len(root) == 2 else []:
        must = one.get(f'{{{SOAP}}}mustUnderstand', 'false')
        if must not in TRUTH:
            raise invalid_header(f'mustUnderstand is {must!r}.')
        space, name = split(one.tag)
        if name not in UNDERSTOOD.get(space, ()):
            if TRUTH[must]:
                raise Fault('s:MustUnderstand', 2150858768, f'The header {{{space}}}{name} is not understood.')
            if space in UNDERSTOOD:
                raise invalid_header(f'There is no header {name} in {space}.')
            continue
        if name in headers:
            raise invalid_header(f'The header {name} comes twice.')
        headers[name] = one
    bodies = list(root[-1])
    if len(bodies) > 1:
        raise Fault('w:InvalidBody', 2150858791, 'The body holds more than one element.')
    return headers, bodies[0] if bodies else None


def seconds(text):
    found = DURATION.fullmatch(text)
    if not found or text.endswith(('P', 'T')):
        return None
    sign, *parts = found.groups()
    total = sum(float(part or 0) * unit for part, unit in zip(parts, (86400, 3600, 60, 1)))
    return -total if sign else total


def selectors_of(element):
    """{name: text, or the selectors of what is referred to}"""
    found = {}
    for one in element:
        if one.tag != f'{{{WSMAN}}}Selector' or 'Name' not in one.attrib or set(one.attrib) - {'Name'}:
            raise Fault('w:InvalidSelectors', 2150858813, f'A selector is {one.tag} with {sorted(one.attrib)}.', DETAIL + 'InvalidValue')
        name = one.get('Name')
        if name.lower() in (each.lower() for each in found):
            raise Fault('w:InvalidSelectors', 2150858847, f'The selector {name} comes twice.', DETAIL + 'DuplicateSelectors')
        found[name] = reference_of(one[0]) if len(one) == 1 and split(one[0].tag) == (ADDRESSING, 'EndpointReference') else one.text or ''
    if not found:
        raise Fault('w:InvalidSelectors', 2150858813, 'There is no selector in the set.', DETAIL + 'InvalidValue')
    return found


def reference_of(element):
    """(resource, selectors) that an endpoint reference has; a fault if it has not the form of one."""
    address, parameters = element.find(f'{{{ADDRESSING}}}Address'), element.find(f'{{{ADDRESSING}}}ReferenceParameters')
    if address is None or parameters is None or not (address.text or '').strip() or len(element) != 2:
        raise Fault('w:InvalidParameter', 2150858810, 'A reference has an Address and ReferenceParameters, in that order.')
    resource, selectors = parameters.find(f'{{{WSMAN}}}ResourceURI'), parameters.find(f'{{{WSMAN}}}SelectorSet')
    if resource is None or selectors is None or len(parameters) != 2:
        raise Fault('w:InvalidParameter', 2150858810, 'A reference to an instance has a ResourceURI and a SelectorSet.')
    return (resource.text or '').strip(), selectors_of(selectors)


def check_addresses(request, host):
    headers = request.headers
    for name in ('Action', 'To', 'MessageID', 'ReplyTo'):
        if name not in headers:
            raise missing_header('wsa:' + name)
    request.action, request.message_id = text_of(headers['Action']), text_of(headers['MessageID'])
    found = re.fullmatch(r'https://([^/]+)/wsman/?', text_of(headers['To']))
    if not found or found.group(1).lower() != host.lower():
        raise Fault('a:DestinationUnreachable', 2150858770, f'To is {text_of(headers["To"])!r}, but this is https://{host}/wsman.')
    if not UUID.fullmatch(request.message_id):
        raise invalid_header(f'MessageID is {request.message_id!r}, and should be uuid: and a UUID.')
    for name in ('ReplyTo', 'FaultTo'):
        address = headers[name].find(f'{{{ADDRESSING}}}Address') if name in headers else None
        if name in headers and (address is None or (address.text or '').strip() != ANONYMOUS):
            raise Fault('w:UnsupportedFeature', 2150858818, f'{name} can be the anonymous address only.', DETAIL + 'AddressingMode')


def check_numbers(request, quota):
    headers = request.headers
    if 'MaxEnvelopeSize' in headers:
        text = text_of(headers['MaxEnvelopeSize'])
        if not re.fullmatch(r'[1-9]\d{0,9}', text):
            raise invalid_header(f'MaxEnvelopeSize is {text!r}.')
        request.size = int(text)
        if request.size < SMALLEST_SIZE:
            raise Fault('w:EncodingLimit', 2150858805, f'MaxEnvelopeSize is below {SMALLEST_SIZE}.', DETAIL + 'MinimumEnvelopeLimit')
        if request.size > quota:
            raise Fault('w:EncodingLimit', 2150858823, f'The maximum envelope size in the request is too large: it can be {quota}.',
                        DETAIL + 'ServiceEnvelopeLimit')
    request.size = min(request.size, quota)
    if 'OperationTimeout' in headers:
        text = text_of(headers['OperationTimeout'])
        request.timeout = seconds(text)
        if request.timeout is None or request.timeout < 0:
            raise invalid_header(f'The XML contains an invalid timeout field in the SOAP header: {text}.')
        if request.timeout == 0:
            raise Fault('w:UnsupportedFeature', 2150858764, 'The timeout is smaller than the minimum.', DETAIL + 'OperationTimeout')
    for name in ('Locale', 'DataLocale'):
        if name in headers and not headers[name].get('{http://www.w3.org/XML/1998/namespace}lang'):
            raise invalid_header(f'{name} has no xml:lang.')
    for name in ('SessionId', 'OperationID'):
        if name in headers and not UUID.fullmatch(text_of(headers[name])):
            raise invalid_header(f'{name} is no uuid.')


def request_of(body, host, quota):
    """What a request asks for, once its headers are as they should be. `host` is what HTTP's Host says."""
    headers, content = read(body)
    request = Request(body=content, headers=headers)
    if content is not None and content.tag == f'{{{IDENTITY}}}Identify':
        if headers:
            raise invalid_header('Identify has no headers.')
        request.identify = True
        return request
    check_addresses(request, host)
    check_numbers(request, quota)
    if 'OptionSet' in headers and any(one.get('MustComply', 'false') in ('true', '1') for one in headers['OptionSet']):
        raise Fault('w:InvalidOptions', 2150858833, 'No option is known here that must be complied with.', DETAIL + 'NotSupported')
    if 'ResourceURI' not in headers:
        raise Fault('a:DestinationUnreachable', 2150858811, 'The resource URI is missing.', DETAIL + 'InvalidResourceURI')
    request.resource = text_of(headers['ResourceURI'])
    if 'SelectorSet' in headers:
        request.selectors = selectors_of(headers['SelectorSet'])
    return request


# --- Answers.

def envelope(action, relates_to, body):
    relation = f'<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>' if relates_to else ''
    return (f'<s:Envelope xml:lang="en-US" {NAMESPACES}><s:Header><a:Action>{escape(action)}</a:Action><a:MessageID>uuid:{str(uuid.uuid4()).upper()}'
            f'</a:MessageID><a:To>{ANONYMOUS}</a:To>{relation}</s:Header><s:Body>{body}</s:Body></s:Envelope>').encode()


def fault_envelope(fault, relates_to, machine):
    """SOAP's own faults (s:MustUnderstand, s:VersionMismatch) are codes, all others are subcodes."""
    prefix = fault.subcode.split(':')[0]
    code = f'<s:Value>{fault.subcode}</s:Value>' if prefix == 's' else (
        f'<s:Value>s:{fault.side}</s:Value><s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode>')
    detail = f'<w:FaultDetail>{fault.detail}</w:FaultDetail>' if fault.detail else ''
    open_fault = f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{fault.code}" Machine="{machine}">'
    message = escape(fault.text)
    if fault.provider:  # what the provider for WMI says is wrapped once more
        message = ('<f:ProviderFault provider="WMI Provider" path="%systemroot%\\system32\\WsmWmiPl.dll">' + open_fault.replace(
            f'"{fault.code}"', f'"{fault.provider}"') + f'<f:Message>{message}</f:Message></f:WSManFault></f:ProviderFault>')
    body = (f'<s:Fault><s:Code>{code}</s:Code><s:Reason><s:Text xml:lang="en-US">{escape(fault.text)}</s:Text></s:Reason><s:Detail>{detail}'
            f'{open_fault}<f:Message>{message}</f:Message></f:WSManFault></s:Detail></s:Fault>')
    return envelope(FAULT_ACTIONS.get(prefix, 'http://schemas.dmtf.org/wbem/wsman/1/wsman/fault'), relates_to, body)
