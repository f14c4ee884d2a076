try {
  const theme = localStorage.getItem('rollcall-lobby:theme')
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme
} catch {}
