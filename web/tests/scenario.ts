import type { Person } from './person';

/** What a scenario is told by whoever asks for it. */
export interface Job {
  scenario: string;
  /** Where the service is: `http://127.0.0.1:8080`. */
  url: string;
  /** Where pictures of what went wrong are put. */
  folder: string;
  data: Record<string, unknown>;
}

export type Figures = Record<string, unknown>;

/** All that a step can use. */
export interface Scene {
  person: Person;
  job: Job;
  /** What the scenario answers. */
  figures: Figures;
  /** A text of the job. */
  told: (name: string) => string;
  /** Has whoever asked for the scenario do something outside the page, and waits until it is done. */
  outside: (what: string, more?: Figures) => Promise<Record<string, unknown>>;
}

export interface Step {
  name: string;
  act: (scene: Scene) => Promise<void>;
}

export interface Scenario {
  name: string;
  /** Languages and such of the browser that it is played in. */
  browser?: { locale?: string; reducedMotion?: 'reduce'; forcedShade?: 'light' | 'dark' };
  steps: readonly Step[];
}

export function step(name: string, act: Step['act']): Step {
  return { name, act };
}

/** What a scenario says where the product does not do what it should. */
export class Wrong extends Error {}

export function ensure(holds: unknown, message: string): asserts holds {
  if (!holds) throw new Wrong(message);
}
