"""Where a vault keeps what (docs/format.md 11): paths, and objects by their names."""

from dataclasses import dataclass
from pathlib import Path

from primitives import sha256
from strict_cbor import Refused


@dataclass(frozen=True)
class SlotPlace:
    """What the path of a slot or config says."""

    vault: bytes
    machine: bytes
    repository: int
    number: int


class MachineFolder:
    """One machine's objects."""

    def __init__(self, vault_folder, machine=None):
        found = sorted(Path(vault_folder).glob("objects/vaults/*/machines/*"))
        wanted = [path for path in found if machine in (None, path.name)]
        if len(wanted) != 1:
            raise Refused(f"there are {len(wanted)} machines to choose from; say --machine")
        self.path = wanted[0]
        self.vault = bytes.fromhex(self.path.parent.parent.name)
        self.machine = bytes.fromhex(self.path.name)
        self.owner = [self.vault, self.machine]

    def records(self, kind, repository):
        """(place, bytes) of the slots or configs, ascending by number."""
        paths = sorted((self.path / "repositories" / str(repository) / kind).iterdir())
        for number, path in enumerate(paths):
            if path.name != f"{number:016x}":
                raise Refused(f"{kind} are not numbered without a gap")
            yield SlotPlace(self.vault, self.machine, repository, number), path.read_bytes()

    def object(self, repository, kind, id):
        """The bytes of an object, which are those that its name says."""
        name = id.hex()
        path = self.path / "repositories" / str(repository) / kind / name[:2] / name
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise Refused(f"{kind} {name} is missing") from None
        if sha256(data) != id:
            raise Refused(f"{kind} {name} is damaged")
        return data

    def points(self, source):
        """(seq, folder) of the source's points, ascending."""
        for path in sorted((self.path / "points" / source).iterdir()):
            yield int(path.name, 16), path
