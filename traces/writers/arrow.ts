/** The store, as a form to write: it holds everything. */
import { ArrowWriter } from '../store/arrow-writer.ts';
import type { TraceWriter } from '../trace-writer.ts';

export const arrowWriter: TraceWriter = {
  name: 'arrow',
  suffixes: ['.arrow', '.feather'],
  lacks: '',
  open: async ({ diskNames, provenance, warnings }, bytes) => {
    const options = { diskNames, provenance, warnings, reorderedRows: 0 };
    const writer = await ArrowWriter.create(options, (chunk) => bytes.write(chunk));
    return {
      write: (block) => writer.accept(block),
      finish: () => {
        writer.finish();
        return [];
      },
    };
  },
};
