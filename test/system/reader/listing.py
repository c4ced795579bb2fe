"""What a point holds, as plain values: one for each entry, a directory before what is in it."""

import hashlib

from chunker import gear_table, lengths_of_chunks
from primitives import little
from shapes import pieces
from strict_cbor import Refused
from tree import DATA, DIRECTORY, FILE, LINK, content_of, read_directory

NAMES = {FILE: "file", DIRECTORY: "directory", LINK: "link"}
NAMES |= {4: "fifo", 5: "socket", 6: "block-device", 7: "character-device"}


def walk(point, entry=None, path=b""):
    """(path, entry) of everything in the point; paths begin without a slash."""
    entry = entry or point.manifest[0]
    yield path, entry
    if entry[1] != DIRECTORY:
        return
    for child in read_directory(entry[12], point.chunks, point.keys):
        yield from walk(point, child, path + b"/" + child[0] if path else child[0])


def parts_of(point, entry):
    """The content of a file, chunk by chunk."""
    for reference in content_of(entry, point.chunks, point.keys):
        yield point.chunks.read(reference, DATA)


def attributes_of(point, entry):
    """name → value of the extended attributes."""

    def read(references):
        return b"".join(point.chunks.read(r, DATA) for r in pieces(references, 36))

    return {name: read(value) if far else value for name, far, value in entry.get(16, [])}


def list_point(point, check_cuts=False):
    """One value for each entry, ready for JSON; byte strings are hexadecimal."""
    first_names, statistics = {}, [0, 0, 0, 0]
    for path, entry in walk(point):
        statistics[{FILE: 0, DIRECTORY: 1}.get(entry[1], 2)] += 1
        statistics[3] += entry.get(2, 0)
        yield _describe(point, path, entry, first_names)
        if check_cuts and entry[1] == FILE:
            _check_cuts(point, entry)
    if [point.manifest[5][key] for key in range(4)] != statistics:
        raise Refused("the manifest's statistics are wrong")


def _describe(point, path, entry, first_names):
    item = {"path": path.hex(), "type": NAMES[entry[1]]}
    if 6 in entry:
        item["mode"] = f"{entry[6]:04o}"
    item["mtimeNs"] = str(entry[3])
    if entry[1] == FILE:
        item |= {"size": entry[2], "sha256": _sum_of(parts_of(point, entry))}
    if entry[1] == LINK:
        item["target"] = entry[13].hex()
    attributes = attributes_of(point, entry)
    if attributes:
        item["attributes"] = {name.hex(): value.hex() for name, value in attributes.items()}
    if 14 in entry:
        first = first_names.setdefault(_identity(entry), path)
        if first != path:
            item["sameFileAs"] = first.hex()
    return item


def _identity(entry):
    """Entries that agree in this, below one mount point, are one file (7.1)."""
    return entry.get(9), entry.get(2), entry.get(10), entry.get(11), entry.get(13)


def _sum_of(parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _check_cuts(point, entry):
    references = content_of(entry, point.chunks, point.keys)
    content = b"".join(parts_of(point, entry))
    lengths = [little(reference[32:]) for reference in references]
    parameters = [point.config[3][key] for key in range(1, 6)]
    if lengths_of_chunks(content, parameters, gear_table(point.keys)) != lengths:
        raise Refused("a file is not cut as the chunker cuts")
