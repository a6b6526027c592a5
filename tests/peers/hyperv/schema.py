"""The classes that the model has, and instances of them. What classes there are says classes.txt."""
from pathlib import Path

WMI = 'http://schemas.microsoft.com/wbem/wsman/1/wmi/'
VIRTUALIZATION, CIMV2 = 'root/virtualization/v2', 'root/cimv2'
INTEGERS = {'uint8': (0, 8), 'uint16': (0, 16), 'uint32': (0, 32), 'uint64': (0, 64), 'sint8': (1, 7), 'sint16': (1, 15), 'sint64': (1, 63)}


class Class:
    def __init__(self, namespace, name, parent, keys):
        self.namespace, self.name, self.parent = namespace, name, parent
        self.keys = keys or (parent.keys if parent else [])
        self.properties = dict(parent.properties) if parent else {}

    @property
    def uri(self):
        return f'{WMI}{self.namespace}/{self.name}'

    def lineage(self):
        """Its name and those of what it is derived from."""
        return [self.name, *(self.parent.lineage() if self.parent else [])]

    def property(self, name):
        """A property's name as the class spells it, as case does not count; None: it has none such."""
        return next((one for one in self.properties if one.lower() == name.lower()), None)


def read_classes():
    """{namespace: {name in small letters: Class}}"""
    classes, namespace, current = {}, '', None
    for line in Path(__file__).with_name('classes.txt').read_text().splitlines():
        if line.startswith('['):
            namespace = line.strip('[]')
            classes[namespace] = {}
        elif line.startswith('  '):
            kind, _, names = line.strip().partition(': ')
            current.properties.update(dict.fromkeys(names.split(), kind))
        elif not line.startswith('#'):
            head, _, keys = line.rstrip(')').partition(' (')
            name, _, parent = head.partition(' : ')
            current = Class(namespace, name, classes[namespace].get(parent.lower()), keys.split())
            classes[namespace][name.lower()] = current
    for one in [each for space in classes.values() for each in space.values()]:  # WinRM shows them in the order of the alphabet
        one.properties = dict(sorted(one.properties.items(), key=lambda item: item[0].lower()))
    return classes


CLASSES = read_classes()


def find_class(namespace, name):
    return CLASSES.get(namespace.lower(), {}).get(name.lower())


class Moment(float):
    """A point in time: seconds since 1970."""


class Interval(float):
    """A length of time: seconds."""


class Instance(dict):
    """The properties of an object that are not null. `hidden` has what the model knows of it and no client sees."""

    def __init__(self, kind, **properties):
        self.kind = find_class(VIRTUALIZATION, kind) or find_class(CIMV2, kind)
        self.hidden = {}
        super().__init__()
        self.change(**properties)

    def change(self, **properties):
        for name, value in properties.items():
            assert name in self.kind.properties, f'{self.kind.name} has no {name}'
            if value is None:
                self.pop(name, None)
            else:
                self[name] = value

    def copy(self, **properties):
        made = Instance(self.kind.name, **{**self, **properties})
        made.hidden = dict(self.hidden)
        return made

    def keys_of(self):
        return {name: self.get(name) for name in self.kind.keys}

    def path(self, host):
        """As WMI writes it, and as strings that refer to objects have it: backslashes and quotes are escaped."""
        def quoted(value):
            return '"' + str(value).replace('\\', '\\\\').replace('"', '\\"') + '"'
        namespace = self.kind.namespace.replace('/', '\\')
        return f'\\\\{host}\\{namespace}:{self.kind.name}.' + ','.join(f'{name}={quoted(value)}' for name, value in self.keys_of().items())
