import en from 'virtual:codes/en';
import zh from 'virtual:codes/zh';
import { describe, expect, it } from 'vitest';
import { codesOf } from '../../codes';

describe('codes', () => {
  it('are read out of the tables of docs', () => {
    const page =
      '# Codes\n\n## One\n\n| code | means | the way out |\n| --- | --- | --- |\n| `A_B` | An `a` \\| b. | Wait. |\n\n## Two\n';
    expect(codesOf(page)).toEqual([
      { title: 'One', codes: [{ code: 'A_B', means: 'An `a` | b.', wayOut: 'Wait.' }] },
    ]);
  });

  it('are the same in both languages, each with its words', () => {
    const names = (sections: typeof en) => sections.map(({ codes }) => codes.map(({ code }) => code));
    expect(names(zh)).toEqual(names(en));
    expect(names(en).flat().length).toBeGreaterThan(300);
    for (const { codes } of [...en, ...zh])
      for (const { code, means, wayOut } of codes) expect(means && wayOut, code).toBeTruthy();
    for (const { means } of zh.flatMap(({ codes }) => codes)) expect(means).toMatch(/\p{Script=Han}/u);
  });
});
