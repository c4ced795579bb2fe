/** Limits that readers check before they allocate (docs/format.md 1), in bytes. */

/** A chunk's plaintext. */
export const maxChunkBytes = 8_388_608
/** A page of a tree, of a file map or of left-out items. */
export const maxPageBytes = 1_048_576
/** A list that fits into this is one page. */
export const singlePageBytes = 262_144
/** Levels of pages above each other: 0 is a leaf. */
export const maxPageLevel = 15
/** An entry of a tree, encoded. */
export const maxEntryBytes = 262_144
/** Chunk references that stand in the entry of a file; more go to a file map. */
export const maxInlineChunks = 64
/** An attribute's value that stands in the entry. */
export const maxInlineValueBytes = 4_096
/** All values of an entry that stand in it. */
export const maxInlineValuesBytes = 65_536
export const maxNameBytes = 4_096
export const maxTargetBytes = 65_536
export const maxAttributeNameBytes = 255
/** Items of a refs object. */
export const maxRefsItems = 512
/** A refs object. */
export const maxRefsBytes = 65_536
/** Levels of refs objects above each other: 0 is a shard. */
export const maxRefsLevel = 15
/** Left-out items that stand in the manifest; further ones go to pages. */
export const maxInlineLeftOut = 1_000
/** A page of left-out items. */
export const maxLeftOutPageBytes = 262_144
/** The path of a left-out item; what is longer is cut off. */
export const maxLeftOutPathBytes = 16_384
/** The detail of a left-out item; what is longer is cut off. */
export const maxLeftOutDetailBytes = 1_024
/** A manifest's payload. */
export const maxManifestBytes = 33_554_432
/** A text of a manifest, or a user's or group's name. */
export const maxManifestTextBytes = 4_096
