/**
 * Energy of single operations at 45 nm and 0.9 V, in picojoules, from M. Horowitz, "Computing's energy problem (and what
 * we can do about it)", ISSCC 2014. A shift of an 8-bit value by a constant is not in that table; the addition of 32 bits that
 * follows it is what is counted.
 */
export const PICOJOULES = { addInt32: 0.1, addFloat32: 0.9, multiplyInt8: 0.2, multiplyInt32: 3.1, multiplyFloat32: 3.7 } as const;

export interface Cost {
  name: string;
  detail: string;
  microjoules: number;
  shift: boolean;
}

/**
 * What the arithmetic of one picture would take: with shifts, with 8-bit and with f32 multiplications.
 * `remaining` are the multiplications that the shift network still does.
 */
export function costs(terms: number, remaining: number): Cost[] {
  const { addInt32, addFloat32, multiplyInt8, multiplyInt32, multiplyFloat32 } = PICOJOULES;
  const cost = (name: string, detail: string, picojoules: number, shift = false): Cost => ({
    name,
    detail,
    microjoules: picojoules / 1e6,
    shift,
  });
  return [
    cost("Shift network", "32-bit integer additions", terms * addInt32 + remaining * multiplyInt32, true),
    cost("8-bit integers", "8-bit multiplications, 32-bit additions", terms * (multiplyInt8 + addInt32)),
    cost("f32", "f32 multiplications and additions", terms * (multiplyFloat32 + addFloat32)),
  ];
}
