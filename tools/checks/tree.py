"""The files of a source tree, as version control sees them."""

import os
import pathlib
import subprocess

GENERATED = 'Made by tools/generate'


class Tree:
    """Paths are relative, with '/'. Notes say what could not be looked at."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.paths = sorted(path for path in self._list() if (self.root / path).is_file())
        self.notes = []
        self._texts = {}

    def _list(self):
        command = ['git', '-C', str(self.root), 'ls-files', '-z', '--cached', '--others',
                   '--exclude-standard']
        if (self.root / '.git').exists():
            listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            return [path for path in listed.split('\0') if path]
        return [str((pathlib.Path(folder) / name).relative_to(self.root))
                for folder, _, names in os.walk(self.root) for name in names]

    def text(self, path):
        """The file's text; None when it is not text."""
        if path not in self._texts:
            content = (self.root / path).read_bytes()
            try:
                self._texts[path] = None if b'\0' in content else content.decode()
            except UnicodeDecodeError:
                self._texts[path] = None
        return self._texts[path]

    def generated(self, path):
        """Whether tools/generate made it, and says so in its first line."""
        return '/generated/' in f'/{path}' or GENERATED in (self.text(path) or '').split('\n', 1)[0]

    def sources(self, *suffixes):
        """Files that people write and that end so."""
        return [path for path in self.paths if path.endswith(suffixes) and not self.generated(path)]

    def scripts(self, language):
        """Files whose first line names an interpreter that ends in `language`."""
        return [path for path in self.paths if '.' not in pathlib.PurePath(path).name
                and (self.text(path) or '').startswith('#!')
                and self.text(path).split('\n', 1)[0].split()[0].endswith(language)]

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)
