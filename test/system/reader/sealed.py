"""Sealed objects, and the two that place things: config and index (docs/format.md 5)."""

from dataclasses import dataclass

from primitives import MIB, NONCE_0, expand, little, open_gcm, padme, u32, without_sum
from pack import check_header, segments_in
from shapes import array, ascending, exactly, fields, mapping, octets, one_of, pieces, records
from shapes import unsigned
from strict_cbor import Refused, decode

CONFIG, INDEX, MANIFEST, CACHE = 1, 2, 3, 4
HEADER = 48


def open_sealed(data, kind, context, keys):
    """The payload of a sealed object."""
    header = data[:HEADER]
    if len(data) > 32 * MIB or header[:12] != b"BKUPSEAL" + bytes([1, 1, kind, 0]):
        raise Refused("not a sealed object of the kind")
    epoch = little(header[12:16])
    if kind != MANIFEST and epoch != 0:
        raise Refused("an epoch where there is none")
    key = expand(_key_above(kind, epoch, keys), b"object" + bytes([kind]) + header[16:])
    plain = open_gcm(
        key, NONCE_0, header + keys.repository_id + context, data[HEADER:], "a sealed object"
    )
    return _without_padding(plain)


def _key_above(kind, epoch, keys):
    if kind == MANIFEST:
        return keys.of_epoch(epoch, b"manifest")
    return keys.named(b"local" if kind == CACHE else b"index")


def plain_length(payload):
    """The length of the plaintext for a payload of so many bytes."""
    return max(512, padme(4 + payload))


def _without_padding(plain):
    length = little(plain[:4])
    payload, zeros = plain[4 : 4 + length], plain[4 + length :]
    if len(plain) != plain_length(length) or any(zeros):
        raise Refused("a sealed object is not padded as it should be")
    return payload


def open_config(data, place, keys):
    payload = open_sealed(without_sum(data, "the config"), CONFIG, u32(place.number), keys)
    return check_config(payload, place.number, place.repository, keys.repository_id)


def check_config(payload, number, repository, repository_id):
    chunker = {0: exactly("gear64"), **{key: unsigned() for key in range(1, 6)}}
    return fields(
        decode(payload),
        {
            **{0: exactly(number), 1: exactly(repository)},
            **{2: exactly(repository_id), 3: mapping(chunker)},
            **{4: exactly([]), 5: unsigned()},
        },
        {6: octets(0, 32 * MIB)},
    )


@dataclass(frozen=True)
class IndexedPack:
    id: bytes
    header: bytes
    segments: bytes


@dataclass(frozen=True)
class Place:
    """Where an index says that a chunk lies."""

    pack: IndexedPack
    segment: int
    start: int
    length: int


@dataclass(frozen=True)
class Index:
    kind: int
    packs: list
    places: dict
    lowest_id: bytes


def open_index(data, keys):
    return check_index(open_sealed(data, INDEX, b"", keys))


def check_index(payload):
    pack = mapping({0: octets(32), 1: octets(64), 2: unsigned(), 3: records(10, 1)})
    body = fields(
        decode(payload),
        {0: one_of(1, 2), 1: array(pack), 2: records(48)},
    )
    packs = [
        IndexedPack(item[0], item[1], item[3]) for item in ascending(body[1], lambda item: item[0])
    ]
    for pack in packs:
        check_header(pack.header, body[0])
        segments_in(pack.segments, 0, body[0])
    places = {}
    rows = pieces(body[2], 48)
    ascending(rows, lambda row: (row[:32], little(row[32:36])))
    for row in rows:
        ordinal, segment, start, length = (little(part) for part in pieces(row[32:], 4))
        rows_of_segments = pieces(packs[ordinal].segments, 10) if ordinal < len(packs) else []
        raw = little(rows_of_segments[segment][6:]) if segment < len(rows_of_segments) else 0
        if not 0 < length <= raw - start:
            raise Refused("an index places a chunk where it can not be")
        places.setdefault(row[:32], []).append(Place(packs[ordinal], segment, start, length))
    return Index(body[0], packs, places, rows[0][:32] if rows else b"")
