export {
  type Checkpoint,
  formatCheckpoint,
  formatCheckpointText,
  openCheckpoint,
  parseCheckpointText,
  type SignedCheckpoint,
  signCheckpoint,
} from './checkpoint.ts'
export { TlogError, type TlogErrorCode } from './error.ts'
export { emptyRoot, leafHash, nodeHash, rootOfComplete } from './hash.ts'
export { Log, type LogOptions, readTiles } from './log.ts'
export {
  cosign,
  type Ed25519Sign,
  formatNote,
  formatSignatureLine,
  formatVerifierKey,
  type Note,
  type NoteSignature,
  noteAlgorithm,
  parseNote,
  parseVerifierKey,
  rawEd25519,
  signWith,
  type VerifierKey,
  verifyNote,
} from './note.ts'
export { parsePolicy, requireQuorum, type TrustPolicy } from './policy.ts'
export { formatProof, parseProof, type TlogProof, verifyProof } from './proof.ts'
export { headersFor } from './serve.ts'
export { DirectoryStorage, type LogStorage, MemoryStorage } from './storage.ts'
export {
  decodeBundle,
  encodeBundle,
  entryMost,
  parseTilePath,
  type Tile,
  tilePath,
  tilesOf,
  tileWidth,
} from './tile.ts'
export { type ReadTile, Tree } from './tree.ts'
export { verifyConsistency, verifyInclusion } from './verify.ts'
export { type VerifyLogOptions, verifyLog } from './verify-log.ts'
export {
  acceptCosignatures,
  answerAddCheckpoint,
  formatAddCheckpoint,
  type Witness,
  type WitnessMemory,
} from './witness.ts'
