"""Paths: those of WMI's objects, as strings that refer to objects have them, and those of files."""
import re

from host import same_keys
from schema import find_class
from values import BadValue

OBJECT = re.compile(r'(?:\\\\([^\\]+)\\)?root[\\/]virtualization[\\/]v2:(\w+)\.(.+)', re.IGNORECASE)
KEY = re.compile(r'(\w+)="((?:[^"\\]|\\\\|\\")*)"(?:,|$)')
FILE = re.compile(r'[A-Za-z]:(?:\\[^\\/:*?"<>|\x00-\x1f]+)+')


def object_at(host, path):
    r"""The object that a path means: `\\HV1\root\virtualization\v2:Class.Key="value"`, in which backslashes of values are doubled. Clients
    of real hosts leave the name of the host out, or write the namespace in other letters or with slashes: so may others."""
    found = OBJECT.fullmatch(path or '')
    if not found:
        raise BadValue(f'{path!r} is no path of an object in root\\virtualization\\v2')
    server, name, keys = found.groups()
    parts = KEY.findall(keys)
    if ','.join(f'{key}="{value}"' for key, value in parts) != keys:
        raise BadValue(f'the keys of {path!r} are not NAME="VALUE", with doubled backslashes')
    kind = find_class('root/virtualization/v2', name)
    wanted = {key.lower(): re.sub(r'\\(.)', r'\1', value) for key, value in parts}
    object_ = next((one for one in host.each(kind.name) if same_keys(one, wanted)), None) if kind else None
    if object_ is None or (server or '.').lower() not in ('.', 'localhost', host.name.lower()):
        raise BadValue(f'there is no {path!r}')
    return object_


def file_path(path):
    if not FILE.fullmatch(path or '') or any(part in ('.', '..') or part != part.rstrip(' .') for part in path.split('\\')):
        raise BadValue(f'{path!r} is no full path of a file')
    return path
