"""Volumes whose files are real: those below a folder here, which others may see and change by SMB."""
import os
from pathlib import Path

from disks import find_file, new_file
from schema import Moment


class Volume:
    """`letter` (`D:`) is what Windows calls the folder. As on Windows, case does not tell files apart. Files of the model that never really
    were there stay what they are, and what the model knows of them; those that it has found or made here go when they are not here any more."""

    def __init__(self, host, letter, folder):
        self.host, self.letter, self.folder = host, letter.upper(), Path(folder).resolve()
        places = [one['Name'].rpartition('\\')[0] for one in host.each('CIM_DataFile')]
        for one in host.each('Msvm_VirtualSystemManagementServiceSettingData'):
            places += [one['DefaultVirtualHardDiskPath'], one['DefaultExternalDataRoot']]
        for place in places:  # where files lie there is a folder
            if place[:2].upper() == self.letter:
                self.place(place).mkdir(parents=True, exist_ok=True)

    def place(self, path):
        """Where something of the host is here, if it is, and else would be."""
        found = self.folder
        for part in path[2:].strip('\\').split('\\'):
            if part and not (found / part).exists() and found.is_dir():
                part = next((one for one in os.listdir(found) if one.lower() == part.lower()), part)
            found /= part
        return found

    def refresh(self):
        """The host's files are those that are here now."""
        here = set()
        for folder, _, names in os.walk(self.folder):
            for name in names:
                if not name.startswith('.') and self.show(Path(folder, name)):
                    here.add(Path(folder, name))
        for one in self.host.each('CIM_DataFile'):
            real = one.hidden.get('real')
            if real and real not in here and real.is_relative_to(self.folder):
                one.hidden.pop('real')
                if one.hidden.get('found'):
                    self.host.drop(one)

    def show(self, real):
        try:
            status = real.stat()
        except FileNotFoundError:  # it went while the folder was read
            return False
        name = self.letter + '\\' + str(real.relative_to(self.folder)).replace('/', '\\')
        file = find_file(self.host, name)
        if file is None:
            file = new_file(self.host, name, status.st_size)
            file.hidden['found'] = True
        file.hidden['real'] = real
        file.change(FileSize=status.st_size, LastModified=Moment(status.st_mtime), LastAccessed=Moment(status.st_atime))
        return True
