/** Runs the built program as a person would. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../program/package-root.ts';

export interface Outcome {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Written to standard input, which is closed after it. */
  readonly input?: string | Uint8Array;
  /** Called with the process's id once it is running. */
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => void;
  /** A file descriptor for standard output instead of a pipe. */
  readonly stdout?: number;
}

/** Shorter than the time a test has. */
const TIME_LIMIT_MS = 50_000;
const FVP = fileURLToPath(new URL('bench/bin/fvp.js', packageRoot()));

/** `runFvp(['bench', 'run', '--help'])`: its exit code and what it printed. */
export function runFvp(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const env: Record<string, string | undefined> = { ...process.env, ...options.env };
    // The program must behave as in a shell, not as under the test runner.
    for (const name of ['NODE_ENV', 'VITEST', 'FORCE_COLOR', 'NODE_OPTIONS'])
      if (options.env?.[name] === undefined) delete env[name];
    const child = spawn(process.execPath, [FVP, ...argv], {
      cwd: options.cwd ?? process.cwd(),
      env,
      stdio: ['pipe', options.stdout ?? 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    // A program that hangs must not go on when its test has been given up.
    const limit = setTimeout(() => child.kill('SIGKILL'), TIME_LIMIT_MS);
    child.on('error', reject);
    child.on('close', (exitCode) => {
      clearTimeout(limit);
      resolve({ exitCode, stdout, stderr });
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
    options.onStart?.((signal) => child.kill(signal));
  });
}
