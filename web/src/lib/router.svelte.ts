/** The address bar as state. Pages are plain paths; filters are its query. */
export const route = $state({ path: location.pathname, query: new URLSearchParams(location.search) })

function read() {
  route.path = location.pathname
  route.query = new URLSearchParams(location.search)
}

export function go(to: string, replace = false) {
  if (to === location.pathname + location.search) return
  if (replace) history.replaceState(history.state, '', to)
  else history.pushState({ kinora: true }, '', to)
  read()
}

/** Back where one came from, or to the library when the page was opened directly. */
export function back() {
  if (history.state?.kinora) history.back()
  else go('/')
}

/** Links inside the app stay inside it. */
export function listen() {
  addEventListener('popstate', read)
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    const link = (event.target as Element).closest?.('a')
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return
    if (/^\/(api|v1|s|health|metrics)(\/|$)/.test(link.pathname)) return
    event.preventDefault()
    go(link.pathname + link.search)
  })
}
