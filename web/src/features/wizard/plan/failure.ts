import { ProblemError } from '@/api/client';

/** Why an operation went wrong as a whole, as its result has it. */
export interface Failure {
  code: string;
  message: string;
  hint: string | null;
}

export function problemOf({ code, message, hint }: Failure): ProblemError {
  return new ProblemError({
    type: 'about:blank',
    title: message,
    code,
    detail: message,
    hint,
    status: 0,
    side: 'ourselves',
    instance: '',
  });
}
