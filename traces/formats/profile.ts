/** A profile as a trace: rows drawn from it, by its own seed. */
import { DataError } from '../../reference/kernel/errors.ts';
import { PROFILE_SCHEMA } from '../profile/profile.ts';
import { PROFILE_BYTES_MAX, readProfile } from '../profile/read-profile.ts';
import { syntheticRows } from '../profile/synthetic-rows.ts';
import type { FormatParser, ParserContext, TraceFormat } from '../trace-format.ts';

export const profile: TraceFormat = {
  name: 'profile',
  description: 'a profile that fvp trace fit wrote: a synthetic trace is drawn from it',
  recognisedBy: `the schema ${PROFILE_SCHEMA}`,
  encoding: 'binary',
  pairsCompletions: false,
  recognise: (head) =>
    /^(?:#[^\n]*\n)*\{?\s*"?schema"?:\s*"?fvp\.profile\//.test(
      Buffer.from(head.subarray(0, 4096)).toString('latin1'),
    ),
  open: (context) => new ProfileParser(context),
};

class ProfileParser implements FormatParser {
  private readonly context: ParserContext;

  constructor(context: ParserContext) {
    this.context = context;
  }

  parse(_bytes: Uint8Array, start: number, end: number): number {
    if (end - start > PROFILE_BYTES_MAX) {
      throw new DataError(
        'the profile is too long',
        { file: this.context.file },
        { expected: 'at most 16 MiB' },
      );
    }
    return start;
  }

  end(bytes: Uint8Array, start: number, end: number): void {
    const { rows, disks, file } = this.context;
    const profile = readProfile(
      Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString(),
      file,
    );
    const numbers = profile.disks.map(({ name }) => disks.intern(name, file));
    const cursor = syntheticRows(profile, { seed: profile.seed, ios: profile.ios });
    let place = 0;
    for (let block = cursor.next(); block !== undefined; block = cursor.next()) {
      for (let i = 0; i < block.length; i++) {
        rows.add(
          block.timeNs[i]!,
          block.op[i]!,
          block.offset[i]!,
          block.lengthBytes[i]!,
          block.latencyNs[i]!,
          numbers[block.disk[i]!]!,
          block.flags[i]!,
          block.pid[i]!,
          place++,
        );
      }
    }
  }
}
