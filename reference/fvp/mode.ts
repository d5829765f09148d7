/** The five modes a person can ask for. */

export const MODE_NAMES = ['none', 'write-through', 'write-back', 'write-back+1', 'write-back+2'] as const;
export type ModeName = (typeof MODE_NAMES)[number];

export interface Mode {
  /** False: FVP is OFF and every request passes through to the datastore. */
  readonly accelerated: boolean;
  readonly writeBack: boolean;
  /** Peer hosts that must hold each write before it is acknowledged: 0, 1 or 2. */
  readonly replicas: number;
}

const MODES: Readonly<Record<ModeName, Mode>> = {
  none: { accelerated: false, writeBack: false, replicas: 0 },
  'write-through': { accelerated: true, writeBack: false, replicas: 0 },
  'write-back': { accelerated: true, writeBack: true, replicas: 0 },
  'write-back+1': { accelerated: true, writeBack: true, replicas: 1 },
  'write-back+2': { accelerated: true, writeBack: true, replicas: 2 },
};

export function modeOf(name: ModeName): Mode {
  return MODES[name];
}

export function isModeName(name: string): name is ModeName {
  return (MODE_NAMES as readonly string[]).includes(name);
}
