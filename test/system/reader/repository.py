"""A point opened: its indexes and packs, and chunks by their references (docs/format.md 12)."""

from pack import Pack
from point import left_out_of, open_manifest
from primitives import little
from refs import read_refs
from sealed import open_config, open_index
from strict_cbor import Refused
from tree import DATA

FOLDER_OF_KIND = {1: "data", 2: "tree"}


class Chunks:
    """The chunks that a point's indexes place in the packs of its refs."""

    def __init__(self, indexes, pack_ids, open_pack, keys):
        self.indexes, self.pack_ids, self.keys = indexes, pack_ids, keys
        self.open_pack, self.packs, self.last = open_pack, {}, None

    def read(self, reference, kind):
        """The plaintext of a chunk of that type; the next place is tried where one fails."""
        id, length = reference[:32], little(reference[32:])
        failure = Refused(f"no index places the chunk {id.hex()}")
        wanted = 1 if kind == DATA else 2
        for index in self.indexes:
            for place in index.places.get(id, []) if index.kind == wanted else []:
                if place.pack.id not in self.pack_ids:
                    continue
                try:
                    return self._read(place, id, length, kind)
                except Refused as refused:
                    failure = refused
        raise failure

    def _read(self, place, id, length, kind):
        pack = self.pack(place.pack.id, 1 if kind == DATA else 2)
        segment = self._segment(pack, place.pack.id, place.segment)
        plain = segment[place.start : place.start + place.length]
        if length != place.length or self.keys.chunk_id(kind, plain) != id:
            raise Refused(f"the chunk {id.hex()} is not what its id says")
        return plain

    def _segment(self, pack, id, number):
        if self.last is None or self.last[0] != (id, number):
            self.last = ((id, number), pack.segment(number))
        return self.last[1]

    def pack(self, id, kind):
        if id not in self.packs:
            self.packs[id] = self.open_pack(id, kind)
        return self.packs[id]

    def check_indexes(self):
        """Every index says of its packs just what their directories say."""
        for index in self.indexes:
            rows = {}
            for id, places in index.places.items():
                for p in places:
                    rows.setdefault(p.pack.id, []).append((id, p.segment, p.start, p.length))
            for listed in index.packs:
                if listed.id not in self.pack_ids:
                    continue
                pack = self.pack(listed.id, index.kind)
                if (listed.header, listed.segments) != (pack.header, pack.segment_bytes):
                    raise Refused(f"an index is wrong about the pack {listed.id.hex()}")
                if sorted(rows.get(listed.id, [])) != sorted(pack.chunks):
                    raise Refused(f"an index misplaces chunks of {listed.id.hex()}")


class OpenPoint:
    """A point whose manifest, indexes, packs and refs have been read and agree."""

    def __init__(self, point, folder, keys):
        self.commit, self.keys, self.folder = point.commit, keys, folder
        self.repository = self.commit[3]
        self._open_config()
        self.manifest = open_manifest(self._object("manifest", self.commit[7]), self.commit, keys)
        named = [item[2] for item in self.manifest[1]]
        stored = [self._object("index", id) for id in named]
        indexes = [open_index(data, keys) for data in stored]
        if [[i.kind, i.lowest_id] for i in indexes] != [i[:2] for i in self.manifest[1]]:
            raise Refused("the manifest is wrong about an index")
        packs = self._pack_ids(named, {pack.id for i in indexes for pack in i.packs})
        self.chunks = Chunks(indexes, packs, self._open_pack, keys)
        self.chunks.check_indexes()
        stored += [pack.data for pack in self.chunks.packs.values()]
        if sum(map(len, stored)) != self.commit[10]:
            raise Refused("the commit record is wrong about the bytes of its objects")
        self.left_out = left_out_of(self.manifest, self.chunks)

    def _object(self, kind, id):
        return self.folder.object(self.repository, kind, id)

    def _open_pack(self, id, kind):
        return Pack(self._object(FOLDER_OF_KIND[kind], id), kind, self.keys)

    def _open_config(self):
        records = list(self.folder.records("configs", self.repository))
        self.config = [open_config(data, place, self.keys) for place, data in records][-1]

    def _pack_ids(self, index_ids, indexed):
        """The packs of the refs, which are these and the indexes, no more and no less."""
        ids = read_refs(self.commit[8], lambda id: self._object("refs", id))
        packs = set(ids) - set(index_ids)
        if len(ids) != self.commit[9] or not set(index_ids) <= set(ids) or not packs <= indexed:
            raise Refused("the refs are not those of the point")
        return packs
