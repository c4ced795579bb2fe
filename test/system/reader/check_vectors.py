#!/usr/bin/python3
"""Checks fixtures/vectors with the reader's own parts; a line for each file, and for each vector that differs."""

import hashlib
import json
import re
import sys
from itertools import accumulate
from pathlib import Path

from chunker import gear_table, hash_after, lengths_of_chunks
from cutting import MAP, TREE, map_pieces, root_page, tree_pieces
from folder import SlotPlace
from keys import Keys, open_slot, read_passphrase
from pack import Pack, decompress, stored_directory_length
from point import LEFT_OUT, check_commit, check_manifest
from primitives import NONCE_0, expand, extract, little, open_gcm, padme, sha256, u32
from refs import check_page, write_refs
from sealed import check_config, check_index, open_sealed, plain_length
from shapes import array
from strict_cbor import Refused, decode, encode
from tree import check_entry

VECTORS = Path(__file__).resolve().parents[3] / "fixtures" / "vectors"
hexed = bytes.fromhex


class FixedKeys(Keys):
    """Keys of which the vectors give one alone."""

    def __init__(self, k_id):
        super().__init__(b"", b"")
        object.__setattr__(self, "k_id", k_id)

    def named(self, name):
        return self.k_id


def keys_of(vector):
    repository_id = hexed(vector["repositoryId"])
    return Keys(repository_id, extract(repository_id, hexed(vector["masterKey"])))


def accepts(check, *values):
    try:
        check(*values)
        return True
    except Refused:
        return False


def refuses_all(vectors, check, key="bytes"):
    """(about, right) of vectors that must be refused."""
    for vector in vectors:
        yield f"refused: {vector['about']}", not accepts(check, hexed(vector[key]))


def check_keys(file):
    keys = keys_of(file)
    yield "prk", keys.prk == hexed(file["prk"])
    for name in ("Id", "Chunker", "Index", "Hedge", "Local"):
        yield name, keys.named(name.lower().encode()) == hexed(file["k" + name])
    for each in file["epochs"]:
        for name in ("Pack", "Manifest"):
            key = keys.of_epoch(each["epoch"], name.lower().encode())
            yield f"{name} {each['epoch']}", key == hexed(each["k" + name])


def check_chunk_id(file):
    keys = keys_of(file)
    for chunk in file["chunks"]:
        yield chunk["plaintext"], keys.chunk_id(
            chunk["type"], hexed(chunk["plaintext"])
        ).hex() == chunk["id"]
    yield "largest", keys.chunk_id(1, bytes(8 << 20)).hex() == file["largest"]["id"]
    for each in file["names"]:
        piece = tree_pieces([(hexed(each["name"]), b"")], keys)[0]
        yield each["name"], piece.hash == little(hexed(each["hash"]))


def check_gear64(file):
    keys = keys_of(file)
    table = gear_table(keys)
    yield "table", b"".join(entry.to_bytes(8, "little") for entry in table) == hexed(file["table"])
    data = hexed(file["hashes"]["data"])
    for place in file["hashes"]["places"]:
        yield f"hash at {place['at']}", hash_after(data[: place["at"] + 1], table) == int(
            place["hash"]
        )

    for each in file["files"]:
        parameters = [each["parameters"][name] for name in PARAMETERS]
        lengths = lengths_of_chunks(_content_of(each["about"]), parameters, table)
        yield each["about"], list(accumulate(lengths)) == each["cuts"]


PARAMETERS = ("minBytes", "normalBytes", "maxBytes", "strictBits", "looseBits")


def _content_of(about):
    """A file as a vector describes it."""
    zeros = re.fullmatch(r"(\d+) zero bytes", about)
    if zeros:
        return bytes(int(zeros[1]))
    shake = re.fullmatch(r'the first (\d+) bytes of SHAKE256 of the ASCII text "(.*)"', about)
    if shake:
        return hashlib.shake_256(shake[2].encode()).digest(int(shake[1]))
    return bytes(3 * (i % 64) for i in range(5000))


