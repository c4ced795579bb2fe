"""Lists as pages that are a function of their items alone (docs/format.md 7.2, 7.4)."""

from dataclasses import dataclass

from primitives import hmac, little, u32, u64
from strict_cbor import Refused, encode, head

ONE_PAGE = 262144
LONGEST_PAGE = 1 << 20
TREE, MAP = 2, 3


@dataclass(frozen=True)
class Piece:
    """An item of a page; `first` is a tree's first name below it, or a map's bytes below it."""

    encoded: bytes
    hash: int
    first: object


def tree_pieces(entries, keys):
    """A piece for each (name, encoded entry)."""
    key = keys.named(b"id")
    return [Piece(data, little(hmac(key, b"\0" + name)), name) for name, data in entries]


def map_pieces(references):
    return [Piece(r, little(r[:32]), little(r[32:])) for r in references]


def root_page(pieces, kind, keys):
    """The pages that the rule makes of the pieces, root last, each with its chunk reference."""
    pages, level = [], 0
    while True:
        groups = _groups(pieces, level, kind)
        if level > 15:
            raise Refused("too many levels")
        made = [_page(level, [p.encoded for p in group], kind) for group in groups]
        references = [keys.chunk_id(kind, page) + u32(len(page)) for page in made]
        pages += zip(references, made)
        if len(groups) == 1:
            return pages
        pieces = [_above(group, r, kind) for group, r in zip(groups, references)]
        level += 1


def _above(group, reference, kind):
    """What stands for a page in the page above it."""
    if kind == TREE:
        first = group[0].first
        return Piece(encode([first, reference]), group[-1].hash, first)
    below = sum(piece.first for piece in group)
    return Piece(reference + u64(below), group[-1].hash, below)


def _page(level, encoded, kind):
    content = b"".join(encoded)
    start = head(4, len(encoded)) if kind == TREE else head(2, len(content))
    return b"\xa2\x00" + bytes([level]) + b"\x01" + start + content


def _groups(pieces, level, kind):
    if len(_page(level, [p.encoded for p in pieces], kind)) <= ONE_PAGE:
        return [pieces]
    groups, group, content = [], [], 0
    for piece in pieces:
        longer = content + len(piece.encoded)
        start = head(4, len(group) + 1) if kind == TREE else head(2, longer)
        if group and 4 + len(start) + longer > LONGEST_PAGE:
            groups.append(group)
            group, content = [], 0
        group.append(piece)
        content += len(piece.encoded)
        if piece.hash >> 9 * level & 511 == 0:
            groups.append(group)
            group, content = [], 0
    return groups + [group] if group else groups
