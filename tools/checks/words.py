"""Words that do not belong into this project's text, and names that say nothing."""

import re

EMPTY_WORDS = {'Manager', 'Helper', 'Helpers', 'Util', 'Utils', 'Base', 'Impl', 'Data', 'Info'}
TYPE = re.compile(r'\b(?:class|struct|union|enum(?:\s+class)?|concept)\s+(?:\[\[\w+\]\]\s*)?([A-Z]\w*)'
                  r'|\busing\s+([A-Z]\w*)\s*=')
PART = re.compile(r'[A-Z]+(?![a-z])|[A-Z][a-z0-9]*')

# Pattern -> why. The brackets keep the patterns from finding themselves.
TEXT = {
    r'\bcl[a]ude\b|\bchat[g]pt\b|\bop[e]nai\b|\banthr[o]pic\b|\bcop[i]lot\b|\bg[p]t-\d|'
    r'\blanguage [m]odels?\b|\bAI [a]ssistants?\b|\bAI [t]ools?\b|\bcod[i]ng agents?\b|\bsub-?[a]gents?\b|'
    r'co-auth[o]red-by':
        'the project says what it does, not what it was written with',
    r'\b(?:this|earlier|previous|next|another|later) s[e]ssion of (?:work|ours)\b|'
    r'\bin (?:this|a previous|an earlier) [s]ession\b|/tmp/br[i]ef\b':
        'the project does not speak of how it was worked on',
    r'(?<![\w.])/work/(?:m[a]in|sh[a]red)\b|\bthis (?:c[o]ntainer|s[a]ndbox|w[o]rkspace)\b':
        'a path or a property of one machine',
    r'\bp[y]pi\.org\b|\bp[y]thonhosted\.org\b|\bnp[m]js\.(?:org|com)\b|\bcr[a]tes\.io\b|'
    r'\bpr[o]xy\.golang\.org\b|\b(?:d[e]b|s[e]curity|ftp(?:\.\w+)?)\.debian\.org\b':
        "a registry's host name: the host's own configuration names its mirror",
}
PATTERNS = [(re.compile(pattern, re.IGNORECASE), why) for pattern, why in TEXT.items()]
# Written by package managers, which record where packages came from.
LOCK_FILES = ('package-lock.json',)


def line_of(text, at):
    return text.count('\n', 0, at) + 1


def empty_names(tree):
    for path in tree.sources('.h', '.cpp'):
        text = tree.text(path) or ''
        for match in TYPE.finditer(text):
            name = match.group(1) or match.group(2)
            said = EMPTY_WORDS & set(PART.findall(name))
            if path.startswith(f'src/{name.lower()}/'):
                continue  # a module's noun
            if said and not text[:match.start()].rsplit('\n', 1)[-1].lstrip().startswith('//'):
                yield (f'{path}:{line_of(text, match.start())}: {name}: '
                       f'"{said.pop()}" says nothing: name what it is')


def check(tree):
    """Type names that say nothing; text about one machine, its tools, or registries"""
    yield from empty_names(tree)
    for path in tree.paths:
        text = tree.text(path)
        if text is None or path.endswith(LOCK_FILES):
            continue
        for pattern, why in PATTERNS:
            for match in pattern.finditer(text):
                yield f'{path}:{line_of(text, match.start())}: "{match.group()}": {why}'
