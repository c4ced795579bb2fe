/** Label of the TLS exporter that binds signatures to a connection (docs/protocol.md), and its length in bytes. */
export const exporterLabel = 'EXPORTER-backup-v1'
export const exporterBytes = 32
