// Foreign text formats: hex dumps of every dialect.

export { type ByteSpan, HEX_DIALECTS, type HexDialect, type HexImage, type LineSpan } from './files/hex-image.js';
export { parseHexText, recogniseHexText } from './files/hex-text.js';
export { HexTextError } from './files/hex-text-error.js';
export { type HexTextOptions, HexTextStream } from './files/hex-text-stream.js';
