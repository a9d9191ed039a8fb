import { escaped, type Person } from '../person';
import { ensure, type Scenario, type Scene, type Step, step } from '../scenario';
import {
  chooseEnd,
  collect,
  generate,
  makeMigration,
  makeProject,
  makeSource,
  plan,
  runTask,
  section,
  sourceOf,
  submitAll,
  tickTables,
  untilSaved,
} from '../ways';
import { firstMinute } from './entry';

interface Move {
  source: { type: string; name: string };
  migration: string;
  namespace: string;
  tables: string[];
  /** The name of each table at the target. */
  targets: string[];
  tasks: string[];
}

function moveOf({ job }: Scene, number: number): Move {
  const moves = job.data.moves as Move[] | undefined;
  const move = moves?.[number];
  ensure(move, `the job tells no move ${number}`);
  return move;
}

async function convertNames(person: Person, { tables, targets }: Move): Promise<void> {
  await section(person, 'Data synchronization', async () => {
    await person.press('Name conversion');
  });
  await person.inDialog('Name conversion', async () => {
    await person.within(person.page.getByRole('group', { name: 'Table rules' }), async () => {
      await person.press('Add a rule');
      await person.fill('Rule 1: Replace', 'work');
      await person.fill('Rule 1: with', 'PHIN');
    });
    await person.fill('Table prefix', 'ods_');
    await person.within(person.page.getByRole('group', { name: 'Field rules' }), async () => {
      await person.press('Add a rule');
      await person.fill('Rule 1: Replace', 'note');
      await person.fill('Rule 1: with', 'remark');
    });
    await person.press('OK');
  });
  await section(person, 'Data synchronization', async () => {
    for (const [at, table] of tables.entries()) {
      await person
        .row(table)
        .getByText(targets[at] ?? '', { exact: true })
        .first()
        .waitFor();
    }
  });
}

/** A migration from its name to instances that succeeded. */
function moving(number: number, title: string): Step[] {
  const on = (name: string, act: (scene: Scene, move: Move) => Promise<void>) =>
    step(`${name} (${title})`, (scene) => act(scene, moveOf(scene, number)));
  return [
    on('begins a migration', async ({ person }, { migration }) => makeMigration(person, migration)),
    on('chooses source and target', async ({ person, job }, { source, namespace }) => {
      await chooseEnd(person, 'Synchronization source', source);
      await chooseEnd(person, 'Synchronization target', sourceOf(job.data.lake));
      await section(person, 'Data sources', () =>
        person.within(person.region('Synchronization target'), () => person.fill('Namespace', namespace)),
      );
    }),
    on('ticks tables', async ({ person }, { tables }) => tickTables(person, tables)),
    on('converts names', async ({ person }, move) => convertNames(person, move)),
    on('checks what is there', async ({ person }) => {
      await section(person, 'Data synchronization', () => person.press('Validate table names'));
      await person.inDialog(/./, () => person.press('Close'));
    }),
    on('writes a rule for task names', async ({ person }) => {
      await section(person, 'Task names', async () => {
        await person.pick('Custom rule');
        await person.fill('Rule for task names', `load_${title.toLowerCase()}_\${source_table_name}`);
        await person.sees(new RegExp(`^load_${title.toLowerCase()}_`));
      });
    }),
    on('chooses method and partition', async ({ person }) => {
      await section(person, 'Synchronization method and filter', async () => {
        await person.pick('Daily sync');
        await person.pick('Partitioned tables');
      });
    }),
    on('sets the schedule', async ({ person }) => {
      await section(person, 'Scheduling and run time', async () => {
        await person.pick('Batch scheduling');
        await person.fill('Tasks in a batch', '10');
        await person.fill('Auto-rerun on failure', '0');
      });
      await section(person, 'Resources', async () => {
        await person.choose('Scheduling resource group', 'night');
      });
      await untilSaved(person);
    }),
    on('plans', async ({ person }, { tables }) => plan(person, tables.length)),
    on('generates', async ({ person }, { tables }) => generate(person, tables.length)),
    on('submits', async ({ person }, { tables }) => submitAll(person, tables.length)),
    on('runs each task and sees its proof', async ({ person, told, figures }, { tasks }) => {
      for (const task of tasks) {
        await runTask(person, task, told('day'));
        await person.click('tab', 'Proof');
        await person.sees('Proven before it was published');
        await person.sees('Rows add up');
        figures.proven = Number(figures.proven ?? 0) + 1;
      }
    }),
  ];
}

export const whole: Scenario = {
  name: 'whole',
  steps: [
    ...firstMinute,
    step('makes a project', async ({ person }) => makeProject(person, 'shop')),
    step('binds a resource group to it', async ({ person }) => {
      await person.follow('Resource groups');
      await person.seesHeading('Resource groups');
      await person.press('New resource group');
      await person.inDialog(/^New resource group/, async () => {
        await person.fill('Name', 'night');
        await person.choose('Projects that may use it', 'shop');
        await person.page.keyboard.press('Escape');
        await person.press('Create resource group');
      });
      await person.sees('The resource group night is made');
    }),
    step('makes the data sources', async ({ person, job }) => {
      await person.follow('Data sources');
      await person.seesHeading('Data sources');
      for (const given of [job.data.postgres, job.data.mysql]) {
        await makeSource(person, sourceOf(given), 'The connection works.');
      }
      await makeSource(
        person,
        sourceOf(job.data.lake),
        'There is nothing here yet. The first load makes it.',
      );
    }),
    step('collects the metadata', async ({ person, job }) => {
      await collect(person, sourceOf(job.data.postgres).name);
      await collect(person, sourceOf(job.data.mysql).name);
    }),
    ...moving(0, 'PostgreSQL'),
    ...moving(1, 'MariaDB'),
    step('finds the day on the dashboard', async ({ person, job, figures }) => {
      const moves = job.data.moves as Move[];
      const all = moves.reduce((sum, { tasks }) => sum + tasks.length, 0);
      await person.follow('Dashboard');
      await person.sees(new RegExp(escaped(`All ${all} instances of the day succeeded`)));
      figures.instances = all;
    }),
  ],
};
