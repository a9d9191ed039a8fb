import { Button, Flex, Form, type FormInstance, Modal } from 'antd';
import { type ReactNode, useEffect, useState } from 'react';
import { ProblemError } from '@/api/client';
import { Problem } from './Problem';
import { defineTexts } from './texts';

const useTexts = defineTexts(
  'form-modal',
  { cancel: 'Cancel', reload: 'Load the version of now' },
  { cancel: '取消', reload: '加载当前版本' },
);

/** Whether an edit was refused because somebody else's came first. */
export function isEditedMeanwhile(error: unknown): boolean {
  return error instanceof ProblemError && error.problem.code === 'EDITED_MEANWHILE';
}

/** A refused edit; where somebody else's came first, with the way to what is there now. */
export function EditProblem({ error, onReload }: { error: unknown; onReload?: () => void }) {
  const say = useTexts();
  const offers = onReload !== undefined && isEditedMeanwhile(error);
  return (
    <Problem
      error={error}
      action={
        offers && (
          <Button size="small" onClick={onReload}>
            {say('reload')}
          </Button>
        )
      }
    />
  );
}

/**
 * A dialog with one form: Enter sends it, a refusal is shown in it, it closes when `onSubmit` is done.
 * `onReload` is offered where the document was edited meanwhile; give `initial` anew then.
 */
export function FormModal<Values extends object>({
  title,
  action,
  initial,
  form: given,
  width = 560,
  onSubmit,
  onClose,
  onDone = onClose,
  onReload,
  children,
}: {
  title: string;
  action: string;
  initial: Partial<Values>;
  form?: FormInstance<Values>;
  width?: number;
  onSubmit: (values: Values) => Promise<unknown>;
  onClose: () => void;
  /** After it was sent, in place of `onClose`. */
  onDone?: () => void;
  onReload?: () => Promise<unknown>;
  children: ReactNode;
}) {
  const say = useTexts();
  const [own] = Form.useForm<Values>();
  const form = given ?? own;
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  // A version that was loaded anew takes the place of what was typed.
  const version = JSON.stringify(initial);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the fields follow the version, not the form
  useEffect(() => {
    form.resetFields();
  }, [version]);
  const submit = async (values: Values) => {
    setBusy(true);
    setError(null);
    try {
      await onSubmit(values);
      onDone();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  const reload = async () => {
    setError(null);
    await onReload?.().catch(setError);
  };
  return (
    <Modal
      open
      title={title}
      okText={action}
      cancelText={say('cancel')}
      okButtonProps={{ htmlType: 'submit', loading: busy }}
      onCancel={onClose}
      footer={(buttons) => (
        // Beside the buttons, so that a refusal is seen however far the fields are scrolled.
        <Flex vertical gap={12}>
          {error != null && (
            <div style={{ textAlign: 'start' }}>
              <EditProblem error={error} onReload={onReload && (() => void reload())} />
            </div>
          )}
          <Flex justify="end" gap={8}>
            {buttons}
          </Flex>
        </Flex>
      )}
      width={width}
      // A click beside it must not lose what was typed.
      mask={{ closable: false }}
      style={{ top: 48 }}
      // Long forms scroll between the heading and the buttons; the padding leaves room for rings of focus.
      styles={{
        container: { display: 'flex', flexDirection: 'column', maxHeight: 'calc(100vh - 96px)' },
        body: {
          flex: 1,
          minHeight: 80,
          overflowY: 'auto',
          marginInline: -8,
          paddingInline: 8,
          paddingBlockStart: 8,
        },
      }}
      modalRender={(dialog) => (
        <Form<Values>
          form={form}
          layout="vertical"
          initialValues={initial}
          onFinish={(values) => void submit(values)}
          scrollToFirstError={{ focus: true }}
        >
          {dialog}
        </Form>
      )}
    >
      {children}
    </Modal>
  );
}
