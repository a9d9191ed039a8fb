import { Button } from 'antd';

/** The name of what is listed, which opens it beside the list; cut where there is no room. */
export function NameButton({ name, onOpen }: { name: string; onOpen: () => void }) {
  return (
    <Button
      type="link"
      title={name}
      onClick={onOpen}
      style={{ display: 'block', maxWidth: '100%', height: 'auto', padding: 0, overflow: 'hidden' }}
    >
      <span style={{ display: 'block', overflow: 'hidden', textOverflow: 'ellipsis' }}>{name}</span>
    </Button>
  );
}
