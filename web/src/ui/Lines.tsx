import { theme } from 'antd';
import type { ReactNode } from 'react';

export interface LineColumn<Row> {
  key: string;
  title: string;
  /** In pixels; a column without one takes what is left, and is cut where that is too little. */
  width?: number;
  align?: 'start' | 'end';
  render: (row: Row) => ReactNode;
}

/** A short table without anything to sort or choose, for where the whole Table would weigh too much. */
export function Lines<Row>({
  label,
  rows,
  rowKey,
  columns,
}: {
  label: string;
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  columns: readonly LineColumn<Row>[];
}) {
  const { token } = theme.useToken();
  const line = `1px solid ${token.colorBorderSecondary}`;
  return (
    <table aria-label={label} style={{ width: '100%', tableLayout: 'fixed', borderCollapse: 'collapse' }}>
      <thead>
        <tr>
          {columns.map(({ key, title, width, align = 'start' }) => (
            <th
              key={key}
              scope="col"
              style={{
                width,
                padding: '4px 8px',
                textAlign: align,
                fontWeight: 500,
                color: token.colorTextSecondary,
                borderBlockEnd: line,
              }}
            >
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <tr key={rowKey(row)}>
            {columns.map(({ key, align = 'start', render }) => (
              <td
                key={key}
                style={{
                  padding: '6px 8px',
                  textAlign: align,
                  overflow: 'hidden',
                  textOverflow: 'ellipsis',
                  whiteSpace: 'nowrap',
                  fontVariantNumeric: 'tabular-nums',
                  borderBlockEnd: index < rows.length - 1 ? line : undefined,
                }}
              >
                {render(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
