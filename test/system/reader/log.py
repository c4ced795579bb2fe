"""The vault's own log (docs/format.md 11.1)."""

from pathlib import Path

from point import open_signed
from shapes import anything, array, ascending, exactly, fields, octets, one_of, text, unsigned
from strict_cbor import Refused

ID, WORD = octets(16), text()
PURPOSE, ACCESS = one_of("register", "recover"), one_of("full", "read-only")
CAUSE = one_of("asked", "expired")
HASH, TIME, SEQ = octets(32), unsigned(), unsigned(least=1)


def seqs(value):
    array(SEQ)(value)
    ascending(value)


KINDS = {
    "vault-created": ({0: ID, 1: WORD}, {}),
    "address-set": ({0: WORD, 1: unsigned(65536)}, {}),
    "credential-issued": (
        {0: ID, 1: unsigned(), 2: PURPOSE, 4: octets(1, 16384), 5: unsigned(), 6: unsigned()},
        {3: ID},
    ),
    "credentials-revoked": ({0: ID}, {1: PURPOSE, 2: ID}),
    "machine-registered": ({0: ID, 1: ID, 2: WORD, 3: WORD, 4: unsigned()}, {}),
    "machine-retired": ({0: ID}, {}),
    "machine-deleted": ({0: ID}, {}),
    "certificate-issued": (
        {0: WORD, 1: ID, 2: ACCESS, 3: unsigned(), 4: WORD, 5: WORD},
        {6: WORD, 7: one_of(0, 1)},
    ),
    "certificate-revoked": ({0: WORD}, {}),
    "recovery-try": ({0: ID, 1: unsigned(), 2: one_of(0, 1)}, {}),
    "authority-successor": ({0: WORD}, {}),
    "soft-delete-set": ({0: ID, 1: unsigned(181, 14)}, {}),
    "points-deleted": ({0: ID, 1: WORD, 2: seqs, 3: CAUSE, 4: TIME}, {}),
    "points-undeleted": ({0: ID, 1: WORD, 2: seqs, 3: TIME}, {}),
    "points-removed": ({0: ID, 1: WORD, 2: seqs}, {}),
    "retention-set": ({0: ID, 1: WORD, 2: WORD, 3: TIME}, {}),
    "retention-cancelled": ({0: ID, 1: WORD}, {}),
    "points-wanted": ({0: ID, 1: WORD, 2: seqs, 3: TIME}, {}),
    "immutability-set": ({0: ID, 1: one_of("off", "on", "locked")}, {}),
    "data-given-up": ({0: ID}, {}),
    "data-kept": ({0: ID}, {}),
    "hold-set": ({0: ID, 3: WORD}, {1: WORD, 2: SEQ}),
    "hold-cleared": ({0: ID}, {1: WORD, 2: SEQ}),
    "slot-deleted": ({0: ID, 1: unsigned(), 2: unsigned(), 3: TIME}, {}),
    "pin-issued": ({0: HASH, 1: ID, 2: WORD, 3: HASH, 4: HASH, 5: TIME}, {}),
    "pin-refused": ({0: HASH}, {}),
    "pin-used": ({0: HASH}, {}),
    "object-damaged": ({0: ID, 1: unsigned(), 2: WORD, 3: HASH, 4: unsigned()}, {}),
    "object-sound": ({0: ID, 1: unsigned(), 2: HASH}, {}),
    "operator-added": ({0: WORD, 1: octets(32)}, {}),
    "operator-removed": ({0: WORD}, {}),
    "approval-asked": (
        {0: ID, 1: WORD, 2: WORD, 3: WORD, 4: WORD, 5: TIME, 6: octets(64)},
        {},
    ),
    "approval-given": ({0: ID, 1: WORD, 2: octets(64)}, {}),
    "approval-used": ({0: ID}, {}),
    "clock-suspended": ({0: TIME, 1: TIME}, {}),
    "clock-confirmed": ({0: TIME}, {}),
}


def read_log(vault_folder, authority=None):
    """The bodies of the records, oldest first; each names the sum of the one before it."""
    bodies, previous = [], bytes(32)
    for number, path in enumerate(sorted((Path(vault_folder) / "objects/records").iterdir())):
        if path.name != f"{number:016x}":
            raise Refused("the vault's log has a gap")
        data = path.read_bytes()
        body = open_signed(data, b"backup/v1/record", 16384, authority)
        required = {0: exactly(1), 1: exactly(number), 2: unsigned(), 3: one_of(*KINDS)}
        fields(body, {**required, 4: anything, 5: exactly(previous)})
        fields(body[4], *KINDS[body[3]])
        previous = data[-32:]
        bodies.append(body)
    return bodies
