/** Writes zstd frames without compressing, for tests: RFC 8878, one raw block, no checksum. */

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** Four bytes of content size, single segment. */
const DESCRIPTOR = 0xa0;
const BLOCK_BYTES_MAX = 128 * 1024;

export function zstdFrame(content: Uint8Array): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < content.length; at += BLOCK_BYTES_MAX) {
    const block = content.subarray(at, at + BLOCK_BYTES_MAX);
    const last = at + block.length === content.length ? 1 : 0;
    const header = Buffer.alloc(3);
    header.writeUIntLE((block.length << 3) | last, 0, 3);
    blocks.push(header, Buffer.from(block));
  }
  const size = Buffer.alloc(4);
  size.writeUInt32LE(content.length);
  return Buffer.concat([Buffer.from([...MAGIC, DESCRIPTOR]), size, ...blocks]);
}
