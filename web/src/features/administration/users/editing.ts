import { type QueryClient, useQuery, useQueryClient } from '@tanstack/react-query';
import { all, api, call, ifMatch, type Schemas } from '@/api/client';

export type User = Schemas['UserShown'];
export type UserWritten = Schemas['UserWritten'];

export function useUsers() {
  return useQuery({
    queryKey: ['users'],
    queryFn: () => all((after) => call(api.GET('/users', { params: { query: { after, limit: 500 } } }))),
  });
}

/** Whatever shows who there is, is read again. */
export function usersChanged(client: QueryClient): Promise<unknown> {
  return Promise.all(['users', 'people', 'me'].map((noun) => client.invalidateQueries({ queryKey: [noun] })));
}

/** Changes a user against the version that was read; an edit says all that is said of a user. */
export function useEditUser() {
  const client = useQueryClient();
  return async (base: User, changes: Partial<UserWritten>) => {
    const edited = await call(
      api.PUT('/users/{user}', {
        params: { path: { user: base.id }, header: ifMatch(base.edition) },
        body: {
          name: base.name,
          'display-name': base['display-name'],
          email: base.email,
          role: base.role ?? null,
          disabled: base.disabled,
          ...changes,
        },
      }),
    );
    await usersChanged(client);
    return edited;
  };
}

export function readUser(id: string): Promise<User> {
  return call(api.GET('/users/{user}', { params: { path: { user: id } } }));
}
