"""Makes what a point holds in a new folder."""

import os

from listing import attributes_of, parts_of, walk
from tree import DIRECTORY, FIFO, FILE, LINK


def restore(point, folder):
    """Makes the folder and everything in it; the paths of what it can not make."""
    target, left_out, made, directories = os.fsencode(folder), [], {}, []
    for path, entry in walk(point):
        full = os.path.join(target, path) if path else target
        same = (entry[1], entry.get(9), entry.get(2), entry.get(10), entry.get(11))
        if 14 in entry and same in made:
            os.link(made[same], full, follow_symlinks=False)
            continue
        if not _make(point, entry, full):
            left_out.append(path)
            continue
        if entry[1] == DIRECTORY:
            directories.append((full, entry))
        else:
            made[same] = full
            _set_metadata(point, entry, full)
    for full, entry in reversed(directories):
        _set_metadata(point, entry, full)
    return left_out


def _make(point, entry, full):
    if entry[1] == DIRECTORY:
        os.mkdir(full, 0o700)
    elif entry[1] == FILE:
        with open(full, "xb") as file:
            for part in parts_of(point, entry):
                file.write(part)
    elif entry[1] == LINK:
        os.symlink(entry[13], full)
    elif entry[1] == FIFO:
        os.mkfifo(full)
    else:
        return False
    return True


def _set_metadata(point, entry, full):
    for name, value in attributes_of(point, entry).items():
        os.setxattr(full, name, value, follow_symlinks=False)
    if os.geteuid() == 0 and 7 in entry and 8 in entry:
        os.chown(full, entry[7], entry[8], follow_symlinks=False)
    if 6 in entry and entry[1] != LINK:
        os.chmod(full, entry[6])
    os.utime(full, ns=(entry[3], entry[3]), follow_symlinks=False)
