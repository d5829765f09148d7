#!/usr/bin/env node
/** The executable. It only finds the built program and hands over, so that start-up costs little. */
import nodeModule from 'node:module';
import process from 'node:process';

/** As in package.json. */
const NODE_MIN = [20, 19];
/** sysexits.h EX_UNAVAILABLE */
const EXIT_UNAVAILABLE = 69;

// Node 22 and later keep compiled code between starts.
nodeModule.enableCompileCache?.();

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < NODE_MIN[0] || (major === NODE_MIN[0] && minor < NODE_MIN[1])) {
  process.stderr.write(`fvp: needs Node ${NODE_MIN.join('.')} or later, this is ${process.version}\n`);
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
