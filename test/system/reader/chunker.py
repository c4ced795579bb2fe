"""Where gear64 cuts a file (docs/format.md 3.1)."""

from primitives import expand, little
from shapes import pieces

MASK = (1 << 64) - 1


def gear_table(keys):
    seed = expand(keys.named(b"chunker"), b"backup/v1/gear64", 2048)
    return [little(entry) for entry in pieces(seed, 8)]


def hash_after(data, table):
    """The hash at the last byte of the data."""
    hash = 0
    for byte in data:
        hash = (hash << 1) + table[byte] & MASK
    return hash


def lengths_of_chunks(content, parameters, table):
    """The chunks' lengths; the parameters are min, normal, max, strict and loose."""
    least, normal, most, strict, loose = parameters
    limits = 1 << 64 - strict, 1 << 64 - loose
    lengths, hash, length = [], 0, 0
    for byte in content:
        hash = (hash << 1) + table[byte] & MASK
        length += 1
        if length >= least and (hash < limits[length >= normal] or length == most):
            lengths.append(length)
            length = 0
    return lengths + [length] if length else lengths
