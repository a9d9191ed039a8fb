import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useMemo } from 'react';
import { Navigate, useLocation } from 'react-router';
import { api, call, onLoggedOut, ProblemError, rememberCsrf, type Schemas } from '@/api/client';
import { Refused } from '@/ui/Refused';
import { Waiting } from '@/ui/Waiting';

type Me = Schemas['Me'];
export type Right = Schemas['Right'];

const SessionContext = createContext<Me | null>(null);

/** Who is logged in. */
export function useMe(): Me {
  const me = useContext(SessionContext);
  if (me === null) throw new Error('nobody is logged in here');
  return me;
}

/** Whether the person has a right: in the project, where one is given, or everywhere. */
export function useMay(): (right: Right, project?: string) => boolean {
  const me = useMe();
  return useMemo(
    () => (right, project) =>
      me.rights.includes(right) ||
      (project !== undefined && (me.projects[project]?.rights.includes(right) ?? false)),
    [me],
  );
}

/** Shows its children to who is logged in, and the way to log in to everybody else. */
export function Session({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const place = useLocation();
  const me = useQuery({
    queryKey: ['me'],
    queryFn: async () => {
      const me = await call(api.GET('/me'));
      rememberCsrf(me.csrf ?? null);
      return me;
    },
    retry: (times, error) => times < 3 && !(error instanceof ProblemError && error.problem.status === 401),
    staleTime: 60_000,
  });
  useEffect(() => onLoggedOut(() => void client.resetQueries({ queryKey: ['me'] })), [client]);
  if (me.isPending) return <Waiting />;
  if (me.isError) {
    if (me.error instanceof ProblemError && me.error.problem.status === 401) {
      return <Navigate to="/login" replace state={{ from: place.pathname + place.search }} />;
    }
    return <Refused error={me.error} onAgain={me.refetch} />;
  }
  return <SessionContext.Provider value={me.data}>{children}</SessionContext.Provider>;
}
