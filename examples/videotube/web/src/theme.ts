export type Theme = 'light' | 'dark'

const remembered = localStorage.getItem('theme')
if (remembered === 'light' || remembered === 'dark') document.documentElement.dataset.theme = remembered

/** What is shown now: the visitor's choice, or else the system's. */
export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset.theme
  if (chosen === 'light' || chosen === 'dark') return chosen
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

export function chooseTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme
  localStorage.setItem('theme', theme)
}
