import { readFileSync } from 'node:fs';
import type { Locator } from 'playwright-core';
import { ensure, type Scenario, type Scene, step } from '../scenario';
import { chooseEnd, goTo, section, sourceOf, tickTables, untilSaved } from '../ways';

const SECTIONS = [
  'Basic information',
  'Data sources',
  'Data synchronization',
  'Task names',
  'Synchronization method and filter',
  'Scheduling and run time',
  'Resources',
];
const METHOD = 'Synchronization method and filter';
const SCHEDULE = 'Scheduling and run time';

function target({ person }: Scene): Locator {
  return person.page.getByRole('region', { name: 'Synchronization target' });
}

/** Whether a text is shown there within a moment. */
async function shows(place: Locator, text: string | RegExp, isThere = true): Promise<void> {
  await place
    .getByText(text)
    .filter({ visible: true })
    .first()
    .waitFor({ state: isThere ? 'visible' : 'hidden', timeout: 10_000 });
}

/** The wizard, row by row of the requirements: what it offers, refuses and explains. */
export const wizard: Scenario = {
  name: 'wizard',
  steps: [
    step('refuses a name that no folder can have', async ({ person, told }) => {
      await person.logIn('ann', told('password'));
      await person.open(told('project'));
      await person.seesHeading('Offline database migration');
      await person.press('New migration');
      await person.inDialog('New migration', async () => {
        for (const name of ['a/b', 'a*b', 'w'.repeat(257), ' ']) {
          await person.fill('Folder name', name);
          await person.page.getByRole('dialog').getByRole('alert').waitFor();
          ensure(
            await person.get('button', 'Create').isDisabled(),
            `the name ${name.slice(0, 20)} can be sent`,
          );
        }
        await person.fill('Folder name', 'rows');
        await person.press('Create');
      });
      await person.seesHeading('rows');
    }),
    step('shows seven sections in their order', async ({ person }) => {
      const titles = await person.page.locator('#content').getByRole('heading', { level: 2 }).allInnerTexts();
      const expected = SECTIONS.map((title, at) => `${at + 1}. ${title}`);
      ensure(
        titles.slice(0, 7).join(' | ') === expected.join(' | '),
        `the sections are ${titles.join(' | ')}`,
      );
    }),
    step('has no custom rule before both ends are chosen', async ({ person }) => {
      await section(person, 'Task names', async () => {
        await person.sees('A custom rule can be chosen once both data sources are.');
        ensure(await person.get('radio', 'Custom rule').isDisabled(), 'a custom rule can be chosen');
      });
    }),
    step('makes a data source without being left', async (scene) => {
      const { person, job } = scene;
      const given = sourceOf(job.data.lake);
      await section(person, 'Data sources', () =>
        person.within(target(scene), async () => {
          await person.choose('Data source type', given.type);
          await person.press('New data source');
        }),
      );
      const drawer = person.page.getByRole('dialog', { name: /^New data source/ });
      await person.within(drawer, async () => {
        await person.fill('Name', given.name);
        for (const [label, text] of Object.entries(given.options)) await person.fill(label, text);
        await person.press('Create');
      });
      await drawer.waitFor({ state: 'hidden' });
      await shows(target(scene), given.name);
      await person.seesHeading('rows');
    }),
    step('is told that nothing was collected, and collects', async ({ person, job }) => {
      const source = sourceOf(job.data.postgres);
      await chooseEnd(person, 'Synchronization source', source);
      await section(person, 'Data synchronization', async () => {
        await person.sees('The metadata of this data source has not been collected yet');
        await person.press('Collect now');
        await person.sees(/^Metadata of /, 60);
      });
    }),
    step('picks tables across schemas', async ({ person }) => {
      await section(person, 'Data sources', () =>
        person.within(person.region('Synchronization source'), () =>
          person.addWords('Schemas', ['public', 'more']),
        ),
      );
      await section(person, 'Data synchronization', async () => {
        await person.row('public.').waitFor();
        await person.sees('The collected metadata has no tables of more');
        await person.press('Collect again');
        await person.row('more.').waitFor();
      });
    }),
    step('chooses among the zones, and is told of summer time', async ({ person, figures }) => {
      await section(person, 'Data sources', () =>
        person.within(person.region('Synchronization source'), async () => {
          await person.sees(/GMT\+8 .*no daylight saving time/);
          await person.choose('Time zone', 'Europe/Berlin');
          await person.sees(/Europe\/Berlin .*taken into account/);
        }),
      );
      figures.zone = 'Europe/Berlin';
    }),
    step('tells how many records are read at a time, where the source has that', async ({ person }) => {
      await section(person, 'Data sources', () =>
        person.within(person.region('Synchronization source'), async () => {
          await person.press(/^Read options of PostgreSQL/);
          const count = person.field('Batch read count');
          const usual = (await count.inputValue()) || (await count.getAttribute('placeholder'));
          ensure(usual === '1024', `the batch read count is ${usual}`);
          await count.fill('512');
        }),
      );
      await untilSaved(person);
    }),
    step('shows what belongs to a choice, with the choice alone', async (scene) => {
      const { person, job } = scene;
      await chooseEnd(person, 'Synchronization target', sourceOf(job.data.database));
      await shows(target(scene), 'Indexes of new tables');
      await section(person, METHOD, () => person.sees(/has no partitioned tables/));
      await chooseEnd(person, 'Synchronization target', sourceOf(job.data.lake));
      await shows(target(scene), 'Indexes of new tables', false);
    }),
    step('offers the loading policies of the target, and says what they mean', async (scene) => {
      const { person, job } = scene;
      await section(person, 'Data sources', () =>
        person.within(target(scene), async () => {
          for (const policy of ['Append data', 'Update data', 'Overwrite data']) await person.pick(policy);
          await person.sees(/in the partition written/);
        }),
      );
      await chooseEnd(person, 'Synchronization target', sourceOf(job.data.files));
      const update = target(scene).getByRole('radio', { name: /^Update data/ });
      ensure(await update.isDisabled(), 'a target that cannot update offers to');
      await shows(target(scene), /(Not offered by Parquet files|Parquet files does not offer this)/);
      await chooseEnd(person, 'Synchronization target', sourceOf(job.data.lake));
    }),
    step('ticks tables, filters and counts', async ({ person }) => {
      await tickTables(person, ['visits', 'calls']);
      await section(person, 'Data synchronization', async () => {
        await person.switchTo(/^Selected\s*\d/);
        await person.row('visits').waitFor();
        await person.switchTo(/^Not selected\s*\d/);
        await person.row('odd').waitFor();
        await person.switchTo(/^All\s*[\d,]+$/);
        await person.fill(/^Search.*case-sensitive/i, 'VISITS');
        await person.sees('Capital and small letters differ', 10);
        await person.fill(/^Search.*case-sensitive/i, '');
      });
    }),
    step('searches for many names at once, and for words', async ({ person }) => {
      await section(person, 'Data synchronization', () => person.press('Advanced search'));
      await person.inDialog('Advanced search', async () => {
        await person.fill('Search content', 'calls\nnobody\nvisits');
        await person.press('Search');
        await person.sees(/1 name matches nothing/);
        await person.pick('Keywords');
        await person.fill('Search content', 'vis');
        await person.press('Search');
        await person.sees(/table found|tables found/);
        await person.press('Cancel');
      });
    }),
    step('points to names that are not allowed, and to those that collide', async ({ person }) => {
      await section(person, 'Data synchronization', async () => {
        await person.row('odd name').getByText('odd name').first().click();
        await person
          .row('odd name')
          .getByText(/add a conversion rule/)
          .waitFor();
        await person.press('Validate table names');
      });
      await person.inDialog('Table names', async () => {
        await person.sees(/1 name is not allowed at the target/);
        await person.press('Close');
      });
      await section(person, 'Data synchronization', async () => {
        await person.row('odd name').getByText('odd name').first().click();
      });
    }),
    step('drops tables only once that is confirmed by name', async ({ person }) => {
      const box = 'Drop target tables of the same name and create them anew';
      await section(person, 'Data synchronization', async () => {
        ensure(!(await person.get('checkbox', box).isChecked()), 'tables are dropped unasked');
        await person.get('checkbox', box).click();
      });
      await person.inDialog('Drop 1 target table and create it anew?', async () => {
        await person.sees('visits');
        await person.sees(/production and in development both/);
        await person.press('Cancel');
      });
    }),
    step('starts a custom rule from the types, and edits it', async ({ person }) => {
      await section(person, 'Task names', async () => {
        await person.pick('Custom rule');
        const rule = person.field('Rule for task names');
        ensure(
          /^PostgreSQL2.*_\$\{source_table_name\}$/.test(await rule.inputValue()),
          `the rule begins as ${await rule.inputValue()}`,
        );
        await rule.fill('load_');
        await person.press('Insert source_table_name');
        ensure(
          (await rule.inputValue()) === 'load_${source_table_name}',
          'a click does not put the variable in',
        );
        await rule.fill('a|b');
        await person.sees(/A name may not have \|/);
        await rule.fill('${nobody}');
        await person.sees(/Not a variable/);
        await rule.fill('load_${source_table_name}');
      });
    }),
    step('tells what a method means, and asks for its partitions and filters', async ({ person }) => {
      await section(person, METHOD, async () => {
        await person.pick('One-time sync');
        await person.pick('Daily sync + one-time sync');
        await person.sees(/^With both kinds of task.*partitioned/);
        await person.sees('A one-time task writes one partition only');
        await person.sees(/SQL node/);
        await person.fill('One-time sync write partition', '20230330');
        await person.fill('Daily sync filter condition', "day = '${yyyy-MM-dd}'");
        await person.sees(/day = '\d{4}-\d\d-\d\d'/);
        await person.fill('One-time sync filter condition', "day <= '${nobody}'");
        await person.sees(/nobody/);
        await person.fill('One-time sync filter condition', '');
      });
    }),
    step('refuses a spread that does not fit into a day, with its arithmetic', async ({ person }) => {
      await section(person, SCHEDULE, async () => {
        await person.pick('Batch scheduling');
        await person.fill('Tasks in a batch', '1');
        await person.fill('Hours between batches', '23');
      });
      await untilSaved(person);
      await section(person, SCHEDULE, async () => {
        await person.sees(/24 hours/);
        await person.fill('Hours between batches', '1');
      });
    }),
    step('sets time limits, reruns, upstreams and the group', async ({ person }) => {
      await section(person, SCHEDULE, async () => {
        await person.pick('Custom');
        await person.fill('Timeout, in hours', '1.25');
        await person.fill('Auto-rerun on failure', '3');
        await person.fill('Rerun interval', '7');
        await person.press('Add dependency');
      });
      await person.page.getByText('Virtual node', { exact: true }).filter({ visible: true }).first().click();
      await person.page.keyboard.press('Escape');
      await section(person, 'Resources', async () => {
        await person.sees(/waits for scheduling resources/);
        await person.choose('Scheduling resource group', 'night');
      });
      await untilSaved(person);
    }),
    step('is saved as a draft, and comes back as it was', async ({ person, outside, figures }) => {
      figures.document = await outside('document');
      await person.page.reload();
      await person.seesHeading('rows');
      await section(person, SCHEDULE, async () => {
        const hours = await person.field('Timeout, in hours').inputValue();
        ensure(hours === '1.25', `the time limit comes back as ${hours}`);
      });
    }),
    step('is copied, exported and imported', async ({ person, figures }) => {
      await goTo(person, 'Database Migration', 'Offline database migration');
      const coming = person.page.waitForEvent('download');
      await person.menu('Actions for rows', 'Export as YAML');
      const path = await (await coming).path();
      await person.menu('Actions for rows', 'Copy');
      await person.inDialog('Copy rows', () => person.press('Copy'));
      await goTo(person, 'Database Migration', 'Offline database migration');
      await person.press('Import');
      await person.inDialog('Import a migration', async () => {
        await person.page.locator('input[type=file]').setInputFiles({
          name: 'rows.yaml',
          mimeType: 'text/yaml',
          buffer: readFileSync(path),
        });
        await person.fill('Name', 'rows again');
        await person.press('Import');
      });
      await person.seesHeading('rows again');
      figures.imported = 'rows again';
    }),
  ],
};
