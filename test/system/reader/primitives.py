"""Hashes, sealing and padding (docs/format.md 1, 4)."""

import hashlib
import hmac as python_hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from strict_cbor import Refused

NONCE_0 = bytes(12)
TAG = 16
MIB = 1 << 20


def sha256(data):
    return hashlib.sha256(data).digest()


def hmac(key, message):
    return python_hmac.new(key, message, hashlib.sha256).digest()


extract = hmac


def expand(key, info, length=32):
    return HKDFExpand(algorithm=SHA256(), length=length, info=info).derive(key)


def open_gcm(key, nonce, aad, sealed, what):
    if len(sealed) < TAG:
        raise Refused(f"{what} is too short")
    try:
        return AESGCM(key).decrypt(nonce, bytes(sealed), bytes(aad))
    except InvalidTag:
        raise Refused(f"{what} does not open") from None


def without_sum(data, what):
    """A record without the SHA-256 that it ends in."""
    body, digest = data[:-32], data[-32:]
    if sha256(body) != digest:
        raise Refused(f"{what} does not end in its sum")
    return body


def padme(length):
    if length < 2:
        return length
    exponent = length.bit_length() - 1
    bits = exponent - exponent.bit_length()
    mask = (1 << bits) - 1
    return length + mask & ~mask


def u16(number):
    return number.to_bytes(2, "little")


def u32(number):
    return number.to_bytes(4, "little")


def u64(number):
    return number.to_bytes(8, "little")


def little(data):
    return int.from_bytes(data, "little")
