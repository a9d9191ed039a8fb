import { FolderOutlined, MoreOutlined } from '@ant-design/icons';
import { Button, Dropdown, Flex, type MenuProps, Typography } from 'antd';
import type { Folder } from '../queries';
import { useTexts } from '../texts';

export type FolderAction = 'pipeline' | 'script' | 'rename' | 'remove';

/** A folder in the tree, with what can be done in it. */
export function FolderRow({
  folder,
  count,
  mayEdit,
  onAction,
}: {
  folder: Folder;
  count: number | undefined;
  mayEdit: boolean;
  onAction: (action: FolderAction, folder: Folder) => void;
}) {
  const say = useTexts();
  const items: MenuProps['items'] = [
    { key: 'pipeline', label: say('newPipeline') },
    { key: 'script', label: say('newScript') },
    { type: 'divider' },
    { key: 'rename', label: say('rename') },
    { key: 'remove', label: say('remove'), danger: true },
  ];
  const row = (
    <Flex gap={6} align="center" style={{ width: '100%', minWidth: 0 }}>
      <FolderOutlined aria-hidden />
      <Typography.Text
        ellipsis
        style={{ flex: 1, color: 'inherit' }}
        title={folder.description ? `${folder.name} — ${folder.description}` : folder.name}
      >
        {folder.name}
      </Typography.Text>
      {count !== undefined && (
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {count}
        </Typography.Text>
      )}
      {mayEdit && (
        <Dropdown
          trigger={['click']}
          menu={{
            items,
            onClick: ({ key, domEvent }) => {
              domEvent.stopPropagation();
              onAction(key as FolderAction, folder);
            },
          }}
        >
          <Button
            type="text"
            size="small"
            icon={<MoreOutlined />}
            aria-label={say('menuOf', { name: folder.name })}
            onClick={(event) => event.stopPropagation()}
            onKeyDown={(event) => event.stopPropagation()}
          />
        </Dropdown>
      )}
    </Flex>
  );
  if (!mayEdit) return row;
  return (
    <Dropdown
      trigger={['contextMenu']}
      menu={{ items, onClick: ({ key }) => onAction(key as FolderAction, folder) }}
    >
      {row}
    </Dropdown>
  );
}