def check_padme(file):
    for each in file["padme"]:
        yield f"length {each['length']}", padme(each["length"]) == each["padded"]
    for each in file["directories"]:
        yield f"directory {each['plain']}", stored_directory_length(each["plain"]) == each["stored"]
    for each in file["payloads"]:
        yield f"payload {each['payload']}", plain_length(each["payload"]) == each["plain"]


def check_passphrase(file):
    for each in file["files"]:
        yield each["about"], read_passphrase(hexed(each["file"])) == hexed(each["passphrase"])
    yield from refuses_all(file["refused"], read_passphrase, "file")


def check_slot(file):
    for each in file["slots"]:
        body = decode(hexed(each["body"]))
        place = SlotPlace(body[4], body[5], body[6], body[8])
        opened = open_slot(hexed(each["bytes"]), place, hexed(each["passphrase"]), True)
        yield each["about"], opened.prk == extract(body[7], hexed(each["masterKey"]))


def check_sealed_object(file):
    keys = keys_of(file)
    for each in file["objects"]:
        opened = open_sealed(hexed(each["bytes"]), each["type"], hexed(each["context"]), keys)
        yield each["about"], opened == hexed(each["payload"])
    yield from refuses_all(file["refusedIndexes"], lambda data: open_sealed(data, 2, b"", keys))


def check_repository_config(file):
    for each in file["configs"]:
        payload, config = hexed(each["payload"]), each["config"]
        wanted = (config["number"], config["repository"], hexed(config["repositoryId"]))
        yield f"number {config['number']}", accepts(check_config, payload, *wanted)
    same = lambda data: check_config(data, 0, 0, b" " * 32)
    yield from refuses_all(file["unsupported"] + file["refused"], same, "payload")


def check_predecessors(file):
    prk = extract(hexed(file["repositoryId"]), hexed(file["masterKey"]))
    salt, sealed = hexed(file["sealed"])[:32], hexed(file["sealed"])[32:]
    key = expand(prk, b"backup/v1/predecessors" + salt)
    opened = open_gcm(key, NONCE_0, hexed(file["repositoryId"]), sealed, "the keys")
    wanted = b"".join(
        u32(each["number"]) + hexed(each["repositoryId"]) + hexed(each["masterKey"])
        for each in file["predecessors"]
    )
    yield "sealed", opened == wanted


def check_index_object(file):
    for number, each in enumerate(file["indexes"]):
        yield f"index {number}", accepts(check_index, hexed(each["payload"]))
    yield from refuses_all(file["refused"], check_index, "payload")


def check_commits(file):
    for each in file["commits"]:
        yield each["recordHash"], check_commit(hexed(each["bytes"]))[5] == each["commit"]["seq"]
    yield from refuses_all(file["refused"], lambda data: check_commit(data))


def check_pack(file):
    keys = keys_of(file)
    for each in file["packs"]:
        pack = Pack(hexed(each["bytes"]), {"data": 1, "tree": 2}[each["kind"]], keys)
        found = [(id.hex(), segment, at, length) for id, segment, at, length in pack.chunks]
        names = ("id", "segment", "placeBytes", "lengthBytes")
        yield each["about"], found == [
            tuple(chunk[name] for name in names) for chunk in each["chunks"]
        ]
        for chunk in each["chunks"]:
            raw = pack.segment(chunk["segment"])[chunk["placeBytes"] :][: chunk["lengthBytes"]]
            kind = pack.segments[chunk["segment"]].type
            yield chunk["id"], keys.chunk_id(kind, raw).hex() == chunk["id"]
    padded = lambda head: Pack(head + bytes(16384 - len(head)), head[10], keys)
    yield from refuses_all(file["refusedHeads"], padded, "head")


def check_zstd_frame(file):
    for each in file["frames"]:
        raw = decompress(hexed(each["frame"]), each["rawBytes"])
        yield each["about"], sha256(raw).hex() == each["rawSha256"]
    for each in file["refused"]:
        yield f"refused: {each['about']}", not accepts(
            decompress, hexed(each["frame"]), each["rawBytes"]
        )


