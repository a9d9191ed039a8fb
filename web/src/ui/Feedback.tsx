import { App } from 'antd';
import type { ReactNode } from 'react';

/** Lets what is inside of it say what was done (`App.useApp()`). Loaded by itself: the start page does without. */
export default function Feedback({ children }: { children: ReactNode }) {
  return <App component={false}>{children}</App>;
}
