import { useState } from 'react'
import { chooseTheme, currentTheme } from '../theme.ts'
import { MoonIcon, SunIcon } from './icons.tsx'

export function ThemeButton() {
  const [theme, setTheme] = useState(currentTheme)
  const other = theme === 'dark' ? 'light' : 'dark'
  const change = () => {
    chooseTheme(other)
    setTheme(other)
  }
  return (
    <button type="button" className="icon-button" aria-label={`Use the ${other} colours`} onClick={change}>
      {theme === 'dark' ? <SunIcon /> : <MoonIcon />}
    </button>
  )
}
