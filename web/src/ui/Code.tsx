import { Typography } from 'antd';
import { Link } from 'react-router';
import { useCode } from './codes';
import { useLanguage } from './texts';

/** A stable code, which leads to what it means; beside the page, where what is being done stays. */
export function Code({ code }: { code: string }) {
  const told = useCode(code);
  return (
    <Link to={`/errors/${code}`} target="_blank" title={told && unmarked(told.means)}>
      <Typography.Text code style={{ fontSize: 12, color: 'inherit' }}>
        {code}
      </Typography.Text>
    </Link>
  );
}

/** What a code means and the way out, for who does not read the service's own English. */
export function CodeMeaning({ code }: { code: string }) {
  const told = useCode(code);
  const isEnglish = useLanguage() === 'en';
  if (isEnglish || told === undefined) return null;
  return (
    <Typography.Paragraph style={{ marginBottom: 4 }}>
      <Marked text={`${told.means}${told.wayOut}`} />
    </Typography.Paragraph>
  );
}

/** A text of docs in which what stands between backticks is code. */
export function Marked({ text }: { text: string }) {
  return text.split('`').map((part, index) =>
    index % 2 === 0 ? (
      part
    ) : (
      <Typography.Text key={index} code>
        {part}
      </Typography.Text>
    ),
  );
}

function unmarked(text: string): string {
  return text.replaceAll('`', '');
}
