"""The operations of WS-Management on the host's instances: Identify, Get, Enumerate with Pull and Release, and methods."""
import re
import time
import uuid

from envelope import (DETAIL, ENUMERATION, IDENTITY, SOAP, TRANSFER, Fault, bad_body, envelope, fault_envelope, reference_of, request_of,
                      seconds, split)
from host import same_keys
from methods import METHODS
from model import HangUp
from schema import CLASSES, WMI, find_class
from values import ADDRESSING, WSMAN, XSI, BadValue, fragment, output, parse, reference, whole
from wql import BadQuery, NoSuchClass, Query

WQL = 'http://schemas.microsoft.com/wbem/wsman/1/WQL'
BINDING = 'http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd'
IDLE_SECONDS = 60  # after how long without a Pull a context ends
MESSAGES_KEPT = 100000


def no_such_instance():
    return Fault('a:DestinationUnreachable', 2150858752, 'The service cannot find the resource identified by the resource URI and selectors.',
                 DETAIL + 'InvalidResourceURI', provider=2150858752)


def no_such_class(name, namespace):
    """The documents do not tell which fault WinRM has for WMI's error 0x80041010 (invalid class): this is DSP0226's for a resource that is not
    there, with WMI's number in what the provider says."""
    return Fault('a:DestinationUnreachable', 2150858752, f'The class {name} does not exist in the {namespace} namespace.',
                 DETAIL + 'InvalidResourceURI', provider=2147749904)


def invalid_context():
    return Fault('n:InvalidEnumerationContext', 2150858779, 'The WS-Enumeration context in the enumeration is not valid.', side='Receiver')


def too_large(detail='MaxEnvelopeSizeExceeded', code=2150858824):
    return Fault('w:EncodingLimit', code, 'The response exceeds the maximum envelope size in the request.', DETAIL + detail)


def namespace_and_name(resource):
    """The namespace and the class that a resource URI means."""
    if not resource.startswith(WMI):
        raise Fault('a:DestinationUnreachable', 2150858811, f'There is no resource {resource!r}.', DETAIL + 'InvalidResourceURI')
    namespace, _, name = resource[len(WMI):].rpartition('/')
    if namespace.lower() not in CLASSES or not re.fullmatch(r'\w+|\*', name):
        raise Fault('a:DestinationUnreachable', 2150858811, f'There is no namespace {namespace!r} with {name!r}.', DETAIL + 'InvalidResourceURI')
    return namespace.lower(), name


class Context:
    """What an enumeration has yet to give."""

    def __init__(self, resource, items):
        self.resource, self.items, self.touched = resource, items, time.time()


