import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Flex, Form, Input, Typography } from 'antd';
import { useTasksTexts } from './texts';

/** Names and values, as `parameters` of the form around it. */
export function Parameters() {
  const say = useTasksTexts();
  return (
    <Form.List name="parameters">
      {(fields, { add, remove }) => (
        <Flex vertical gap={8} role="group" aria-label={say('parameters')}>
          <div>
            {say('parameters')} <Typography.Text type="secondary">{say('parametersHint')}</Typography.Text>
          </div>
          {fields.map((field, index) => (
            <Flex key={field.key} gap={8}>
              <Form.Item
                name={[field.name, 'name']}
                rules={[{ required: true, message: say('unpaired') }]}
                style={{ margin: 0, flex: 1 }}
              >
                <Input aria-label={say('parameterName', { number: index + 1 })} placeholder={say('name')} />
              </Form.Item>
              <Form.Item name={[field.name, 'value']} style={{ margin: 0, flex: 1 }}>
                <Input aria-label={say('parameterValue', { number: index + 1 })} />
              </Form.Item>
              <Button
                icon={<DeleteOutlined />}
                aria-label={say('removeParameter', { number: index + 1 })}
                onClick={() => remove(field.name)}
              />
            </Flex>
          ))}
          <div>
            <Button size="small" icon={<PlusOutlined />} onClick={() => add({ name: '', value: '' })}>
              {say('addParameter')}
            </Button>
          </div>
        </Flex>
      )}
    </Form.List>
  );
}
