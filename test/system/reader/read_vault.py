#!/usr/bin/python3
"""Reads recovery points from a vault's directory, with the passphrase and nothing of the agent's.

Written from docs/format.md alone. Needs python3-cryptography, python3-argon2 and python3-zstd.
Exit status: 0 read and right, 1 refused.
"""

import argparse
import json
import sys
from pathlib import Path

from cryptography.x509 import load_pem_x509_certificate

from folder import MachineFolder
from keys import WrongPassphrase, open_slot, read_passphrase
from listing import list_point
from log import read_log
from point import read_points
from repository import OpenPoint
from restoring import restore
from strict_cbor import Refused


def main():
    options = _parse_words()
    try:
        for value in options.run(options):
            print(json.dumps(value))
    except Refused as refused:
        print(f"refused: {refused}", file=sys.stderr)
        return 1
    return 0


def _parse_words():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vault", help="the vault's directory")
    parser.add_argument("--passphrase-file", type=Path, required=True)
    parser.add_argument("--authority", type=Path, help="certificate that signs the vault's records")
    parser.add_argument("--machine", help="id, where the vault has several")
    parser.add_argument("--source", default="files")
    parser.add_argument("--weak-slot", action="store_true", help="accept a weak derivation")
    commands = parser.add_subparsers(required=True)
    commands.add_parser("points").set_defaults(run=show_points)
    commands.add_parser("log", help="the kinds of the vault's records").set_defaults(run=show_log)
    listing = commands.add_parser("list", help="one JSON line for each entry")
    listing.add_argument("seq", type=int)
    listing.add_argument("--check-cuts", action="store_true", help="cut the files again")
    listing.set_defaults(run=show_entries)
    restoring = commands.add_parser("restore")
    restoring.add_argument("seq", type=int)
    restoring.add_argument("folder")
    restoring.set_defaults(run=make_folder)
    return parser.parse_args()


def show_points(options):
    reader = Reader(options)
    for point in reader.points:
        left_out = [[item[0].hex(), *item[1:]] for item in reader.open(point).left_out]
        yield {"seq": point.commit[5], "point": point.id.hex(), "leftOut": left_out}


def show_log(options):
    for body in read_log(options.vault, _authority(options)):
        yield {"number": body[1], "kind": body[3]}


def show_entries(options):
    reader = Reader(options)
    yield from list_point(reader.open(reader.point(options.seq)), options.check_cuts)


def make_folder(options):
    reader = Reader(options)
    for path in restore(reader.open(reader.point(options.seq)), options.folder):
        yield {"notMade": path.hex()}


class Reader:
    """The points of a machine's source, and the keys that open them."""

    def __init__(self, options):
        self.folder = MachineFolder(options.vault, options.machine)
        self.points = read_points(self.folder, options.source, _authority(options))
        self.passphrase = read_passphrase(options.passphrase_file.read_bytes())
        self.weak_slot = options.weak_slot
        self.keys = {}

    def point(self, seq):
        if not 1 <= seq <= len(self.points):
            raise Refused(f"there is no point {seq}")
        return self.points[seq - 1]

    def open(self, point):
        repository = point.commit[3]
        if repository not in self.keys:
            self.keys[repository] = self._open_slot(repository)
        return OpenPoint(point, self.folder, self.keys[repository])

    def _open_slot(self, repository):
        for place, data in self.folder.records("slots", repository):
            try:
                return open_slot(data, place, self.passphrase, self.weak_slot)
            except WrongPassphrase:
                continue
        raise Refused("the passphrase opens no slot")


def _authority(options):
    if options.authority is None:
        return None
    return load_pem_x509_certificate(options.authority.read_bytes()).public_key()


if __name__ == "__main__":
    sys.exit(main())
