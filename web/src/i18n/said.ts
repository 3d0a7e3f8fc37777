/**
 * Sentences of the server's in Chinese. They stay English where something is decided by them; only what is shown is read
 * through this.
 *
 * A template has three kinds of blanks: `{n}`, of one letter, is a number; `{name}` is one word, or a name in backticks;
 * `{What}` is anything within its part of the sentence, read in its turn. What is quoted “so” is somebody's own, and
 * passes untouched.
 */
export type Template = readonly [english: string, chinese: string]

const BLANK = /\{(\w+)\}/g
/** What parts a sentence, the widest first: "where: what; cure". */
const MARKS = [['; ', '；'], [' — ', '——'], [': ', '：']] as const

/** The literal pieces of a template, between its blanks. */
export const pieces = (template: string) => template.split(/\{\w+\}/)
const isWhat = (blank: string) => /^[A-Z]/.test(blank)

/** What may fill a blank that stands at `index` of a template. */
function filling(blank: string, index: number, english: string): string {
  if (blank.length === 1) return '[\\d.e/-]+'
  if (!isWhat(blank)) return english[index - 1] === '`' ? '[^`]+' : '\\S+'
  // behind "; ", and before ": ", lies another part, unless the template goes over it itself
  const ends = ['; ', ...(index ? [] : [': '])].filter((mark) => !english.includes(mark))
  return ends.length ? `(?:(?!${ends.join('|')}).)+` : '.+'
}

function pattern(english: string): RegExp {
  const blanks = [...english.matchAll(BLANK)].map(({ 1: blank = '', index }) => `(?<${blank}>${filling(blank, index, english)})`)
  const literal = pieces(english).map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${literal.map((text, at) => text + (blanks[at] ?? '')).join('')}$`)
}

/** Reads by a table of templates, in whatever order: the one that says the most of a sentence itself is taken. */
export function reader(table: readonly Template[]): (sentence: string) => string {
  const size = ([english]: Template) => pieces(english).join('').length
  const templates = [...table].sort((a, b) => size(b) - size(a)).map(([english, chinese]) => ({ pattern: pattern(english), chinese }))

  function whole(sentence: string): string | undefined {
    for (const { pattern, chinese } of templates) {
      const blanks = pattern.exec(sentence)
      if (blanks) return chinese.replace(BLANK, (_, blank: string) => (isWhat(blank) ? part : String)(blanks.groups![blank]!))
    }
  }
  function list(sentence: string): string | undefined {
    for (let at = sentence.indexOf(', '); at > 0; at = sentence.indexOf(', ', at + 1)) {
      const first = whole(sentence.slice(0, at))
      if (first !== undefined) return `${first}、${part(sentence.slice(at + 2))}`
    }
  }
  function halves(sentence: string): string | undefined {
    const [mark, own] = MARKS.find(([mark]) => sentence.includes(mark)) ?? []
    if (mark === undefined) return
    const at = sentence.indexOf(mark)
    const both = [sentence.slice(0, at), sentence.slice(at + mark.length)]
    const known = both.map(read)
    if (known.some((half) => half !== undefined)) return known.map((half, index) => half ?? both[index]).join(own)
  }
  const read = (sentence: string) => whole(sentence) ?? (sentence.includes('; ') ? undefined : list(sentence)) ?? halves(sentence)
  const part = (sentence: string) => read(sentence) ?? sentence

  return (sentence) => {
    const quotes: string[] = []
    const bare = sentence.replace(/“[^”]*”/g, (quote) => `“\0${quotes.push(quote) - 1}”`)
    const lines = bare.split('\n').map(part).join('\n')
    return lines.replace(/“\0(\d+)”/g, (_, at: string) => quotes[Number(at)]!)
  }
}
