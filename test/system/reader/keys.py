"""From a passphrase and a key slot to the keys of a repository (docs/format.md 2)."""

import unicodedata
from dataclasses import dataclass

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from primitives import NONCE_0, expand, extract, hmac, open_gcm, without_sum
from shapes import exactly, fields, mapping, octets, unsigned
from strict_cbor import Refused, decode, encode, text_of

MAX_SLOT_BYTES = 4096


def read_passphrase(file_bytes):
    """The bytes of the passphrase in a file, without the line break at its end and a byte order mark."""
    for end in (b"\r\n", b"\n"):
        if file_bytes.endswith(end):
            file_bytes = file_bytes[: -len(end)]
            break
    if file_bytes.startswith(b"\xef\xbb\xbf"):
        file_bytes = file_bytes[3:]
    passphrase = unicodedata.normalize("NFC", text_of(file_bytes))
    if len(passphrase) < 16 or any(unicodedata.category(c) == "Cc" for c in passphrase):
        raise Refused("not a passphrase")
    return passphrase.encode()


class WrongPassphrase(Refused):
    """The slot belongs to another passphrase."""


@dataclass(frozen=True)
class Keys:
    repository_id: bytes
    prk: bytes

    def named(self, name):
        return expand(self.prk, b"backup/v1/" + name)

    def of_epoch(self, epoch, name):
        key = self.named(b"epoch/0")
        for _ in range(epoch):
            key = expand(key, b"backup/v1/epoch/next")
        return expand(key, b"backup/v1/" + name)

    def chunk_id(self, kind, plaintext):
        return hmac(self.named(b"id"), bytes([kind]) + plaintext)


def parse_slot(data, place):
    """The body's fields, its bytes and the commitment; `place` is what the slot's path says."""
    if len(data) > MAX_SLOT_BYTES:
        raise Refused("the slot is too long")
    signed = without_sum(data, "the slot")
    body, commitment = signed[:-32], signed[-32:]
    derivation = {0: unsigned(1048577, 65536), 1: unsigned(11, 3), 2: unsigned(5, 1)}
    slot = fields(
        decode(body),
        {
            **{0: exactly(1), 1: exactly(1), 2: mapping(derivation), 3: octets(32)},
            **{4: exactly(place.vault), 5: exactly(place.machine), 6: exactly(place.repository)},
            **{7: octets(32), 8: exactly(place.number), 9: octets(32), 10: unsigned()},
            11: octets(48),
        },
    )
    return slot, body, commitment


def open_slot(data, place, passphrase, weak_allowed=False):
    """The keys of the repository; `WrongPassphrase` if the slot is not this passphrase's."""
    slot, body, commitment = parse_slot(data, place)
    memory, passes, lanes = (slot[2][key] for key in range(3))
    if memory < 262144 and not weak_allowed:
        raise Refused("the slot's derivation is weaker than writers make it")
    derived = hash_secret_raw(passphrase, slot[3], passes, memory, lanes, 32, Type.ID, 0x13)
    if hmac(expand(derived, b"backup/v1/slot/commit"), body) != commitment:
        raise WrongPassphrase("the passphrase is wrong")
    seed = Ed25519PrivateKey.from_private_bytes(expand(derived, b"backup/v1/slot/auth"))
    if seed.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) != slot[9]:
        raise Refused("the slot's public key is another")
    kek = expand(derived, b"backup/v1/slot/kek")
    aad = encode({key: slot[key] for key in range(11)})
    master = open_gcm(kek, NONCE_0, aad, slot[11], "the master key")
    return Keys(slot[7], extract(slot[7], master))
