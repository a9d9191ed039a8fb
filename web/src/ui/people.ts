import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { all, api, call, type Schemas } from '@/api/client';
import { useMe } from '@/app/session';

export type Person = Schemas['Person'];

/** Everybody's names; nobody, where the one who asks has no role. */
export function usePeople() {
  const me = useMe();
  const roles = Object.values(me.projects);
  const may =
    me.rights.includes('view-project') || roles.some(({ rights }) => rights.includes('view-project'));
  return useQuery({
    queryKey: ['people'],
    queryFn: () => all((after) => call(api.GET('/people', { params: { query: { after, limit: 500 } } }))),
    enabled: may,
    staleTime: 60_000,
  });
}

/** What a person is called: the name for people before the one to log in with. */
export function called(person: { name: string; 'display-name'?: string }): string {
  return person['display-name'] || person.name;
}

/** What people are called, by id, as far as the one who asks may know: oneself always. */
export function useNames(): Record<string, string> {
  const me = useMe();
  const people = usePeople();
  return useMemo(() => {
    const known = (people.data ?? []).map((person) => [person.id, called(person)]);
    return { ...Object.fromEntries(known), [me.user.id]: called(me.user) };
  }, [people.data, me]);
}