def check_tree(file):
    keys = FixedKeys(hexed(file["kId"]))
    for each in file["entries"]:
        data = hexed(each["bytes"])
        yield each["about"], encode(check_entry(decode(data))) == data
    check_entry(decode(hexed(file["rootEntry"]["bytes"])), is_root=True)
    yield from refuses_all(file["refusedEntries"], lambda data: check_entry(decode(data)))
    least = hexed(file["leastEntry"])
    trees = [[], [(decode(least)[0], least)]]
    for entries, each in zip(trees, file["trees"]):
        yield each["about"], _pages_agree(tree_pieces(entries, keys), TREE, each, keys)
    for prefix, each in zip((b"file-", b"l" * 4000 + b"-0-"), file["largeTrees"]):
        names = [prefix + b"%06d" % number for number in range(each["count"])]
        entries = [(name, encode({0: name, 1: 1, 2: 0, 3: i})) for i, name in enumerate(names)]
        yield each["about"], _pages_agree(tree_pieces(entries, keys), TREE, each, keys)


def check_file_map(file):
    keys = FixedKeys(hexed(file["kId"]))
    for each in file["maps"]:
        references = [sha256(u32(i)) + u32(1 + i % 1000) for i in range(each["chunks"])]
        if each["about"].startswith("bits 0..8 of each id are cleared"):
            references = [bytes([0, r[1] & 0xFE]) + r[2:] for r in references]
        yield each["about"], _pages_agree(map_pieces(references), MAP, each, keys)


def _pages_agree(written, kind, vector, keys):
    """Whether the pages are those of the vector: the root, and the sum over all."""
    pages = root_page(written, kind, keys)
    root = pages[-1][0]
    ids = sorted({reference[:32] for reference, _ in pages})
    agree = (root[:32].hex(), little(root[32:])) == tuple(vector["root"].values())
    return agree and vector.get("sha256OfSortedIds") in (None, sha256(b"".join(ids)).hex())


def check_refs(file):
    for each in file["sets"]:
        objects, root = write_refs(_ids_of(each))
        sums = sha256(b"".join(sorted(objects))).hex()
        yield each["about"], (root.hex(), sums) == (each["root"], each["sha256OfSortedNames"])
    yield from refuses_all(file["refused"], check_page)


def _ids_of(vector):
    """Those of the last set, whose refs have two levels, are put together from prefixes."""
    if not vector["about"].startswith("for each first byte"):
        return [sha256(b"id %d" % number) for number in range(vector["count"])]
    ids = set()
    for first in range(0, 256, 32):
        base = first << 248
        ids |= {base | 1 << 255 - bit for bit in range(3, 233)}
        ids |= {base | number for number in range(513)}
    return [number.to_bytes(32, "big") for number in ids]


def check_manifests(file):
    for each in file["manifests"]:
        yield each["about"], accepts(check_manifest, decode(hexed(each["payload"])))
    for page in file["manyLeftOut"]["pages"]:
        yield page["id"], accepts(array(LEFT_OUT, 1), decode(hexed(page["bytes"])))


CHECKS = {
    **{"keys": check_keys, "chunk-id": check_chunk_id, "gear64": check_gear64},
    **{"padme": check_padme, "passphrase": check_passphrase, "slot": check_slot},
    **{"sealed-object": check_sealed_object, "repository-config": check_repository_config},
    **{"index-object": check_index_object, "commit": check_commits, "pack": check_pack},
    **{"zstd-frame": check_zstd_frame, "tree": check_tree, "file-map": check_file_map},
    **{"refs": check_refs, "manifest": check_manifests, "predecessors": check_predecessors},
}


def main():
    differing = 0
    for name, check in CHECKS.items():
        results = list(check(json.loads((VECTORS / f"{name}.json").read_text())))
        wrong = [about for about, right in results if not right]
        for about in wrong:
            print(f"{name} differs: {about}")
        print(f"{name}: {len(results) - len(wrong)} of {len(results)}")
        differing += len(wrong)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
