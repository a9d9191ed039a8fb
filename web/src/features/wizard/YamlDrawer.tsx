import { useQuery } from '@tanstack/react-query';
import { Alert, App, Button, Drawer, Flex, Segmented } from 'antd';
import { useEffect, useMemo, useState } from 'react';
import { isMap, isScalar, parseDocument } from 'yaml';
import { api, call } from '@/api/client';
import { useProject } from '@/app/project';
import { CodeEditor } from '@/ui/CodeEditor';
import { FindingList } from '@/ui/Findings';
import { useMigrationSchema } from '@/ui/migrationSchema';
import { Problem } from '@/ui/Problem';
import { defineTexts } from '@/ui/texts';
import { useQuiet } from './checking';
import { type Draft, useDraft } from './draft';
import { downloaded } from './files';

const useTexts = defineTexts(
  'wizard-yaml',
  {
    title: 'Migration as a file',
    format: 'Format',
    copy: 'Copy',
    copied: 'Copied',
    download: 'Download',
    apply: 'Take over',
    unchanged: 'Nothing was changed in the text',
    applied: 'The text has been taken over into the migration.',
    about:
      'What stands under "migration" is taken over; the name and the data sources of the project stay. Secrets are never shown.',
    noMap: 'The text has no "migration" that is a map of keys',
    editor: 'Text of the migration',
  },
  {
    title: '以文件编辑',
    format: '格式',
    copy: '复制',
    copied: '已复制',
    download: '下载',
    apply: '应用',
    unchanged: '文本没有改动',
    applied: '已应用到配置。',
    about: '应用 "migration" 下的内容；名称与项目的数据源不变。不会显示任何密钥。',
    noMap: '文本中没有作为键值映射的 "migration"',
    editor: '迁移文本',
  },
);

type Format = 'yaml' | 'json';

/** The migration as text: to be taken along, and to be written by hand. */
export function YamlDrawer({
  open,
  edition,
  onClose,
}: {
  open: boolean;
  edition: number;
  onClose: () => void;
}) {
  const say = useTexts();
  return (
    <Drawer open={open} onClose={onClose} size={860} title={say('title')} destroyOnHidden>
      {open && <Content edition={edition} onClose={onClose} />}
    </Drawer>
  );
}

function Content({ edition, onClose }: { edition: number; onClose: () => void }) {
  const say = useTexts();
  const project = useProject();
  const { id, name, change, mayEdit } = useDraft();
  const { message } = App.useApp();
  const schema = useMigrationSchema('file');
  const [format, setFormat] = useState<Format>('yaml');
  const [typed, setTyped] = useState<string>();
  const exported = useQuery({
    queryKey: ['migrations', project.id, id, 'export', format, edition],
    gcTime: 0,
    queryFn: () =>
      call(
        api.GET('/projects/{project}/migrations/{migration}/export', {
          params: { path: { project: project.id, migration: id }, query: { format } },
        }),
      ),
  });
  // Another format is another text.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the format decides alone
  useEffect(() => setTyped(undefined), [format]);
  const text = typed ?? exported.data?.text ?? '';
  const quiet = useQuiet(text, 400);
  const checked = useQuery({
    queryKey: ['migrations', project.id, 'check-text', quiet],
    enabled: typed !== undefined && quiet !== '',
    gcTime: 0,
    queryFn: ({ signal }) =>
      call(
        api.POST('/projects/{project}/migrations/check', {
          params: { path: { project: project.id } },
          body: { text: quiet },
          signal,
        }),
      ),
  });
  const isChanged = typed !== undefined && typed !== exported.data?.text;
  const read = useMemo(() => (isChanged ? migrationIn(typed) : undefined), [isChanged, typed]);
  const findings = typed === undefined ? undefined : checked.data?.findings;
  const apply = () => {
    if (read === undefined) return;
    change(() => read);
    message.success(say('applied'));
    onClose();
  };
  return (
    <Flex vertical gap={12} style={{ minHeight: '100%' }}>
      <Flex justify="space-between" gap={8} wrap>
        <Segmented<Format>
          aria-label={say('format')}
          value={format}
          onChange={setFormat}
          options={[
            { value: 'yaml', label: 'YAML' },
            { value: 'json', label: 'JSON' },
          ]}
        />
        <Flex gap={8}>
          <Button
            onClick={() =>
              void navigator.clipboard.writeText(text).then(() => message.success(say('copied')))
            }
          >
            {say('copy')}
          </Button>
          <Button onClick={() => downloaded(`${name}.${format}`, text)}>{say('download')}</Button>
          {mayEdit && (
            <Button type="primary" disabled={read === undefined} onClick={apply}>
              {say('apply')}
            </Button>
          )}
        </Flex>
      </Flex>
      <Alert type="info" title={say('about')} />
      <Problem error={exported.error ?? checked.error} />
      {isChanged && read === undefined && <Alert type="error" showIcon title={say('noMap')} />}
      <CodeEditor
        label={say('editor')}
        language={format}
        schema={schema}
        value={text}
        onChange={mayEdit ? setTyped : undefined}
        readOnly={!mayEdit}
        findings={findings ?? []}
        height={520}
      />
      {findings && findings.length > 0 && <FindingList findings={findings} />}
    </Flex>
  );
}

/** What a text says under `migration`, without the name; nothing where that is no map of keys. */
export function migrationIn(text: string): Draft | undefined {
  const document = parseDocument(text);
  if (document.errors.length > 0) return undefined;
  const node = document.get('migration', true);
  if (!isMap(node)) return undefined;
  // Values of parameters and partitions are texts: what is written there stays as it is written, 1.10 as 1.10.
  for (const path of [['parameters'], ['method', 'partition']]) {
    const map = node.getIn(path, true);
    if (!isMap(map)) continue;
    for (const { value } of map.items) {
      if (isScalar(value) && typeof value.value === 'number' && value.source !== undefined)
        value.value = value.source;
    }
  }
  const { name: _, ...draft } = node.toJS(document) as Draft & { name?: unknown };
  return draft;
}
