"""Checks of decoded values: each is a function that refuses what does not have the shape."""

from strict_cbor import Refused


def fields(value, required, optional=None):
    """`value`, a map with just these keys; an optional one is absent, never empty or zero."""
    optional = optional or {}
    if not isinstance(value, dict) or set(required) - set(value):
        raise Refused("a map lacks a key")
    for key, item in value.items():
        check = required.get(key) or optional.get(key)
        if check is None:
            raise Refused(f"key {key} is not listed")
        check(item)
    return value


def _require(condition, what):
    if not condition:
        raise Refused(what)


def anything(_):
    """For what is checked elsewhere."""


def unsigned(below=1 << 53, least=0):
    def check(value):
        _require(isinstance(value, int) and least <= value < below, f"number {value!r}")

    return check


def exactly(wanted):
    return lambda value: _require(
        type(value) is type(wanted) and value == wanted, f"{value!r} is not {wanted!r}"
    )


def one_of(*wanted):
    return lambda value: _require(value in wanted, f"{value!r} is none of {wanted}")


def signed_64(value):
    _require(isinstance(value, int) and -(1 << 63) <= value < 1 << 63, f"time {value!r}")


def octets(least, most=None):
    """A byte string of `least` to `most` bytes, or of just `least`."""
    most = least if most is None else most

    def check(value):
        _require(isinstance(value, bytes) and least <= len(value) <= most, "byte string")

    return check


def records(size, least=0):
    """A byte string that is `least` or more pieces of `size` bytes."""

    def check(value):
        whole = isinstance(value, bytes) and len(value) % size == 0
        _require(whole and len(value) >= least * size, f"byte string of pieces of {size}")

    return check


def text(most=1 << 53):
    """Text of at most so many bytes of UTF-8."""

    def check(value):
        _require(isinstance(value, str) and len(value.encode()) <= most, "text")

    return check


def array(check, least=0):
    def check_all(value):
        _require(isinstance(value, list) and len(value) >= least, "array")
        for item in value:
            check(item)

    return check_all


def tuple_of(*checks):
    def check_all(value):
        _require(isinstance(value, list) and len(value) == len(checks), "array of fields")
        for check, item in zip(checks, value):
            check(item)

    return check_all


def mapping(required, optional=None):
    return lambda value: fields(value, required, optional)


def ascending(items, key=lambda item: item):
    """`items`, strictly ascending by `key`."""
    keys = [key(item) for item in items]
    _require(all(a < b for a, b in zip(keys, keys[1:])), "a list is not ascending")
    return items


def pieces(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]
