"""Entries of trees, and what their pages and file maps list (docs/format.md 7)."""

from cutting import MAP, TREE, map_pieces, root_page, tree_pieces
from primitives import little
from shapes import (
    anything,
    array,
    ascending,
    exactly,
    fields,
    octets,
    one_of,
    pieces,
    records,
    signed_64,
)
from shapes import tuple_of, unsigned
from strict_cbor import Refused, decode, encode

DATA = 1
FILE, DIRECTORY, LINK, FIFO, SOCKET, BLOCK, CHARACTER = range(1, 8)
MAX_ENTRY = 262144
U32 = unsigned(1 << 32)
REFERENCE = octets(36)


def _attribute(value):
    tuple_of(octets(1, 255), one_of(0, 1), anything)(value)
    if b"\0" in value[0]:
        raise Refused("the name of an attribute")
    (records(36, 1) if value[1] else octets(0, 4096))(value[2])


COMMON = {
    **{4: signed_64, 5: signed_64, 6: unsigned(4096), 7: U32, 8: U32, 9: unsigned(1 << 64, 1)},
    **{16: array(_attribute, 1), 18: unsigned(16, 1)},
}
LINKS = {14: unsigned(1 << 32, 2)}


def _of_type(kind):
    """What an entry of the type has, and what it may have."""
    if kind == FILE:
        return {2: unsigned()}, {10: records(36, 1), 11: REFERENCE, **LINKS}
    if kind == DIRECTORY:
        return {12: REFERENCE}, {}
    if kind == LINK:
        return {13: octets(1, 65536)}, LINKS
    return ({17: tuple_of(U32, U32)} if kind in (BLOCK, CHARACTER) else {}), LINKS


def check_entry(entry, is_root=False):
    """`entry`, decoded, as 7.1 allows it."""
    if not isinstance(entry, dict) or entry.get(1) not in range(1, 8):
        raise Refused("not an entry")
    required, optional = _of_type(entry[1])
    name = exactly(b"") if is_root else _check_name
    fixed = {0: name, 1: unsigned(), 3: signed_64}
    fields(entry, {**fixed, **required}, {**COMMON, **optional})
    if entry.get(5) == 0 or b"\0" in entry.get(13, b"") or len(encode(entry)) > MAX_ENTRY:
        raise Refused("an entry that is not written so")
    if entry[1] == FILE:
        _check_content(entry)
    elif entry.get(18, 0) & 8:
        raise Refused("holes of what is no file")
    _check_attributes(entry.get(16, []))
    return entry


def _check_name(name):
    octets(1, 4096)(name)
    if b"\0" in name or b"/" in name or name in (b".", b".."):
        raise Refused("the name of a file")


def _check_content(entry):
    if (10 in entry) + (11 in entry) != (entry[2] > 0):
        raise Refused("a file with too much or too little content")
    references = pieces(entry.get(10, b""), 36)
    if len(references) > 64 or references and sum_of(references) != entry[2]:
        raise Refused("a file's size is not that of its chunks")


def _check_attributes(attributes):
    ascending(attributes, lambda attribute: attribute[0])
    inside = 0
    for _, elsewhere, value in attributes:
        length = sum_of(pieces(value, 36)) if elsewhere else len(value)
        fits = length <= 4096 and inside + length <= 65536
        if fits == bool(elsewhere):
            raise Refused("an attribute that stands where it should not")
        inside += length if fits else 0


def sum_of(references):
    return sum(little(reference[32:]) for reference in references)


def read_directory(reference, chunks, keys):
    """The entries of a directory, ascending; its pages are cut as the rule says."""
    entries = []
    for page in _leaves(reference, TREE, chunks):
        entries += page[1]
    ascending([check_entry(entry) for entry in entries], lambda entry: entry[0])
    written = tree_pieces([(entry[0], encode(entry)) for entry in entries], keys)
    _check_cut(reference, written, TREE, keys)
    return entries


def read_file_map(reference, size, chunks, keys):
    """The chunk references of a file of more than 64 chunks."""
    references = []
    for page in _leaves(reference, MAP, chunks):
        references += pieces(page[1], 36)
    if len(references) <= 64 or sum_of(references) != size:
        raise Refused("a file map that is not written so")
    _check_cut(reference, map_pieces(references), MAP, keys)
    return references


def content_of(entry, chunks, keys):
    """The chunk references of a file."""
    if 11 in entry:
        return read_file_map(entry[11], entry[2], chunks, keys)
    return pieces(entry.get(10, b""), 36)


def _leaves(reference, kind, chunks, level=None):
    page = decode(chunks.read(reference, kind))
    body = {TREE: array(anything), MAP: records(36, 1)}
    own = page.get(0) if isinstance(page, dict) else None
    if own == 0:
        fields(page, {0: exactly(0), 1: body[kind]})
    else:
        parent = {TREE: array(tuple_of(octets(1, 4096), REFERENCE), 1), MAP: records(44, 1)}
        fields(page, {0: unsigned(16, 1), 1: parent[kind]})
    if level is not None and own != level:
        raise Refused("a page of another level")
    if own == 0:
        yield page
        return
    below = [p[1] for p in page[1]] if kind == TREE else [p[:36] for p in pieces(page[1], 44)]
    for child in below:
        yield from _leaves(child, kind, chunks, own - 1)


def _check_cut(reference, written, kind, keys):
    if root_page(written, kind, keys)[-1][0] != reference:
        raise Refused("pages are not cut as the rule says")
