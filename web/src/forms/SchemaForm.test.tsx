import { cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { useState } from 'react';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { setLanguage } from '@/ui/texts';
import { SchemaForm, type SchemaFormProps, showField } from './SchemaForm';
import type { JsonSchema } from './schema';

let value: Record<string, unknown> = {};
let beside: Record<string, unknown> = {};

/** The form, and what it holds. */
function Held({
  start = {},
  ...props
}: Partial<SchemaFormProps> & { schema: JsonSchema; start?: typeof value }) {
  const [held, setHeld] = useState(start);
  const [second, setSecond] = useState(props.beside?.value ?? {});
  value = held;
  beside = second;
  const other = props.beside && { ...props.beside, value: second, onChange: setSecond };
  return <SchemaForm {...props} value={held} onChange={setHeld} beside={other} />;
}

const of = (properties: Record<string, JsonSchema>, more: JsonSchema = {}): JsonSchema => ({
  type: 'object',
  properties,
  ...more,
});

const type = (field: HTMLElement, text: string) => fireEvent.change(field, { target: { value: text } });

/** Opens a Select, and chooses. */
function choose(label: string, option: RegExp) {
  fireEvent.mouseDown(screen.getByRole('combobox', { name: label }));
  const found = [...document.querySelectorAll<HTMLElement>('.ant-select-item-option')];
  const wanted = found.find((one) => option.test(one.textContent ?? ''));
  if (!wanted) throw new Error(`no option ${option} among ${found.map((one) => one.textContent)}`);
  fireEvent.click(wanted);
}

beforeAll(() => {
  globalThis.ResizeObserver ??= class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
  Element.prototype.scrollIntoView ??= () => {};
  globalThis.CSS ??= { escape: (text: string) => text.replaceAll(/[^\w-]/g, '\\$&') } as typeof CSS;
});
beforeEach(() => setLanguage('en'));
afterEach(cleanup);

describe('SchemaForm', () => {
  it('has a text, its help, its default, and nothing where it is cleared', () => {
    const host = { type: 'string', title: 'Host', description: 'Where `it` is.', default: 'localhost' };
    render(<Held schema={of({ host }, { required: ['host'] })} />);
    const field = screen.getByLabelText(/^Host/);
    expect(field.getAttribute('placeholder')).toBe('localhost');
    expect(document.getElementById(field.getAttribute('aria-describedby') ?? '')?.textContent).toBe(
      'Where it is.',
    );
    type(field, 'db');
    expect(value).toEqual({ host: 'db' });
    type(field, '');
    expect(value).toEqual({});
  });

  it('has a text of several lines', () => {
    render(<Held schema={of({ note: { type: 'string', format: 'multiline' } })} />);
    expect(screen.getByLabelText('Note').tagName).toBe('TEXTAREA');
  });

  it('has a number, and says its range once it was left', () => {
    render(<Held schema={of({ port: { type: 'integer', minimum: 1, maximum: 9, default: 3 } })} />);
    const field = screen.getByLabelText('Port');
    type(field, '12');
    expect(value).toEqual({ port: 12 });
    expect(screen.queryByText('Give 1 to 9.')).toBeNull();
    fireEvent.blur(field);
    expect(screen.getByText('Give 1 to 9.')).toBeTruthy();
    expect(field.getAttribute('aria-invalid')).toBe('true');
  });

  it('tells bytes in words', () => {
    const size = { type: 'integer', default: 536870912, description: 'In bytes: so much.' };
    render(<Held schema={of({ size })} />);
    expect(screen.getByText('= 512 MiB')).toBeTruthy();
  });

  it('has a boolean', () => {
    render(<Held schema={of({ skip: { type: 'boolean' } })} />);
    fireEvent.click(screen.getByRole('switch'));
    expect(value).toEqual({ skip: true });
  });

  it('has a choice, and what each means beside it', () => {
    const mode: JsonSchema = {
      default: 'a',
      oneOf: [
        { const: 'a', description: 'The first.' },
        { const: 'b', description: 'The second.' },
      ],
    };
    render(<Held schema={of({ mode })} />);
    choose('Mode', /b.*The second/);
    expect(value).toEqual({ mode: 'b' });
  });

  it('has a list of texts', () => {
    render(<Held schema={of({ path: { type: 'array', items: { type: 'string' } } })} />);
    const field = screen.getByRole('combobox', { name: 'Path' });
    type(field, 'public');
    fireEvent.keyDown(field, { key: 'Enter', keyCode: 13 });
    expect(value).toEqual({ path: ['public'] });
  });

  it('has a group, which goes when it is empty', () => {
    render(<Held schema={of({ tls: of({ ca: { type: 'string' } }) })} />);
    const field = within(screen.getByRole('group')).getByLabelText('Ca');
    type(field, 'x');
    expect(value).toEqual({ tls: { ca: 'x' } });
    type(field, '');
    expect(value).toEqual({});
  });

  it('shows the fields of the shape that was chosen, and no others', () => {
    const shape = (kind: string, field: string) =>
      of({ kind: { const: kind }, [field]: { type: 'string' } }, { title: kind });
    render(<Held schema={of({ end: { oneOf: [shape('file', 'path'), shape('server', 'host')] } })} />);
    expect(screen.queryByLabelText('Path')).toBeNull();
    choose('End', /file/);
    type(screen.getByLabelText('Path'), '/x');
    expect(value).toEqual({ end: { kind: 'file', path: '/x' } });
    choose('End', /server/);
    expect(screen.queryByLabelText('Path')).toBeNull();
    expect(screen.getByLabelText('Host')).toBeTruthy();
    expect(value).toEqual({ end: { kind: 'server' } });
  });

  it('has a list of objects: added, moved, removed', () => {
    const rule = of({ with: { type: 'string' } });
    const start = { rules: [{ with: '1' }, { with: '2' }] };
    render(<Held schema={of({ rules: { type: 'array', items: rule } })} start={start} />);
    fireEvent.click(screen.getByRole('button', { name: 'Entry 1: Move down' }));
    expect(value).toEqual({ rules: [{ with: '2' }, { with: '1' }] });
    fireEvent.click(screen.getByRole('button', { name: 'Entry 1: Remove' }));
    fireEvent.click(screen.getByRole('button', { name: /Add/ }));
    expect(value).toEqual({ rules: [{ with: '1' }, {}] });
  });

  it('has a map of texts', () => {
    render(
      <Held schema={of({ parameters: { type: 'object', additionalProperties: { type: 'string' } } })} />,
    );
    type(screen.getByRole('textbox', { name: 'Parameters: Name' }), 'day');
    fireEvent.click(screen.getByRole('button', { name: /Add/ }));
    type(screen.getByLabelText('day'), '1');
    expect(value).toEqual({ parameters: { day: '1' } });
    fireEvent.click(screen.getByRole('button', { name: 'day: Remove' }));
    expect(value).toEqual({});
  });

  it('takes what it does not know as JSON', () => {
    render(<Held schema={of({ any: {} })} />);
    type(screen.getByLabelText('Any'), '{"a": [1]}');
    expect(value).toEqual({ any: { a: [1] } });
    type(screen.getByLabelText('Any'), '{');
    expect(screen.getByText('This is no JSON.')).toBeTruthy();
    expect(value).toEqual({ any: { a: [1] } });
  });

  it('leaves out what is asked for elsewhere, and folds away what is rare', () => {
    const text = { type: 'string' };
    render(<Held schema={of({ host: text, a: text, b: text, c: text })} leaveOut={['a']} fold />);
    expect(screen.queryByLabelText('A')).toBeNull();
    const more = screen.getByRole('button', { name: /More options \(2\)/ });
    expect(more.getAttribute('aria-expanded')).toBe('false');
    fireEvent.click(more);
    expect(more.getAttribute('aria-expanded')).toBe('true');
  });

  it('shows findings at their fields, and others above', () => {
    const finding = (at: string, message: string) => ({
      at,
      message,
      hint: null,
      severity: 'blocker' as const,
    });
    const { container } = render(
      <Held
        schema={of({ host: { type: 'string' }, tls: of({ ca: { type: 'string' } }) })}
        prefix="options"
        findings={[
          finding('options.tls.ca', 'no such file'),
          finding('options', 'not yet'),
          finding('other.host', 'of another form'),
        ]}
      />,
    );
    const place = container.querySelector<HTMLElement>('[data-path="tls.ca"]');
    expect(place && within(place).getByText('no such file')).toBeTruthy();
    expect(screen.getByText('not yet')).toBeTruthy();
    expect(screen.queryByText('of another form')).toBeNull();
    expect(showField(container, 'tls.ca')).toBe(true);
    expect(document.activeElement).toBe(screen.getByLabelText('Ca'));
    expect(showField(container, 'none')).toBe(false);
  });

  it('says all that is missing once somebody has tried to go on', () => {
    render(<Held schema={of({ host: { type: 'string' } }, { required: ['host'] })} strict />);
    expect(screen.getByText('Needed.')).toBeTruthy();
  });

  it('speaks Chinese where it can', () => {
    setLanguage('zh');
    render(<Held schema={of({ host: { type: 'string', title: 'Host', description: 'Own words.' } })} />);
    expect(screen.getByLabelText('主机')).toBeTruthy();
    expect(screen.getByText('Own words.')).toBeTruthy();
  });
});

const SECRET = {
  anyOf: [{ type: 'string', format: 'password', writeOnly: true }, { type: 'null' }],
  title: 'Password',
};

describe('a secret', () => {
  const schema = of({ password: SECRET });

  it('is given', () => {
    render(<Held schema={schema} />);
    const field = screen.getByLabelText('Password');
    expect(field.getAttribute('type')).toBe('password');
    type(field, 'hunter2');
    expect(value).toEqual({ password: 'hunter2' });
  });

  it('that is stored is kept, replaced or removed', () => {
    const start = { password: { 'has-secret': true } };
    render(<Held schema={schema} start={start} />);
    expect(screen.getByText('Kept, and shown to nobody')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Remove Password' }));
    expect(value).toEqual({ password: null });
    fireEvent.click(screen.getByRole('button', { name: 'Keep it Password' }));
    expect(value).toEqual(start);
    fireEvent.click(screen.getByRole('button', { name: 'Replace Password' }));
    type(screen.getByLabelText('Password'), 'new');
    expect(value).toEqual({ password: 'new' });
    type(screen.getByLabelText('Password'), '');
    expect(value).toEqual(start);
    fireEvent.click(screen.getByRole('button', { name: 'Keep it' }));
    expect(value).toEqual(start);
  });
});

describe('two environments side by side', () => {
  const schema = of(
    { host: { type: 'string' }, socket: { type: ['string', 'null'] }, tls: of({ ca: { type: 'string' } }) },
    { required: ['host'] },
  );
  const start = { host: 'db', socket: '/s', tls: { ca: 'x' } };
  const show = () =>
    render(
      <Held
        schema={schema}
        start={start}
        strict
        columnTitles={['Production', 'Development']}
        beside={{ value: {}, onChange: () => {} }}
      />,
    );

  it('leaves open what is as in production', () => {
    show();
    const field = screen.getByLabelText('Host (Development)');
    expect(field.getAttribute('placeholder')).toBe('As in production: db');
    expect(screen.queryByText('Needed.')).toBeNull();
    type(field, 'dev');
    expect([value, beside]).toEqual([start, { host: 'dev' }]);
  });

  it('can do without what production has', () => {
    show();
    fireEvent.click(screen.getByRole('button', { name: 'None in this environment' }));
    expect(beside).toEqual({ socket: null });
    fireEvent.click(screen.getByRole('button', { name: 'As in production' }));
    expect(beside).toEqual({});
  });

  it('replaces a group as a whole', () => {
    show();
    fireEvent.click(screen.getByRole('switch', { name: 'Tls: Differs' }));
    expect(beside).toEqual({ tls: { ca: 'x' } });
    fireEvent.click(screen.getByRole('switch', { name: 'Tls: Differs' }));
    expect(beside).toEqual({});
  });
});
