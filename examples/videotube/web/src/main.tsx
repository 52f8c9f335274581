import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import './theme.ts'
import './styles/base.css'
import './styles/controls.css'
import './styles/header.css'
import './styles/videos.css'
import './styles/watch.css'
import './styles/chat.css'
import './styles/pages.css'
import './styles/feedback.css'
import { SessionProvider } from './hooks/session.tsx'
import { ToastProvider } from './hooks/toasts.tsx'
import { Site } from './site.tsx'

const root = document.getElementById('root')
if (root) {
  createRoot(root).render(
    <StrictMode>
      <ToastProvider>
        <SessionProvider>
          <Site />
        </SessionProvider>
      </ToastProvider>
    </StrictMode>,
  )
}