class Service:
    def __init__(self, host):
        self.host, self.contexts, self.seen = host, {}, {}

    def serve(self, body, address):
        """(HTTP's status, the envelope) that answer a request."""
        message = None
        try:
            with self.host.changed:
                self.host.settle()
                try:
                    request = request_of(body, address, self.host.quota)
                except Fault:
                    found = re.search(rb'MessageID[^>]*>\s*([^<\s]+)', body)
                    message = found.group(1).decode('utf-8', 'replace') if found else None
                    raise
                message = request.message_id
                return 200, self.identify() if request.identify else self.act(request)
        except Fault as fault:
            self.host.complaint = str(fault)
            return fault.status, fault_envelope(fault, message, self.host.name)

    def identify(self):
        self.count('Identify')
        return (
            f'<s:Envelope xmlns:s="{SOAP}"><s:Header/><s:Body><wsmid:IdentifyResponse xmlns:wsmid="{IDENTITY}"><wsmid:ProtocolVersion>{WSMAN}'
            '</wsmid:ProtocolVersion><wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor><wsmid:ProductVersion>OS: 10.0.20348 SP: 0.0 '
            'Stack: 3.0</wsmid:ProductVersion><wsmid:SecurityProfiles><wsmid:SecurityProfileName>http://schemas.dmtf.org/wbem/wsman/1/wsman/'
            'secprofile/https/spnego-kerberos'
            '</wsmid:SecurityProfileName></wsmid:SecurityProfiles></wsmid:IdentifyResponse></s:Body></s:Envelope>').encode()

    def count(self, name):
        self.host.calls[name] = self.host.calls.get(name, 0) + 1

    def act(self, request):
        if request.message_id in self.seen:
            raise Fault('a:InvalidMessageInformationHeader', 2150858767, 'This MessageID has been used before.')
        self.seen[request.message_id] = True
        if len(self.seen) > MESSAGES_KEPT:
            self.seen.pop(next(iter(self.seen)))
        if self.host.denied:
            raise Fault('w:AccessDenied', 5, 'Access is denied.')
        verbs = {TRANSFER + '/Get': self.get, ENUMERATION + '/Enumerate': self.enumerate, ENUMERATION + '/Pull': self.pull,
                 ENUMERATION + '/Release': self.release}
        verb = verbs.get(request.action, self.invoke)
        name = request.action.rpartition('/')[2]
        self.count(name)
        if name in self.host.time_outs:
            self.host.time_outs.discard(name)
            raise Fault('w:TimedOut', 2150858793, 'The operation cannot be completed within the time specified in OperationTimeout.', side='Receiver')
        answer = verb(request)
        if name in self.host.hang_ups:
            self.host.hang_ups.discard(name)
            raise HangUp
        return answer

    # --- Get.

    def instance(self, request):
        """The instance that is meant, which must be named by all its keys and by nothing else."""
        namespace, name = namespace_and_name(request.resource)
        kind = find_class(namespace, name)
        if kind is None:
            raise no_such_class(name, namespace)
        wanted = {key.lower(): value for key, value in (request.selectors or {}).items()}
        if wanted.pop('__cimnamespace', namespace) != namespace:
            raise Fault('w:InvalidSelectors', 2150858843, 'The resource URI and __cimnamespace differ.', DETAIL + 'UnexpectedSelectors')
        keys = {key.lower() for key in kind.keys}
        if not keys or wanted.keys() - keys:
            raise Fault('w:InvalidSelectors', 2150858843, f'The request contained invalid selectors: the keys are {kind.keys}.',
                        DETAIL + 'UnexpectedSelectors')
        if keys - wanted.keys():
            raise Fault('w:InvalidSelectors', 2150858842, f'The request did not contain all required selectors, which are {kind.keys}.',
                        DETAIL + 'InsufficientSelectors')
        for one in self.host.family(kind):
            if same_keys(one, wanted):
                return one
        raise no_such_instance()

    def get(self, request):
        if request.body is not None:
            raise bad_body('Get has no body.')
        body = whole(self.instance(request))
        answer = envelope(request.action + 'Response', request.message_id, body)
        if len(answer) > request.size:
            raise too_large()
        return answer

    # --- Enumerations.

    def enumerate(self, request):
        parts = self.parts(request, 'Enumerate', {'Expires': ENUMERATION, 'Filter': WSMAN, 'OptimizeEnumeration': WSMAN, 'MaxElements': WSMAN,
                                                  'EnumerationMode': WSMAN, 'PolymorphismMode': BINDING})
        optimized = 'OptimizeEnumeration' in parts
        most = self.number(parts, 'MaxElements', 1)
        if 'MaxElements' in parts and not optimized:
            raise bad_body('MaxElements is for enumerations that are optimized.')
        if 'Expires' in parts and not seconds(parts['Expires'].text or ''):
            raise Fault('n:InvalidExpirationTime', 2150858774, 'The expiration time is no length of time.')
        if request.selectors and set(map(str.lower, request.selectors)) != {'__cimnamespace'}:
            raise Fault('w:InvalidSelectors', 2150858843, 'An enumeration has no selectors.', DETAIL + 'UnexpectedSelectors')
        mode = (parts['EnumerationMode'].text or '').strip() if 'EnumerationMode' in parts else 'Object'
        context = Context(request.resource, [self.item(one, names, mode) for one, names in self.chosen(request, parts)])
        name = 'uuid:' + str(uuid.uuid4()).upper()
        self.contexts[name] = context
        if not optimized:
            return envelope(request.action + 'Response', request.message_id,
                            f'<n:EnumerateResponse><n:EnumerationContext>{name}</n:EnumerationContext></n:EnumerateResponse>')
        return self.batch(request, name, most, 'EnumerateResponse', 'w')

    def chosen(self, request, parts):
        """The instances that are asked for, each with the properties that are; None: with all."""
        namespace, name = namespace_and_name(request.resource)
        polymorphism = (parts['PolymorphismMode'].text or '').strip() if 'PolymorphismMode' in parts else 'IncludeSubClassProperties'
        if polymorphism not in ('IncludeSubClassProperties', 'ExcludeSubClassProperties', 'None'):
            raise Fault('w:UnsupportedFeature', 2150858818, f'There is no PolymorphismMode {polymorphism!r}.', DETAIL + 'PolymorphismMode')
        if 'Filter' in parts:
            query = self.query(parts['Filter'], namespace, name)
            return [(one, query.names) for one in self.host.family(query.kind) if query.matches(one)]
        if name == '*':
            raise Fault('w:InvalidParameter', 2150858810, 'Without a filter, the resource is to be a class.')
        kind = find_class(namespace, name)
        if kind is None:
            raise no_such_class(name, namespace)
        found = self.host.each(kind.name) if polymorphism == 'None' else self.host.family(kind)
        return [(one, None) for one in found]

    @staticmethod
    def query(element, namespace, name):
        if element.get('Dialect') != WQL:
            raise Fault('n:FilterDialectRequestedUnavailable', 2150858777, f'The filter dialect {element.get("Dialect")!r} is not supported.')
        if name != '*':
            raise Fault('w:InvalidParameter', 2150858810, 'The class name must be * in the resource URI when a query is specified.')
        try:
            return Query(namespace, element.text or '')
        except NoSuchClass as error:
            raise no_such_class(error, namespace) from None
        except BadQuery as error:
            raise Fault('n:CannotProcessFilter', 2150858778, f'The data source could not process the filter: {error}', provider=2147749911) from None

    @staticmethod
    def item(instance, names, mode):
        epr = f'<a:EndpointReference xmlns:a="{ADDRESSING}">{reference(instance)}</a:EndpointReference>'
        content = whole(instance) if names is None else fragment(instance, names)
        if mode in ('Object', ''):
            return content
        if mode == 'EnumerateEPR':
            return epr
        if mode == 'EnumerateObjectAndEPR':
            return f'<w:Item>{content}{epr}</w:Item>'
        raise Fault('w:UnsupportedFeature', 2150858886, f'There is no enumeration mode {mode!r}.', DETAIL + 'EnumerationMode')

    def parts(self, request, name, known):
        """{name: element} of what the body's element holds; there are no others than known ones."""
        body = request.body
        if body is None or body.tag != f'{{{ENUMERATION}}}{name}':
            raise Fault('w:InvalidBody', 2150858791, f'The body should be {name} of WS-Enumeration.')
        found = {}
        for one in body:
            space, part = split(one.tag)
            if known.get(part) != space or part in found:
                raise bad_body(f'{name} has no {part} of {space!r}, or it comes twice.')
            found[part] = one
        return found

    @staticmethod
    def number(parts, name, default):
        if name not in parts:
            return default
        text = (parts[name].text or '').strip()
        if not re.fullmatch(r'[1-9]\d{0,9}', text):
            raise bad_body(f'{name} is {text!r}.')
        return int(text)

    def batch(self, request, name, most, tag, prefix, limit=None):
        """As many items as are wanted and have room; the last batch says that it is, and its context is empty."""
        context = self.contexts[name]

        def made(items, last):
            place = f'<n:EnumerationContext>{"" if last else name}</n:EnumerationContext>'
            if last and tag == 'PullResponse':
                place = ''  # that of a Pull is left out then [WS-Enumeration 3.2]
            end = f'<{prefix}:EndOfSequence/>' if last else ''
            return envelope(f'{ENUMERATION}/{tag}', request.message_id,
                            f'<n:{tag}>{place}<{prefix}:Items>{"".join(items)}</{prefix}:Items>{end}</n:{tag}>')
        room = min(request.size, limit or request.size) - max(len(made([], False)), len(made([], True))) - len(f'<{prefix}:EndOfSequence/>')
        items = []
        for one in context.items[:most]:
            room -= len(one.encode())
            if room < 0:
                break
            items.append(one)
        if context.items and not items:
            del self.contexts[name]
            raise too_large()
        context.items = context.items[len(items):]
        context.touched = time.time()
        last = not context.items
        if last:
            del self.contexts[name]
        return made(items, last)

    def context(self, request, parts):
        """The name of a context that is there yet, and is this resource's."""
        if 'EnumerationContext' not in parts:
            raise bad_body('There is no EnumerationContext.')
        for name, one in list(self.contexts.items()):
            if time.time() - one.touched > IDLE_SECONDS:
                del self.contexts[name]
        name = (parts['EnumerationContext'].text or '').strip()
        if name not in self.contexts or self.contexts[name].resource != request.resource:
            raise invalid_context()
        return name

    def pull(self, request):
        known = ('EnumerationContext', 'MaxTime', 'MaxElements', 'MaxCharacters')
        parts = self.parts(request, 'Pull', dict.fromkeys(known, ENUMERATION))
        if list(parts) != [one for one in known if one in parts]:
            raise bad_body(f'The order within Pull is {known}.')
        if 'MaxTime' in parts and not seconds((parts['MaxTime'].text or '').strip()):
            raise bad_body('MaxTime is no length of time.')
        name = self.context(request, parts)
        limit = self.number(parts, 'MaxCharacters', None)
        return self.batch(request, name, self.number(parts, 'MaxElements', 1), 'PullResponse', 'n', limit)

    def release(self, request):
        parts = self.parts(request, 'Release', {'EnumerationContext': ENUMERATION})
        del self.contexts[self.context(request, parts)]
        return envelope(request.action + 'Response', request.message_id, '')

    # --- Methods.

    def invoke(self, request):
        resource, _, name = request.action.rpartition('/')
        if resource != request.resource or not resource.startswith(WMI):
            raise Fault('a:ActionNotSupported', 2150858771, f'The action {request.action!r} is not supported for {request.resource!r}.')
        instance = self.instance(request)
        method = next((METHODS[one, name] for one in instance.kind.lineage() if (one, name) in METHODS), None)
        if method is None:
            raise Fault('a:ActionNotSupported', 2150858771, f'{instance.kind.name} has no method {name}.')
        inputs = self.inputs(request, name, method)
        failures = self.host.failures.get(name)
        values = {'ReturnValue': failures.pop(0)} if failures else method.function(self.host, instance, **inputs)
        values = {**dict.fromkeys(method.outputs), **values}
        body = output(request.resource, name, dict(sorted(values.items(), key=lambda item: item[0].lower())))
        answer = envelope(request.action + 'Response', request.message_id, body)
        if len(answer) > request.size:  # what it has done is done
            raise too_large('UnreportableSuccess', 2150858829)
        return answer

    def inputs(self, request, name, method):
        """The parameters of a method: those that are not there, or nil, are None."""
        body = request.body
        if body is None or body.tag != f'{{{request.resource}}}{name}_INPUT':
            raise Fault('w:InvalidBody', 2150858791, f'The body should be {name}_INPUT in the namespace of the resource.')
        found = dict.fromkeys(method.inputs)
        for one in body:
            space, part = split(one.tag)
            wanted = method.inputs.get(part)
            if space != request.resource or wanted is None:
                raise Fault('w:InvalidParameter', 2150858837, f'{name} has no parameter {part!r} in {space!r}.')
            value = self.argument(one, part, wanted)
            if wanted.endswith('[]') and value is not None:
                found[part] = (found[part] or []) + [value]
            elif found[part] is not None:
                raise Fault('w:InvalidParameter', 2150858837, f'The parameter {part} comes twice.')
            else:
                found[part] = value
        return found

    def argument(self, element, name, wanted):
        if element.get(f'{{{XSI}}}nil') in ('true', '1'):
            if len(element) or (element.text or '').strip():
                raise bad_body(f'The parameter {name} is nil and has content.')
            return None
        kind = wanted.removesuffix('[]')
        if kind == 'reference':
            resource, selectors = reference_of(element)
            namespace_and_name(resource)
            found = self.host.find(resource, selectors)
            if found is None:  # WMI resolves references before the method runs; this is what it says of one to nothing
                raise no_such_instance()
            return found
        if len(element):
            raise Fault('w:InvalidParameter', 2150858836, f'The parameter {name} should be text, of type {kind}.')
        try:
            return parse(kind, element.text if kind == 'string' else (element.text or '').strip())
        except BadValue as error:
            raise Fault('w:InvalidParameter', 2150858836, f'The parameter {name}: {error}.') from None
