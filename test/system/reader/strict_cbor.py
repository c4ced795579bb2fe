"""Deterministic CBOR as docs/format.md 1 allows it, and checks of the shapes that the page lists."""


class Refused(Exception):
    """What was read is not what a writer of docs/format.md would have written."""


MAX_DEPTH = 16


def decode(data):
    """The one value in `data`; refuses whatever does not encode to the same bytes."""
    value, end = _item(data, 0, 1)
    if end != len(data):
        raise Refused("bytes behind a CBOR value")
    if encode(value) != bytes(data):
        raise Refused("CBOR is not deterministic")
    return value


def encode(value):
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return head(3, len(text)) + text
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(encode, value))
    pairs = sorted(value.items())
    return head(5, len(value)) + b"".join(encode(key) + encode(item) for key, item in pairs)


def head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | code]) + number.to_bytes(size, "big")
    raise Refused("a number beyond 64 bits")


def _item(data, at, depth):
    if depth > MAX_DEPTH:
        raise Refused("CBOR is nested too deep")
    major, number, at = _read_head(data, at)
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    if major in (2, 3):
        content = bytes(data[at : at + number])
        if len(content) != number:
            raise Refused("CBOR is cut short")
        return (content if major == 2 else text_of(content)), at + number
    if major == 4:
        return _items(data, at, number, depth)
    if major == 5:
        return _pairs(data, at, number, depth)
    raise Refused("a tag, float or simple value in CBOR")


def _read_head(data, at):
    if at >= len(data):
        raise Refused("CBOR is cut short")
    major, low = data[at] >> 5, data[at] & 31
    if low < 24:
        return major, low, at + 1
    if low > 27:
        raise Refused("an indefinite length in CBOR")
    end = at + 1 + (1 << low - 24)
    if end > len(data):
        raise Refused("CBOR is cut short")
    return major, int.from_bytes(data[at + 1 : end], "big"), end


def _items(data, at, count, depth):
    items = []
    for _ in range(count):
        item, at = _item(data, at, depth + 1)
        items.append(item)
    return items, at


def _pairs(data, at, count, depth):
    pairs = {}
    for _ in range(count):
        key, at = _item(data, at, depth + 1)
        if not isinstance(key, int) or key < 0 or key in pairs:
            raise Refused("a key of a map is no unsigned integer, or not unique")
        pairs[key], at = _item(data, at, depth + 1)
    return pairs, at


def text_of(content):
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Refused("text is not valid UTF-8") from None
