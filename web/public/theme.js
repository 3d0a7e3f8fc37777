// Runs before the first paint, so that the pages never flash in the other theme.
try {
  const prefs = JSON.parse(localStorage.getItem('kinora') ?? '{}')
  if (prefs.theme === 'dark' || prefs.theme === 'light') document.documentElement.dataset.theme = prefs.theme
  if (prefs.lang) document.documentElement.lang = prefs.lang === 'zh' ? 'zh-CN' : 'en'
} catch {
  // storage may be forbidden: the system's theme holds
}
