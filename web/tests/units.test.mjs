// What needs no browser: where tiles lie, and what may lie where on a timeline.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runnerImport } from 'vite'

const load = async (path) => (await runnerImport(path, { configFile: false, logLevel: 'error' })).module
const { columns, justify, neighbour, visible } = await load('./src/library/layout.ts')
const { group } = await load('./src/library/groups.ts')
const { close, drawn, footage, hints, place, plain, reach, same, seen, split } = await load('./src/board/timeline.ts')
const cuts = await load('./src/clip/cuts.ts')
const { merge } = await load('./src/lib/merge.ts')

test('rows of tiles fill the width exactly, in order, and never overlap', () => {
  const shapes = Array.from({ length: 500 }, (_, at) => [16 / 9, 1, 9 / 16, 2.4][(at * 7) % 4])
  const { boxes, height } = justify(shapes, 1000, 190, 12)
  assert.equal(boxes.length, shapes.length)
  const rows = Map.groupBy ? Map.groupBy(boxes, (box) => box.y) : boxes.reduce((map, box) => map.set(box.y, [...(map.get(box.y) ?? []), box]), new Map())
  const lines = [...rows.values()]
  for (const line of lines.slice(0, -1)) {
    const last = line.at(-1)
    assert.equal(last.x + last.width, 1000)
    line.slice(1).forEach((box, at) => assert.equal(box.x, line[at].x + line[at].width + 12))
    assert.ok(line[0].height > 120 && line[0].height <= 190 * 1.6)
  }
  assert.equal(height, boxes.at(-1).y + boxes.at(-1).height)
})

test('only what is on the screen is drawn', () => {
  const { boxes } = justify(Array(10_000).fill(1.5), 1200, 190, 12)
  const [from, to] = visible(boxes, 50_000, 50_800)
  assert.ok(to - from > 10 && to - from < 60)
  assert.ok(boxes[from].y + boxes[from].height >= 50_000 && boxes[to - 1].y <= 50_800 && boxes[to].y > 50_800)
})

test('columns fill the width, and what comes later moves nothing', () => {
  const shapes = Array.from({ length: 300 }, (_, at) => [16 / 9, 1, 0.45, 9 / 16][(at * 7) % 4])
  const { boxes, height } = columns(shapes, 1000, 270, 14, 130)
  assert.deepEqual(new Set(boxes.map((box) => Math.round(box.x))), new Set([0, 338, 676]))
  assert.deepEqual(columns(shapes.slice(0, 100), 1000, 270, 14, 130).boxes, boxes.slice(0, 100))
  assert.deepEqual(boxes.map((box) => box.y), boxes.map((box) => box.y).sort((a, b) => a - b))
  for (const at of [0, 338, 676]) {
    const column = boxes.filter((box) => Math.round(box.x) === at)
    column.slice(1).forEach((box, next) => assert.equal(box.y, column[next].y + column[next].height + 14))
    assert.ok(height - (column.at(-1).y + column.at(-1).height) < 1000)
  }
  assert.equal(columns(shapes, 200, 270, 14, 130).boxes[5].width, 200, 'one, however narrow')
  // those on the screen are among those that are drawn, the tall ones that begin far above too
  const tallest = Math.max(...boxes.map((box) => box.height))
  for (let from = 0; from < height; from += 97) {
    const [first, end] = visible(boxes, from - tallest, from + 700)
    const shown = boxes.flatMap((box, at) => (box.y + box.height >= from && box.y <= from + 700 ? [at] : []))
    assert.ok(shown.every((at) => at >= first && at < end), `at ${from}`)
  }
})

test('arrow keys go to the tile above or below, whatever the widths', () => {
  const { boxes } = justify([1, 1, 1, 2, 1, 1.5, 1.5, 1, 1], 600, 190, 10)
  const down = neighbour(boxes, 1, 'ArrowDown')
  assert.ok(boxes[down].y > boxes[1].y)
  assert.equal(boxes[neighbour(boxes, down, 'ArrowUp')].y, boxes[1].y)
  assert.equal(neighbour(boxes, 0, 'ArrowUp'), 0)
  assert.equal(neighbour(boxes, boxes.length - 1, 'ArrowRight'), boxes.length - 1)
})

test('variants of one press share a tile, in their order', () => {
  const clip = (id, job_id, variant, variants) => ({ id, job_id, variant, variants })
  const groups = group([clip('c', 'j', 3, 3), clip('x', 'k', 1, 1), clip('a', 'j', 1, 3), clip('b', 'j', 2, 3)])
  assert.deepEqual(groups.map((one) => one.clips.map((each) => each.id)), [['a', 'b', 'c'], ['x']])
})

const film = (key, at, from, to) => ({ key, at, clip: 'c', in: from, out: to })
const words = (key, at, text = 'so') => ({ key, at, text })

test('footage never lies over footage, and nothing leaves the board', () => {
  const cards = [film(1, 2, 0, 3), film(2, 7, 0, 1)]
  const card = film(3, 0, 0, 2)
  assert.equal(place(cards, card, 1, 10), 0)
  assert.equal(place(cards, card, 4.5, 10), 5)
  assert.equal(place(cards, card, 99, 10), 8)
  assert.equal(place(cards, { key: 4, at: 0, image: 'i' }, 3, 10), 5, 'a picture would be hidden by footage')
  assert.equal(place(cards, words(5, 0), 3, 10), 3, 'words stay where they are let go, and hold from there on')
})

