import { Alert, Button, Flex, Modal, Typography } from 'antd';
import type { ReactNode } from 'react';
import { count } from '@/ui/format';
import { Identifier, visible } from '@/ui/Identifier';
import { Problem } from '@/ui/Problem';
import { ToneText } from '@/ui/ToneText';
import type { Row } from './selection';
import type { Validation } from './useValidation';
import { useTexts } from './validationTexts';

const LISTED = 50;

/** What stands against the names of the tables selected, and the ways out. */
export function ValidationDialog({
  validation,
  onShow,
  onFix,
  onConvert,
  onPrefix,
  onClose,
}: {
  validation: Validation;
  onShow: (row: Row) => void;
  /** Ways out; not offered to who may not edit. */
  onFix?: () => void;
  onConvert?: () => void;
  onPrefix?: () => void;
  onClose: () => void;
}) {
  const say = useTexts();
  const { existingRows, illegal, colliding, existingError, checked } = validation;
  const isGood = existingRows.length + illegal.length + colliding.length === 0 && existingError === null;
  const size = (number: number) => ({ count: number, shown: count(number) });
  return (
    <Modal
      open
      style={{ top: 32 }}
      width={760}
      title={say('title')}
      onCancel={onClose}
      footer={
        <Button type="primary" onClick={onClose} autoFocus>
          {say('close')}
        </Button>
      }
    >
      <Flex vertical gap={12}>
        <Typography.Text type="secondary">{say('checked', size(checked))}</Typography.Text>
        {isGood && <Alert type="success" showIcon title={say('good')} />}
        {existingError !== null && (
          <Flex vertical gap={4}>
            <ToneText tone="wrong">{say('existingFailed')}</ToneText>
            <Problem error={existingError} />
          </Flex>
        )}
        {illegal.length > 0 && (
          <Group
            type="error"
            title={say('illegal', size(illegal.length))}
            hint={say('illegalHint')}
            actions={
              <>
                {onFix && (
                  <Button size="small" onClick={onFix}>
                    {say('fix')}
                  </Button>
                )}
                {onConvert && (
                  <Button size="small" onClick={onConvert}>
                    {say('convert')}
                  </Button>
                )}
              </>
            }
            items={illegal.map(({ row, finding }) => ({ row, message: finding.message }))}
            onShow={onShow}
          />
        )}
        {colliding.length > 0 && (
          <Group
            type="error"
            title={say('collisions', size(colliding.length))}
            hint={say('collisionsHint')}
            actions={
              onPrefix &&
              validation.severalSchemas && (
                <Button size="small" onClick={onPrefix}>
                  {say('prefix')}
                </Button>
              )
            }
            items={colliding.map(({ row, finding }) => ({ row, message: finding?.message }))}
            onShow={onShow}
          />
        )}
        {existingRows.length > 0 && (
          <Group
            type="warning"
            title={say('existing', size(existingRows.length))}
            hint={say('existingHint')}
            items={existingRows.map((row) => ({ row }))}
            onShow={onShow}
          />
        )}
      </Flex>
    </Modal>
  );
}

function Group({
  type,
  title,
  hint,
  actions,
  items,
  onShow,
}: {
  type: 'error' | 'warning';
  title: string;
  hint: string;
  actions?: ReactNode;
  items: { row: Row; message?: string }[];
  onShow: (row: Row) => void;
}) {
  const say = useTexts();
  return (
    <Alert
      type={type}
      showIcon
      title={title}
      description={
        <Flex vertical gap={6}>
          <span>{hint}</span>
          {actions && <Flex gap={8}>{actions}</Flex>}
          <Flex
            vertical
            component="ul"
            tabIndex={0}
            aria-label={title}
            style={{ maxHeight: 180, overflow: 'auto', margin: 0, padding: 0, listStyle: 'none' }}
          >
            {items.slice(0, LISTED).map(({ row, message }) => (
              <li key={row.key}>
                <Flex gap={8} align="baseline">
                  <div style={{ flex: 1, minWidth: 0 }}>
                    <Flex>
                      <Identifier name={`${row.schema}.${row.table}`} />
                    </Flex>
                    {message && (
                      <Typography.Text type="secondary" style={{ fontSize: 12, overflowWrap: 'anywhere' }}>
                        {visible(message)}
                      </Typography.Text>
                    )}
                  </div>
                  <Button type="link" size="small" onClick={() => onShow(row)}>
                    {say('show')}
                  </Button>
                </Flex>
              </li>
            ))}
            {items.length > LISTED && <li>{say('more', { more: count(items.length - LISTED) })}</li>}
          </Flex>
        </Flex>
      }
    />
  );
}
