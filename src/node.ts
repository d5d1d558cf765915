// What needs Node: files and pipes.

export {
  type InputFormat,
  type InputOptions,
  linesOf,
  piecesOf,
  readRecords,
  recogniseFormat,
} from './capture/input.node.js';
export { RecordFile } from './capture/record-file.node.js';
export { FileGuestMemory } from './memory/file-memory.node.js';
