// What the server says, in Chinese: that the table knows its sentences as they stand in the sources, and reads them.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runnerImport } from 'vite'

const load = async (path) => (await runnerImport(path, { configFile: false, logLevel: 'error' })).module
const { said, table } = await load('./src/i18n/said.zh.ts')
const { pieces } = await load('./src/i18n/said.ts')
const { capital } = await load('./src/i18n/capital.ts')

/** The string literals of Rust, but those of its tests, as the program has them: lines joined, quotes plain. */
function literals(rust) {
  const code = rust.replace(/^#\[cfg\(test\)\]\nmod \w+ \{.*/ms, '').replace(/^\s*\/\/.*$/gm, '').replace(/'\\?"'/g, '')
  return [...code.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(([, text]) => text.replace(/\\\n\s*/g, '').replace(/\\(["\\])/g, '$1'))
}
const files = (folder, ending) => readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(ending)).map((name) => readFileSync(join(folder, name), 'utf8'))
const crates = '../crates'
const sources = [
  ...['engine', 'media', 'models', 'studio', 'cli'].flatMap((name) => files(`${crates}/${name}/src`, '.rs')).flatMap(literals),
  ...readFileSync(`${crates}/studio/src/moderation/default.txt`, 'utf8').split('\n'),
  // what the pages say themselves where there is no answer, with TypeScript's ${status} as a blank
  ...readFileSync('src/lib/api.ts', 'utf8').split('\n'),
]

/** Whether a text holds all pieces, one after the other. */
function holds(text, parts) {
  let at = 0
  return parts.every((part) => {
    const found = text.indexOf(part, at)
    at = found + part.length
    return found >= 0
  })
}

test('each sentence of the table stands in the sources', () => {
  const reworded = table.map(([english]) => english).filter((english) => {
    const parts = pieces(english).map((part) => part.trim())
    return !sources.some((text) => holds(text, parts))
  })
  assert.deepEqual(reworded, [], 'reworded in Rust: say it anew in src/i18n/said.zh.ts')
})

test('no sentence stands in the table twice, and none loses a number', () => {
  const english = table.map(([sentence]) => sentence.replace(/\{\w+\}/g, '{}'))
  assert.deepEqual(english.filter((sentence, at) => english.indexOf(sentence) !== at), [])
  const blanks = (text) => new Set([...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
  for (const [sentence, chinese] of table) {
    const [had, has] = [blanks(sentence), blanks(chinese)]
    assert.deepEqual([...has].filter((name) => !had.has(name)), [], sentence)
    assert.deepEqual([...had].filter((name) => name.length === 1 && !has.has(name)), [], sentence)
  }
})

test('sentences are read with their names, numbers and quotes', () => {
  for (const [english, chinese] of [
    ['the prompt is empty; say what the video shows', '提示词是空的；写下视频里有什么'],
    ['seconds 60 is out of range; give 1 to 20 s', '时长 60 超出范围；请给 1 到 20 秒'],
    ['seconds 1e300 is out of range; give 1 to 20 s', '时长 1e300 超出范围；请给 1 到 20 秒'],
    ['there is no such clip', '没有这个片段'],
    ['the sound of clip “a frog; in the snow” is left behind', '片段 “a frog; in the snow” 的声音不会保留'],
    ['kinora-mini cannot read the words of the style noir: the clip is made without it', 'kinora-mini 读不懂风格 noir 的文字：生成时不用它'],
    // where: what; cure
    [
      'card 2 at 5.5 s: clip 0b1c lasts 3 s, it has no 0 to 5 s; give `in` and `out` within 0 and 3',
      '第 2 张卡片（5.5 秒处）：片段 0b1c 长 3 秒，没有 0 到 5 秒这一段；“从”和“到”请在 0 和 3 之间',
    ],
    ['the file: broken or truncated MP4: it has no movie box; the recording was cut off; get a fresh copy of the file', '文件：MP4 损坏或不完整：没有影片信息；录制没有正常结束；请重新获取该文件'],
    // lists, and what lies in them
    [
      'the scene says beach, desert, card 2 at 5 s says night: one shot can hardly show both; say it in one place, or set gap = "cut"',
      '场景写的是 beach, desert，第 2 张卡片（5 秒处）写的是 night：一个镜头很难同时表现；请只在一处写，或选“切换”',
    ],
    [
      'kinora-mini does not know “corgi” (drawn as dog), “mamoth” (nearest: mammoth, man), “idea” and 3 more; Settings, Models shows what it knows',
      'kinora-mini 不认识“corgi”（画成 dog）、“mamoth”（相近：mammoth, man）、“idea”等，另有 3 个；它学过什么，见“设置 › 模型”',
    ],
    // what is somebody's own passes, whatever it says
    ['prompt 2 of 3 (“the prompt is empty; a: b,\nc”) has 300 tokens; kinora-mini reads the first 128', '第 2 条提示词（共 3 条：“the prompt is empty; a: b,\nc”）有 300 个词元；kinora-mini 只读前 128 个'],
    ['there is a user `read` already', '已有用户 read'],
    [
      'this studio\'s moderation rule “own” was met (found: a + b, c*): Not here; ask me. — nothing was charged; change the words, or ask an administrator to let it pass',
      '违反了此工作室的审核规则“own”（含有：a + b, c*）：Not here；ask me.——没有收费；请改写，或请管理员放行',
    ],
    [
      'this takes 25 credits; 20 of the 30 that the plan Pro Plus has a month are used; they return on 2026-12-01T00:00:00Z; a job of `"class": "relaxed"` is free, and waits behind others',
      '这需要 25 点；套餐 Pro Plus 每月的 30 点已用 20 点；2026-12-01T00:00:00Z 恢复；也可以免费进入闲时队列，排在其他人之后',
    ],
    // several, each in its line
    ['the job is running; cancel it first\ntoo many requests; try again in 12 s', '任务在进行；请先取消\n请求太多；请 12 秒后再试'],
    // half a sentence is better than none, and what nobody knows stays
    ['odd news; give 0 to 1', 'odd news；请给 0 到 1'],
    ['odd news: nothing known; nor here', 'odd news: nothing known; nor here'],
  ]) assert.equal(said(english), chinese)
})

test('an English sentence begins with a capital, a name as it is', () => {
  for (const [sent, shown] of [
    ['the prompt is empty; say what the video shows', 'The prompt is empty; say what the video shows'],
    ['card 2 at 5 s: its text is empty', 'Card 2 at 5 s: its text is empty'],
    ['kinora-mini does not know “corgi”\ntoo many requests; try again in 12 s', 'Kinora-mini does not know “corgi”\nToo many requests; try again in 12 s'],
    ['stopped', 'Stopped'],
    ['prompt 2 of 3 (“a frog,\nsnow”) has 300 tokens', 'Prompt 2 of 3 (“a frog,\nsnow”) has 300 tokens'],
    ['video.mp4.checkpoint cannot be written (why)', 'video.mp4.checkpoint cannot be written (why)'],
    ['`read` is a preset; give the style another name', '`read` is a preset; give the style another name'],
    ['The server does not answer.', 'The server does not answer.'],
  ]) assert.equal(capital(sent), shown)
})
