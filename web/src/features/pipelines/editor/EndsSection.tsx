import { Input, Select, Typography } from 'antd';
import { Link } from 'react-router';
import { useProject } from '@/app/project';
import { SourceTableInput } from '../dialogs/SourceTableInput';
import { type Pipeline, useDataSources } from '../queries';
import { type Edit, exceptionOf, type Path, readTable, tableOf, textAt, writeTable } from '../script';
import { Choice } from './controls';
import { Field, Section, useForm } from './Field';
import { useFormTexts } from './formTexts';

/** From which table to which. */
export function EndsSection({ pipeline }: { pipeline: Pipeline }) {
  const say = useFormTexts();
  const { migration, edit, mayEdit } = useForm();
  const sources = useDataSources();
  const table = tableOf(migration);
  const shown = table === null ? '' : table.schema === '' ? table.table : `${table.schema}.${table.table}`;
  const source = sources.data?.find(({ name }) => name === textAt(migration, ['source', 'data-source']));
  const setTable = (text: string) => {
    const next = readTable(text);
    const edits: Edit[] = [
      [['tables'], { listed: next === null ? [] : [next.schema ? writeTable(next) : text] }],
    ];
    // An exception that is there is this table's, whatever it is called.
    const exception = exceptionOf(migration);
    if (next !== null && 'table' in exception.value) {
      edits.push([['each', exception.index, 'table'], next.schema ? writeTable(next) : text]);
    }
    edit(edits);
  };
  const target = pipeline['destination-table'];
  return (
    <Section title={say('ends')}>
      <DataSourceChoice label={say('source')} path={['source', 'data-source']} />
      <Field label={say('sourceTable')} path={['tables']}>
        {(id) => (
          <SourceTableInput
            id={id}
            source={source?.id}
            value={shown}
            onChange={setTable}
            disabled={!mayEdit}
          />
        )}
      </Field>
      <DataSourceChoice label={say('destination')} path={['destination', 'data-source']} />
      <Field label={say('namespace')} path={['destination', 'namespace']}>
        {(id) => (
          <Input
            id={id}
            readOnly={!mayEdit}
            placeholder={textAt(migration, ['name'])}
            value={textAt(migration, ['destination', 'namespace'])}
            onChange={(event) => edit([[['destination', 'namespace'], event.target.value || undefined]])}
          />
        )}
      </Field>
      <Choice
        label={say('loading')}
        path={['destination', 'loading-policy']}
        group="loading"
        options={['overwrite', 'append', 'update']}
        fallback="overwrite"
      />
      <Choice
        label={say('existing')}
        path={['existing-tables']}
        group="existing"
        options={['keep', 'add-columns', 'recreate', 'fail']}
        fallback="keep"
      />
      <Field label={say('targetTable')} group>
        {() => (
          <Typography.Text type={target ? undefined : 'secondary'} style={{ lineHeight: '32px' }}>
            {target ? `${target.schema}.${target.table}` : say('targetTableLater')}
          </Typography.Text>
        )}
      </Field>
    </Section>
  );
}

function DataSourceChoice({ label, path }: { label: string; path: Path }) {
  const project = useProject();
  const { migration, edit, mayEdit } = useForm();
  const sources = useDataSources();
  const value = textAt(migration, path);
  const known = sources.data?.find(({ name }) => name === value);
  return (
    <Field
      label={label}
      path={path}
      hint={known && <Link to={`/p/${project.id}/data-sources?open=${known.id}`}>{known.type}</Link>}
    >
      {(id) => (
        <Select
          id={id}
          disabled={!mayEdit}
          showSearch
          loading={sources.isPending}
          value={value || undefined}
          onChange={(next) => edit([[path, next]])}
          options={sources.data?.map(({ name }) => ({ value: name, label: name }))}
        />
      )}
    </Field>
  );
}