test('words hold until other words; pictures are moments; clips end', () => {
  const cards = [words(1, 0), { key: 2, at: 1, image: 'i' }, film(3, 2, 1, 2.5), words(4, 6)]
  assert.deepEqual(cards.map((card) => reach(cards, card, 10)), [6, 1, 3.5, 10])
})

test('a card is split at a time: footage is parted, words are said again', () => {
  const [left, right] = split([film(1, 2, 1, 4)], film(1, 2, 1, 4), 3, 10, 9)
  assert.deepEqual([left.out, right.in, right.at, right.key], [2, 2, 3, 9])
  const [first, second] = split([words(1, 0)], words(1, 0), 5, 10, 9)
  assert.deepEqual([first.at, second.at, second.text], [0, 5, 'so'])
  assert.equal(split([film(1, 2, 1, 4)], film(1, 2, 1, 4), 8, 10, 9), null)
})

test('footage at another speed takes its own time, and is parted where it is seen', () => {
  const slow = { ...film(1, 2, 1, 2), speed: 0.5 }
  assert.deepEqual([footage(slow), reach([slow], slow, 10), seen(slow, 3)], [2, 4, 1.5])
  const [left, right] = split([slow], slow, 3, 10, 9)
  assert.deepEqual([left.out, right.in, right.at, right.speed], [1.5, 1.5, 3, 0.5])
  const piece = (from, to, speed) => ({ from, to, keep: true, speed })
  assert.deepEqual(cuts.kept([piece(0, 1), piece(1, 2), piece(2, 3, 0.5), { from: 3, to: 4, keep: false }, piece(4, 5, 0.5)]), [
    { from: 0, to: 2, speed: 1 },
    { from: 2, to: 3, speed: 0.5 },
    { from: 4, to: 5, speed: 0.5 },
  ])
})

test('what will be drawn is known, and cards that are too close are named', () => {
  const cards = [film(1, 1, 0, 2), film(2, 3.2, 0, 1), { ...words(3, 4.4), gap: 'cut' }]
  assert.deepEqual(drawn(cards, 12).map((one) => [one.from, one.to, one.hint]), [[0, 1, ''], [3, 3.2, ''], [4.2, 12, '']])
  assert.deepEqual(drawn(cards.slice(0, 2), 12).at(-1).hint, 'wide')
  assert.deepEqual(close(cards).map((one) => [one.from, one.to]), [[3, 3.2]])
  assert.deepEqual(close([words(1, 0), { key: 2, at: 0.3, image: 'i' }]), [])
  assert.deepEqual(close([film(1, 0, 0, 1), { key: 2, at: 1.3, image: 'i', gap: 'cut' }]), [])
})

test('spacing is said of the card that is to be moved or joined', () => {
  const said = (cards, duration) => hints(cards, duration).map(({ kind, seconds, card }) => [kind, Math.round(seconds * 10) / 10, card.key])
  const cards = [film(1, 7, 0, 1), { key: 2, at: 8.3, image: 'i' }]
  assert.deepEqual(said(cards, 20), [['before', 7, 1], ['close', 0.3, 2], ['after', 11.7, 2]])
  assert.deepEqual(said([words(3, 0), ...cards], 20)[0], ['after', 7, 3])
  assert.deepEqual(said([words(3, 0), words(4, 4), ...cards], 9), [['close', 0.3, 2]])
  assert.deepEqual(said([], 20), [], 'an empty board is no fault')
})

test('boards are the same in whatever order their fields stand', () => {
  const board = { duration: 2, seed: null, cards: [{ at: 0, text: 'a' }] }
  assert.ok(same(board, { cards: [{ text: 'a', at: 0, image: undefined }], seed: null, duration: 2 }))
  assert.ok(!same(board, { ...board, cards: [{ at: 0, text: 'b' }] }))
})

test('a board goes to the server in order of time and without the page’s own keys', () => {
  const board = plain({ duration: 4 }, [words(7, 2, 'b'), words(3, 0, 'a')])
  assert.deepEqual(board.cards, [{ at: 0, text: 'a' }, { at: 2, text: 'b' }])
})

test('a cut parts one piece and leaves slivers alone', () => {
  const one = [{ from: 0, to: 2, keep: true }]
  assert.deepEqual(cuts.split(one, 0.5), [{ from: 0, to: 0.5, keep: true }, { from: 0.5, to: 2, keep: true }])
  assert.deepEqual(cuts.split(one, 1.95), one)
})

test('of two tabs each writes what it has changed itself', () => {
  const before = { theme: 'dark', view: 'grid', boards: { a: ['1'] } }
  const stored = { theme: 'light', view: 'grid', boards: { a: ['1'], b: ['2'] } }
  const now = { theme: 'dark', view: 'list', boards: { a: ['1', '3'] } }
  assert.deepEqual(merge(stored, before, now), { theme: 'light', view: 'list', boards: { a: ['1', '3'], b: ['2'] } })
})
