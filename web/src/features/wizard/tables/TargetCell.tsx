import { Identifier, visible } from '@/ui/Identifier';
import { idOf } from './reference';
import type { useTexts } from './texts';
import type { Target } from './useTargets';

type Say = ReturnType<typeof useTexts>;

/** How many others a message names. */
const NAMED = 3;

/** The table at the destination that a source table becomes, or why it cannot be. */
export function TargetCell({
  say,
  target,
  others,
  ticked,
  exists,
  longest,
}: {
  say: Say;
  target: Target;
  /** Tables that come to the same name. */
  others: readonly string[];
  ticked: boolean;
  exists: boolean;
  longest: number;
}) {
  const said = target.finding && [target.finding.message, target.finding.hint].filter(Boolean).join(' — ');
  const fault = target.fault ? say(`fault_${target.fault}`, { longest }) : said;
  const reason = fault ?? (others.length > 0 ? say('collides', { others: named(others, say) }) : undefined);
  const isWrong = ticked && reason !== undefined;
  return (
    <>
      <span aria-hidden className="table-ticks-arrow">
        →
      </span>
      <span className="table-ticks-name" data-idle={!ticked} data-wrong={isWrong}>
        <Identifier name={target.name === '' ? '∅' : target.name} />
      </span>
      {exists && <span className="table-ticks-tag">{say('exists')}</span>}
      {isWrong && (
        <span className="table-ticks-reason" title={visible(said ?? reason)}>
          ✕ {visible(reason)}
        </span>
      )}
    </>
  );
}

/** A few of the tables, and how many more there are. */
function named(keys: readonly string[], say: Say): string {
  const names = keys.slice(0, NAMED).map((key) => {
    const { schema, table } = idOf(key);
    return `${schema}.${table}`;
  });
  const others = names.join(', ');
  return keys.length > NAMED ? say('andMore', { others, more: keys.length - NAMED }) : others;
}
