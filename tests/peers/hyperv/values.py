"""How values are written and read: instances as WinRM shows them, references, and instances within texts (CIM-XML).

DSP0230 (the mapping of CIM to XML Schema) says how values look, DSP0201 and DSP0203 how embedded instances do."""
import calendar
import re
import time
import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import escape, quoteattr

from schema import INTEGERS, VIRTUALIZATION, Instance, Interval, Moment, find_class

ADDRESSING = 'http://schemas.xmlsoap.org/ws/2004/08/addressing'
WSMAN = 'http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd'
XSI = 'http://www.w3.org/2001/XMLSchema-instance'
COMMON = 'http://schemas.dmtf.org/wbem/wscim/1/common'
ANONYMOUS = ADDRESSING + '/role/anonymous'


class BadValue(Exception):
    """What came is not of the type that is expected."""


# --- Writing.

def iso(moment):
    """2013-04-15T16:28:38.376625Z, without a fraction that is none."""
    whole = int(moment // 1)
    fraction = f'{moment - whole:.6f}'[1:].rstrip('0').rstrip('.')
    return time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole)) + fraction + 'Z'


def plain(value):
    """A value that is no moment, as text."""
    if isinstance(value, bool):
        return 'true' if value else 'false'
    return str(value)


def content(value, prefix='cim:'):
    """What is within the element of a value."""
    if isinstance(value, Moment):
        return f'<{prefix}Datetime>{iso(value)}</{prefix}Datetime>'
    if isinstance(value, Interval):
        days, rest = divmod(float(value), 86400)
        hours, rest = divmod(rest, 3600)
        minutes, seconds = divmod(rest, 60)
        return f'<{prefix}Interval>P{int(days)}DT{int(hours)}H{int(minutes)}M{seconds:.6f}S</{prefix}Interval>'
    if isinstance(value, Instance):
        return reference(value)
    return escape(plain(value))


def reference(instance):
    """An endpoint reference's content, as WinRM writes it: it has the namespace as one more selector."""
    selectors = ''.join(f'<w:Selector Name={quoteattr(name)}>{content(value)}</w:Selector>' for name, value in instance.keys_of().items())
    return (f'<a:Address xmlns:a="{ADDRESSING}">{ANONYMOUS}</a:Address><a:ReferenceParameters xmlns:a="{ADDRESSING}" xmlns:w="{WSMAN}">'
            f'<w:ResourceURI>{instance.kind.uri}</w:ResourceURI><w:SelectorSet><w:Selector Name="__cimnamespace">{instance.kind.namespace}'
            f'</w:Selector>{selectors}</w:SelectorSet></a:ReferenceParameters>')


def elements(name, value, prefix):
    """One element; one for each member of an array, so none for an empty one; a nil one for null."""
    if value is None:
        return f'<{prefix}{name} xsi:nil="true"/>'
    inner = 'cim:' if prefix else ''
    return ''.join(f'<{prefix}{name}>{content(one, inner)}</{prefix}{name}>' for one in (value if isinstance(value, list) else [value]))


def whole(instance):
    """An object with all its properties."""
    kind = instance.kind
    return (f'<p:{kind.name} xmlns:xsi="{XSI}" xmlns:p="{kind.uri}" xmlns:cim="{COMMON}" xsi:type="p:{kind.name}_Type">'
            + ''.join(elements(name, instance.get(name), 'p:') for name in kind.properties) + f'</p:{kind.name}>')


def fragment(instance, names):
    """Some properties of an object, as the answers to queries that name them: in no namespace. [DSP0227 8.1; seen in captures of Windows]"""
    names = sorted({name.lower(): name for name in names}.values(), key=str.lower)
    return (f'<w:XmlFragment xmlns:xsi="{XSI}" xmlns:w="{WSMAN}">' + ''.join(elements(name, instance.get(name), '') for name in names)
            + '</w:XmlFragment>')


def output(uri, method, values):
    """What a method gives back; its return value is among them."""
    return (f'<p:{method}_OUTPUT xmlns:xsi="{XSI}" xmlns:p="{uri}" xmlns:cim="{COMMON}">'
            + ''.join(elements(name, value, 'p:') for name, value in values.items()) + f'</p:{method}_OUTPUT>')


