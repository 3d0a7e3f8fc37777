// The OpenAPI document, for people. No framework, nothing fetched from elsewhere.
const element = (name, props = {}, ...children) => {
  const made = Object.assign(document.createElement(name), props)
  made.append(...children)
  return made
}
const calls = document.getElementById('calls')
/** Text with its `code` in backticks made so. */
const marked = (text) => String(text ?? '').split('`').map((part, at) => (at % 2 ? element('code', { textContent: part }) : part))

/** One line for a schema: `string`, `Clip`, `[Clip]`, `"a" | "b"`. */
function brief(schema) {
  if (!schema) return ''
  if (schema.$ref) return schema.$ref.split('/').pop()
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(' | ')
  const some = schema.oneOf ?? schema.anyOf
  if (some) return some.map(brief).join(' | ')
  if (schema.type === 'array') return `[${brief(schema.items)}]`
  return [schema.type].flat().filter(Boolean).join(' | ') || 'anything'
}

/** An example of a schema, `depth` levels deep; what may be left out is left out below the first. */
function example(schema, all, depth = 3) {
  if (!schema || depth < 0) return null
  if (schema.$ref) return example(all[schema.$ref.split('/').pop()], all, depth)
  if (schema.enum) return schema.enum[0]
  const some = schema.oneOf ?? schema.anyOf
  if (some) return example(some.find((one) => one.type !== 'null'), all, depth)
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((one) => example(one, all, depth)))
  const type = [schema.type].flat().find((one) => one !== 'null')
  if (type === 'array') return schema.items ? [example(schema.items, all, depth - 1)] : []
  if (type === 'object' || schema.properties) {
    const fields = Object.entries(schema.properties ?? {}).filter(([name]) => depth === 3 || schema.required?.includes(name))
    return Object.fromEntries(fields.map(([name, one]) => [name, example(one, all, depth - 1)]))
  }
  return { integer: 0, number: 0, boolean: false, string: '…' }[type] ?? null
}

function fields(schema, all) {
  const whole = schema?.$ref ? all[schema.$ref.split('/').pop()] : schema
  const rows = Object.entries(whole?.properties ?? {}).map(([name, one]) =>
    element('tr', {}, element('td', {}, element('code', { textContent: name + (whole.required?.includes(name) ? ' *' : '') })),
      element('td', {}, element('span', { className: 'muted', textContent: brief(one) }), ...marked(one.description ? ` ${one.description}` : ''))))
  return rows.length ? element('table', {}, ...rows) : element('p', { className: 'muted', textContent: brief(schema) })
}

function call(path, method, operation, shared, all) {
  const body = element('div', { className: 'body' })
  if (operation.description) body.append(element('p', {}, ...marked(operation.description)))
  const parameters = [...(shared ?? []), ...(operation.parameters ?? [])]
  if (parameters.length) {
    body.append(element('h3', { textContent: 'Parameters' }), element('table', {}, ...parameters.map((one) =>
      element('tr', {}, element('td', {}, element('code', { textContent: one.name + (one.required ? ' *' : '') })),
        element('td', {}, element('span', { className: 'muted', textContent: `${one.in}: ${brief(one.schema)}` }), ...marked(one.description ? ` ${one.description}` : ''))))))
  }
  const kinds = Object.entries(operation.requestBody?.content ?? {})
  if (kinds.length) {
    body.append(element('h3', { textContent: `Body: ${kinds.map(([kind]) => kind).join(', ')}` }), fields(kinds[0][1].schema, all))
  }
  const json = operation.requestBody?.content?.['application/json']
  const lines = [`curl -X ${method.toUpperCase()} ${location.origin}${path}`, "-H 'Authorization: Bearer …'"]
  if (json) lines.push("-H 'Content-Type: application/json'", `-d '${JSON.stringify(example(json.schema, all))}'`)
  body.append(element('h3', { textContent: 'With curl' }), element('pre', { textContent: lines.join(' \\\n  '), tabIndex: 0 }))
  body.append(element('h3', { textContent: 'Answers' }), element('table', {}, ...Object.entries(operation.responses ?? {}).map(([status, one]) => {
    const content = Object.entries(one.content ?? {})[0]
    const what = [content && (content[1].schema ? brief(content[1].schema) : content[0]), one.description].filter(Boolean).join(' · ')
    return element('tr', {}, element('td', {}, element('code', { textContent: status })), element('td', {}, ...marked(what)))
  })))
  return element('details', { className: 'call' },
    element('summary', {}, element('span', { className: 'method', textContent: method }), element('code', { className: 'path', textContent: path }),
      element('span', { className: 'what' }, ...marked(operation.summary ?? operation.description?.split('. ')[0]))), body)
}

const answer = await fetch('/api/openapi.json')
const doc = await answer.json()
document.getElementById('about').append(...marked(doc.info.description))
const all = doc.components?.schemas ?? {}
const groups = new Map()
for (const [path, item] of Object.entries(doc.paths)) {
  for (const method of ['get', 'post', 'put', 'patch', 'delete']) {
    if (!item[method]) continue
    const tag = item[method].tags?.[0] ?? ''
    if (!groups.has(tag)) groups.set(tag, [])
    groups.get(tag).push(call(path, method, item[method], item.parameters, all))
  }
}
calls.replaceChildren(...[...groups].map(([tag, list]) => element('section', {}, element('h2', { textContent: tag }), ...list)))
document.getElementById('filter').addEventListener('input', (event) => {
  const wanted = event.target.value.trim().toLowerCase()
  for (const section of calls.children) {
    const list = [...section.querySelectorAll('details.call')]
    for (const one of list) one.hidden = !one.querySelector('summary').textContent.toLowerCase().includes(wanted)
    section.hidden = list.every((one) => one.hidden)
  }
})
