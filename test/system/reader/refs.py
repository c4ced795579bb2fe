"""The refs of a point: a set of ids, written in one way only (docs/format.md 8)."""

from primitives import little, sha256, u16, u32
from shapes import ascending, fields, octets, pieces, records, unsigned
from strict_cbor import Refused, decode, encode

MOST_ITEMS = 512


def write_refs(ids):
    """The objects of a set: name → bytes, and the root's name."""
    if not ids:
        data = encode({0: 1, 1: 0, 2: b"", 3: b""})
        return {sha256(data): data}, sha256(data)
    items = [(id, 256, id, 1) for id in sorted(ids)]
    objects, level = {}, 0
    while level < 2 or len(items) > 1:
        items = [_write(cell, bits, level, objects) for cell, bits in _cells(items, 0)]
        level += 1
    return objects, items[0][2]


def _cells(items, bits):
    """The items of each cell, with the bits of its prefix; an item is (prefix, bits, name, ids)."""
    if len(items) <= MOST_ITEMS:
        return [(items, bits)] if items else []
    zero = [item for item in items if not item[0][bits // 8] >> 7 - bits % 8 & 1]
    one = items[len(zero) :]
    return _cells(zero, bits + 1) + _cells(one, bits + 1)


def _write(cell, bits, level, objects):
    if level == 0:
        content = b"".join(item[0] for item in cell)
    else:
        content = b"".join(u16(item[1]) + item[0] + item[2] + u32(item[3]) for item in cell)
    prefix = first_bits(cell[0][0], bits)
    data = encode({0: level, 1: bits, 2: prefix[: (bits + 7) // 8], 3: content})
    objects[sha256(data)] = data
    return prefix, bits, sha256(data), sum(item[3] for item in cell)


def read_refs(root, read):
    """The ids below the root; `read` gives the bytes of an object by its name."""
    ids = _ids_below(root, None, read)
    ascending(ids)
    if write_refs(ids)[1] != root:
        raise Refused("the refs are not written canonically")
    return ids


def check_page(data):
    """One object of the refs, by itself; that the cells are the right ones shows in the whole."""
    page = fields(
        decode(data), {0: unsigned(16), 1: unsigned(257), 2: octets(0, 32), 3: octets(0, 65536)}
    )
    is_empty_root = page[0] == 1 and page[1] == 0
    (records(70, 0 if is_empty_root else 1) if page[0] else records(32, 1))(page[3])
    if len(page[2]) != (page[1] + 7) // 8:
        raise Refused("a prefix that is not as long as its bits say")
    prefix = page[2].ljust(32, b"\0")
    check_prefix(page[1], prefix)
    items = pieces(page[3], 70) if page[0] else [u16(256) + id for id in pieces(page[3], 32)]
    ascending(items, lambda item: item[2:34])
    for item in items:
        check_prefix(little(item[:2]), item[2:34])
        if first_bits(item[2:34], page[1]) != prefix or page[0] and not little(item[66:]):
            raise Refused("an item that does not belong there")
    return page


def check_prefix(bits, prefix):
    if bits > 256 or first_bits(prefix, bits) != prefix:
        raise Refused("a prefix that is not zero behind its bits")


def first_bits(id, bits):
    """The id with zeros behind its first bits."""
    return (int.from_bytes(id, "big") >> 256 - bits << 256 - bits).to_bytes(32, "big")


def _ids_below(name, level, read):
    data = read(name)
    if len(data) > 65536:
        raise Refused("an object of the refs is too long")
    page = check_page(data)
    if page[0] == 0 if level is None else page[0] != level:
        raise Refused("an object of the refs of another level")
    if page[0] == 0:
        return pieces(page[3], 32)
    ids = []
    for item in pieces(page[3], 70):
        below = _ids_below(item[34:66], page[0] - 1, read)
        if len(below) != little(item[66:]):
            raise Refused("a wrong number in the refs")
        ids += below
    return ids
