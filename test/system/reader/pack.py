"""Packs: the sealed directory, segments and chunks (docs/format.md 4)."""

from dataclasses import dataclass

import zstd

from primitives import MIB, NONCE_0, TAG, expand, little, open_gcm, padme, u32
from shapes import fields, pieces, records, signed_64, text
from strict_cbor import Refused, decode

HEADER = 64
TYPES_OF_KIND = {1: (1,), 2: (2, 3, 4)}
LONGEST_CHUNK = {1: 8 * MIB, 2: MIB, 3: MIB, 4: MIB}


@dataclass(frozen=True)
class Segment:
    number: int
    type: int
    codec: int
    stored: int
    raw: int
    start: int


class Pack:
    """A pack whose bytes, header and directory have been checked."""

    def __init__(self, data, kind, keys):
        self.header = header = data[:HEADER]
        self.data = data
        size = check_header(header, kind)
        self.salt = header[32:]
        self.key = expand(keys.of_epoch(little(header[12:16]), b"pack"), b"segments" + self.salt)
        directory = self._open_directory(size, keys)
        self.segment_bytes = directory[3]
        self.segments = segments_in(directory[3], HEADER + size, kind)
        self.chunks = _chunks(directory[4], self.segments)
        self._check_length()

    def _open_directory(self, size, keys):
        key = expand(keys.named(b"index"), b"directory" + self.salt)
        sealed = self.data[HEADER : HEADER + size]
        plain = open_gcm(key, NONCE_0, self.header, sealed, "a pack's directory")
        length = little(plain[:4])
        if stored_directory_length(length) != size or any(plain[4 + length :]):
            raise Refused("a pack's directory is not padded as it should be")
        checks = {0: text(), 1: text(), 2: signed_64, 3: records(10, 1), 4: records(36, 1)}
        return fields(decode(plain[4 : 4 + length]), checks)

    def _check_length(self):
        last = self.segments[-1]
        length = len(self.data)
        if length > 32 * MIB or length != max(16384, padme(last.start + last.stored)):
            raise Refused("a pack is not padded as it should be")

    def segment(self, number):
        """The raw bytes of a segment."""
        s = self.segments[number]
        kinds = bytes([s.type, s.codec])
        content = open_gcm(
            self.key,
            u32(number) + bytes(8),
            self.header + u32(number) + kinds + u32(s.raw),
            self.data[s.start : s.start + s.stored],
            f"segment {number}",
        )
        return decompress(content, s.raw) if s.codec == 1 else content


def stored_directory_length(plain):
    """The least power of two that holds a directory of so many bytes, its length and the tag."""
    stored = 4096
    while stored < 4 + plain + TAG:
        stored *= 2
    return stored


def check_header(header, kind):
    """The length of the directory, stored."""
    size = little(header[16:20])
    if header[:12] != b"BKUPPACK" + bytes([1, 1, kind, 0]) or any(header[20:32]):
        raise Refused("not the header of a pack")
    if not 4096 <= size <= 4 * MIB or size & size - 1:
        raise Refused("a directory of that size")
    return size


def segments_in(data, start, kind):
    """The segments that a directory or index lists, the first of which lies at `start`."""
    segments = []
    for number, row in enumerate(pieces(data, 10)):
        s = Segment(number, row[0], row[1], little(row[2:6]), little(row[6:]), start)
        content = s.stored - TAG
        right = content == s.raw if s.codec == 0 else 0 < 100 * content <= 97 * s.raw
        if (
            s.type not in TYPES_OF_KIND[kind]
            or s.codec > 1
            or not 0 < s.raw <= 8 * MIB
            or not right
        ):
            raise Refused(f"segment {number} is not possible")
        segments.append(s)
        start += s.stored
    if len(segments) > 32768:
        raise Refused("too many segments")
    return segments


def _chunks(data, segments):
    """(id, segment, start, length) of each chunk; they fill the segments."""
    chunks = []
    rows = iter(pieces(data, 36))
    for segment in segments:
        at = 0
        while at < segment.raw:
            row = next(rows, None)
            length = little(row[32:]) if row else 0
            if not 0 < length <= min(segment.raw - at, LONGEST_CHUNK[segment.type]):
                raise Refused("chunks do not fill a segment")
            chunks.append((row[:32], segment.number, at, length))
            at += length
    if next(rows, None) is not None or len(chunks) > 32768:
        raise Refused("chunks are left over")
    return chunks


def decompress(frame, raw_length):
    """One zstd frame (RFC 8878) as 4 allows it."""
    if len(frame) < 9 or frame[:4] != b"\x28\xb5\x2f\xfd":
        raise Refused("not a zstd frame")
    flags = frame[4]
    single, checksum, dictionary = flags & 0x20, flags & 0x04, flags & 0x03
    if checksum or dictionary or flags & 0x08:
        raise Refused("a zstd frame with a checksum or a dictionary")
    window = 0 if single else (1 << 10 + (frame[5] >> 3)) * (8 + (frame[5] & 7)) // 8
    width = (1 if single else 0, 2, 4, 8)[flags >> 6]
    at = 5 if single else 6
    stated = little(frame[at : at + width]) + (256 if width == 2 else 0)
    if width == 0 or stated != raw_length or max(window, stated * bool(single)) > 8 * MIB:
        raise Refused("a zstd frame of another size")
    if _end_of_frame(frame, at + width) != len(frame):
        raise Refused("more than one zstd frame")
    try:
        raw = zstd.decompress(frame)
    except zstd.Error:
        raise Refused("a zstd frame that can not be decompressed") from None
    if len(raw) != raw_length:
        raise Refused("a zstd frame of another size")
    return raw


def _end_of_frame(frame, at):
    last = False
    while not last and at + 3 <= len(frame):
        block = little(frame[at : at + 3])
        last, kind, size = block & 1, block >> 1 & 3, block >> 3
        at += 3 + (1 if kind == 1 else size)
    return at if last else -1
