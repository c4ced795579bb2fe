"""Recovery points: commit records, the vault's records of them, manifests (docs/format.md 9, 10)."""

import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from primitives import u64, without_sum
from sealed import MANIFEST, open_sealed
from shapes import array, ascending, exactly, fields, mapping, octets, one_of, pieces, records
from shapes import text, tuple_of, unsigned
from strict_cbor import Refused, decode
from tree import check_entry

REASONS = (
    *("vanished", "unreadable", "changed", "missing-path", "empty-path", "attributes"),
    *("unsupported", "name"),
)
LEFT_OUT = tuple_of(octets(1, 16384), one_of(*REASONS), text(1024), one_of(0, 1, 2))
LIST = 4


@dataclass(frozen=True)
class Point:
    id: bytes
    commit: dict
    records: list


def read_points(folder, source, authority=None):
    """The source's points, oldest first; each names the one before it."""
    source_name(source)
    points, previous = [], bytes(32)
    for wanted, (seq, path) in enumerate(folder.points(source), 1):
        if seq != wanted:
            raise Refused(f"point {wanted} is missing")
        commit = parse_commit((path / "commit").read_bytes(), folder, source, seq, previous)
        previous = commit.id
        names = sorted(item.name for item in path.iterdir() if item.name != "commit")
        told = [
            _parse_record(path / name, number, name, previous, authority)
            for number, name in enumerate(names)
        ]
        points.append(Point(commit.id, commit.commit, told))
    return points


def parse_commit(data, folder, source, seq, previous):
    if len(data) > 4096:
        raise Refused("a commit record is too long")
    body = check_commit(data)
    if [body[key] for key in (1, 2, 4, 5, 6)] != [*folder.owner, source, seq, previous]:
        raise Refused(f"commit record {seq} is another one")
    return Point(data[-32:], body, [])


def check_commit(data):
    number = unsigned()
    return fields(
        decode(without_sum(data, "a commit record")),
        {
            **{0: exactly(1), 1: octets(16), 2: octets(16), 3: number, 4: source_name},
            **{5: unsigned(least=1), 6: octets(32), 7: octets(32), 8: octets(32)},
            **{9: number, 10: number, 11: number},
        },
    )


def source_name(value):
    if not isinstance(value, str) or not re.fullmatch("[a-z0-9][a-z0-9-]{0,31}", value):
        raise Refused("not the name of a source")


def _parse_record(path, number, name, point, authority):
    if name != f"record-{number:016x}":
        raise Refused("the vault's records are not numbered without a gap")
    body = open_signed(path.read_bytes(), b"backup/v1/point", 4096, authority)
    return fields(
        body,
        {
            **{0: exactly(1), 1: exactly(point), 2: exactly(number), 3: unsigned()},
            **{4: _tags, 5: unsigned(), 6: unsigned()},
        },
    )


def _tags(value):
    array(one_of(1, 2, 3, 4))(value)
    ascending(value)


def open_signed(data, label, most_bytes, authority):
    """The body of a record that the vault signed; without its key, only the sum is checked."""
    if len(data) > most_bytes:
        raise Refused("a record is too long")
    signed = without_sum(data, "a record of the vault")
    body, signature = signed[:-64], signed[-64:]
    if authority is not None:
        r, s = (int.from_bytes(part, "big") for part in pieces(signature, 32))
        try:
            authority.verify(encode_dss_signature(r, s), label + body, ECDSA(SHA256()))
        except InvalidSignature:
            raise Refused("a record is not signed by the vault's authority") from None
    return decode(body)


def open_manifest(data, commit, keys):
    source = commit[4].encode()
    context = bytes([len(source)]) + source + u64(commit[5]) + commit[6] + commit[8]
    return check_manifest(decode(open_sealed(data, MANIFEST, context, keys)))


def check_manifest(value):
    name = tuple_of(unsigned(1 << 32), octets(1, 4096))
    count, label = unsigned(), text(4096)
    manifest = fields(
        value,
        {
            **{0: lambda entry: check_entry(entry, is_root=True)},
            **{1: array(tuple_of(one_of(1, 2), octets(32), octets(32))), 2: count},
            **{3: mapping({0: count, 1: array(label)})},
            **{4: mapping({0: array(octets(1, 65536)), 1: array(label)})},
            **{5: mapping({0: count, 1: count, 2: count, 3: count}), 6: count},
            **{7: array(LEFT_OUT), 9: array(name), 10: array(name), 11: label, 12: label},
            **{13: one_of("linux", "darwin", "win32"), 14: count, 15: count},
        },
        {8: records(36, 1)},
    )
    for key in (1, 9, 10):
        ascending(manifest[key], lambda item: item if key == 1 else item[0])
    ascending(manifest[3][1], lambda kind: kind.encode())
    return manifest


def left_out_of(manifest, chunks):
    """All left-out items of a point."""
    items = list(manifest[7])
    for reference in pieces(manifest.get(8, b""), 36):
        page = chunks.read(reference, LIST)
        more = decode(page)
        array(LEFT_OUT, 1)(more)
        if len(items) < 1000 or len(page) > 262144:
            raise Refused("left-out items stand in the wrong place")
        items += more
    if len(items) != manifest[6] or len(manifest[7]) > 1000:
        raise Refused("not as many left-out items as the manifest says")
    return items
