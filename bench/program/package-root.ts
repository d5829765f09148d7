import { existsSync } from 'node:fs';

/** The folder of fvp's package.json as a URL, found both from the sources and from dist/. */
export function packageRoot(): URL {
  let folder = new URL('.', import.meta.url);
  while (!existsSync(new URL('package.json', folder))) folder = new URL('..', folder);
  return folder;
}
