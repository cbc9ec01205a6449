import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from './api/client.ts'
import { App } from './app/app.tsx'
import { applyTheme } from './app/theme.ts'
import { TellProvider } from './parts/toast.tsx'
import { WordsProvider } from './words/words.tsx'
import './styles/console.css'
import './styles/controls.css'
import './styles/parts.css'
import './styles/pictures.css'

applyTheme()
const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // A refusal stays a refusal; what nobody answered is tried again.
      retry: (count, error) =>
        error instanceof ApiError && (error.problem.status === 0 || error.problem.status >= 502) && count < 3,
      refetchOnWindowFocus: true,
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
})

createRoot(document.getElementById('console') as HTMLElement).render(
  <StrictMode>
    <WordsProvider>
      <QueryClientProvider client={client}>
        <TellProvider>
          <App />
        </TellProvider>
      </QueryClientProvider>
    </WordsProvider>
  </StrictMode>,
)
