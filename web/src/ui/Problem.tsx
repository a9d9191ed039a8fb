import { Alert, type AlertProps, Typography } from 'antd';
import { isUnreachable, ProblemError } from '@/api/client';
import { Code, CodeMeaning } from './Code';
import { FindingList } from './Findings';
import { defineTexts } from './texts';

const useTexts = defineTexts(
  'problem',
  {
    unexpected: 'Something went wrong on this page',
    reference: 'Reference:',
    away: 'The server does not answer.',
    awayHint: 'It may be starting again; what you see may be out of date.',
  },
  {
    unexpected: '页面出现错误',
    reference: '代码：',
    away: '服务器没有响应。',
    awayHint: '服务器可能正在重启；当前显示的内容可能不是最新的。',
  },
);

/** What went wrong, what helps, and its code; nothing where there is no error. */
export function Problem({ error, ...rest }: { error: unknown } & Omit<AlertProps, 'type' | 'title'>) {
  const say = useTexts();
  if (error == null) return null;
  if (!(error instanceof ProblemError)) {
    return <Alert {...rest} type="error" showIcon title={say('unexpected')} description={String(error)} />;
  }
  const { code, errors, findings } = error.problem;
  // That nobody answered is said here, not by the service.
  const isAway = isUnreachable(error);
  const detail = isAway ? say('away') : error.problem.detail;
  const hint = isAway ? say('awayHint') : error.problem.hint;
  return (
    <Alert
      {...rest}
      type="error"
      showIcon
      role="alert"
      title={detail}
      description={
        <>
          {hint && <Typography.Paragraph style={{ marginBottom: 4 }}>{hint}</Typography.Paragraph>}
          {errors?.map((one) => (
            <div key={`${one.at} ${one.code}`}>
              {one.at && <Typography.Text code>{one.at}</Typography.Text>} {one.message}
              {one.hint && <Typography.Text type="secondary"> {one.hint}</Typography.Text>}
            </div>
          ))}
          {findings && findings.length > 0 && <FindingList findings={findings} />}
          {!isAway && <CodeMeaning code={code} />}
          <Typography.Text type="secondary" style={{ fontSize: 12 }}>
            {say('reference')} {isAway ? code : <Code code={code} />}
          </Typography.Text>
        </>
      }
    />
  );
}