def embedded(instance):
    """An object as text: CIM-XML, in which moments have the form of DMTF."""
    def text(value):
        if isinstance(value, Moment):
            return time.strftime('%Y%m%d%H%M%S', time.gmtime(value // 1)) + f'{value % 1:.6f}'[1:] + '+000'
        return escape(plain(value)) if not isinstance(value, bool) else plain(value).upper()
    parts = []
    for name, kind in instance.kind.properties.items():
        value, array = instance.get(name), kind.endswith('[]')
        tag = 'PROPERTY.ARRAY' if array else 'PROPERTY'
        if value is None:
            inner = ''
        elif array:
            inner = '<VALUE.ARRAY>' + ''.join(f'<VALUE>{text(one)}</VALUE>' for one in value) + '</VALUE.ARRAY>'
        else:
            inner = f'<VALUE>{text(value)}</VALUE>'
        parts.append(f'<{tag} NAME="{name}" TYPE="{kind.removesuffix("[]")}">{inner}</{tag}>')
    return f'<INSTANCE CLASSNAME="{instance.kind.name}">' + ''.join(parts) + '</INSTANCE>'


# --- Reading.

def parse(kind, text):
    """A value from text, of a type that is no array."""
    text = text or ''
    if kind in ('string', 'char16'):
        return text
    if kind == 'boolean':
        if text.lower() not in ('true', 'false'):
            raise BadValue(f'{text!r} is no boolean')
        return text.lower() == 'true'
    if kind == 'datetime':
        found = re.fullmatch(r'(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)\.\d{6}[+-]\d{3}', text)
        if found:
            return Moment(calendar.timegm((*map(int, found.groups()), 0, 0, 0)))
        found = re.fullmatch(r'(\d{8})(\d\d)(\d\d)(\d\d)\.(\d{6}):000', text)
        if found:
            days, hours, minutes, seconds, small = map(int, found.groups())
            return Interval(days * 86400 + hours * 3600 + minutes * 60 + seconds + small / 1e6)
        raise BadValue(f'{text!r} is no datetime')
    signed, bits = INTEGERS[kind]
    if not re.fullmatch(r'-?\d{1,20}', text) or not (-(1 << bits) if signed else 0) <= int(text) < 1 << bits:
        raise BadValue(f'{text!r} is no {kind}')
    return int(text)


def parse_embedded(text):
    """The class, and the properties that the text has, of which those without a value are None. Only the form of DSP0201 is taken whose
    outermost element is INSTANCE, as GetText(WmiDtd20) makes it."""
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise BadValue(f'an embedded instance is no XML: {error}') from None
    if root.tag != 'INSTANCE' or set(root.attrib) - {'CLASSNAME', 'xml:lang'}:
        raise BadValue(f'an embedded instance is {root.tag} with {sorted(root.attrib)}')
    kind = find_class(VIRTUALIZATION, root.get('CLASSNAME', ''))
    if kind is None or kind.name != root.get('CLASSNAME'):
        raise BadValue(f'there is no class {root.get("CLASSNAME")!r}')
    found = {}
    for item in root:
        if item.tag == 'QUALIFIER':
            continue
        name = item.get('NAME', '')
        wanted = kind.properties.get(name)
        if wanted is None or name in found:
            raise BadValue(f'{kind.name} has no property {name!r}, or it comes twice')
        array = wanted.endswith('[]')
        if item.tag != ('PROPERTY.ARRAY' if array else 'PROPERTY') or item.get('TYPE') != wanted.removesuffix('[]'):
            raise BadValue(f'{name} is a {item.tag} of {item.get("TYPE")!r}, and should be {wanted}')
        found[name] = parse_content(item, wanted, array)
    return kind, found


def parse_content(item, wanted, array):
    inner = [one for one in item if one.tag != 'QUALIFIER']
    if not inner:
        return None
    if len(inner) > 1 or inner[0].tag != ('VALUE.ARRAY' if array else 'VALUE'):
        raise BadValue(f'{item.get("NAME")} holds {[one.tag for one in inner]}')
    if not array:
        return parse(wanted, inner[0].text)
    if any(one.tag != 'VALUE' for one in inner[0]):
        raise BadValue(f'{item.get("NAME")} holds more than values')
    return [parse(wanted.removesuffix('[]'), one.text) for one in inner[0]]
