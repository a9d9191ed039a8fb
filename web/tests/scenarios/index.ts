import type { Scenario } from '../scenario';
import { accessible } from './accessible';
import { budget } from './budget';
import { entry } from './entry';
import { failedInstance } from './failedInstance';
import { failingSource } from './failingSource';
import { hostile } from './hostile';
import { keyboard } from './keyboard';
import { languages } from './languages';
import { manage } from './manage';
import { publish } from './publish';
import { tenThousand } from './tenThousand';
import { watched } from './watched';
import { whole } from './whole';
import { wizard } from './wizard';

export const SCENARIOS: readonly Scenario[] = [
  watched,
  entry,
  whole,
  wizard,
  failingSource,
  tenThousand,
  failedInstance,
  publish,
  manage,
  keyboard,
  hostile,
  languages,
  budget,
  accessible,
];
