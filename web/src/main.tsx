import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router';
import { ProblemError } from '@/api/client';
import { awaitServer, serverAnswers } from '@/app/away';
import { router } from '@/app/routes';
import '@/ui/texts';
import './page.css';
import { Theme } from '@/ui/theme';

const heed = awaitServer(serverAnswers);

const client: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: (error) => heed(error, client) }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What was refused is refused again; what could not be reached may be back.
      retry: (times, error) =>
        times < 2 &&
        !(error instanceof ProblemError && error.problem.status !== 0 && error.problem.status < 500),
    },
  },
});

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no root');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <Theme>
        <RouterProvider router={router} />
      </Theme>
    </QueryClientProvider>
  </StrictMode>,
);
