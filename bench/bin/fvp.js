#!/usr/bin/env node
/** The executable. It only finds the built program and hands over, so that start-up costs little. */
import nodeModule from 'node:module';
import process from 'node:process';

const NODE_MAJOR_MIN = 20;
/** sysexits.h EX_UNAVAILABLE */
const EXIT_UNAVAILABLE = 69;

// Node 22 and later keep compiled code between starts.
nodeModule.enableCompileCache?.();

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
  process.stderr.write(`fvp: needs Node 20.19 or later, this is ${process.version}\n`);
  process.exit(EXIT_UNAVAILABLE);
}

const program = new URL('../../dist/bench/program/main.js', import.meta.url);
let main;
try {
  ({ main } = await import(program.href));
} catch (error) {
  if (error?.code !== 'ERR_MODULE_NOT_FOUND' || error.url !== program.href) throw error;
  process.stderr.write('fvp: not built yet\n  npm run build\n');
  process.exit(EXIT_UNAVAILABLE);
}
await main(process.argv.slice(2));
