/** Where each tile lies: rows of one height that fill the width, as many as the list is long. */
export interface Box {
  x: number
  y: number
  width: number
  height: number
}

/**
 * Lays out pictures of the given shapes (width / height) in justified rows of about `target` pixels height.
 * The last row keeps its height. Returns the boxes in order and the height of them all.
 */
export function justify(shapes: number[], width: number, target: number, gap: number): { boxes: Box[]; height: number } {
  const boxes: Box[] = []
  let y = 0
  let first = 0
  let sum = 0
  const close = (end: number, full: boolean) => {
    const room = width - gap * (end - first - 1)
    const height = Math.round(full ? Math.min(room / sum, target * 1.6) : Math.min(target, room / sum))
    let x = 0
    for (let at = first; at < end; at += 1) {
      const last = full && at === end - 1 && room / sum <= target * 1.6
      const wide = last ? width - x : Math.round(height * shapes[at]!)
      boxes.push({ x, y, width: wide, height })
      x += wide + gap
    }
    y += height + gap
    first = end
    sum = 0
  }
  for (let at = 0; at < shapes.length; at += 1) {
    sum += shapes[at]!
    if (sum * target + gap * (at - first) >= width) close(at + 1, true)
  }
  if (first < shapes.length) close(shapes.length, false)
  return { boxes, height: Math.max(0, y - gap) }
}

/**
 * Lays out pictures of the given shapes in columns at least `least` pixels wide: each where there is the most room, with
 * `below` pixels for words under it. What comes later moves none of them. In order of y.
 */
export function columns(shapes: number[], width: number, least: number, gap: number, below: number): { boxes: Box[]; height: number } {
  const count = Math.max(1, Math.floor((width + gap) / (least + gap)))
  const wide = (width - gap * (count - 1)) / count
  const ends = Array<number>(count).fill(0)
  const boxes = shapes.map((shape) => {
    const at = ends.indexOf(Math.min(...ends))
    const box = { x: at * (wide + gap), y: ends[at]!, width: wide, height: Math.round(wide / shape) + below }
    ends[at] = box.y + box.height + gap
    return box
  })
  return { boxes, height: Math.max(0, Math.max(...ends) - gap) }
}

/** A range that holds the boxes that touch `from..to`; boxes are in order of y. */
export function visible(boxes: Box[], from: number, to: number): [number, number] {
  const search = (fits: (box: Box) => boolean) => {
    let low = 0
    let high = boxes.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (fits(boxes[middle]!)) high = middle
      else low = middle + 1
    }
    return low
  }
  return [search((box) => box.y + box.height >= from), search((box) => box.y > to)]
}

/** The box nearest to `at` in a direction, for arrow keys. */
export function neighbour(boxes: Box[], at: number, key: string): number {
  const box = boxes[at]
  if (!box) return boxes.length ? 0 : -1
  if (key === 'ArrowLeft') return Math.max(0, at - 1)
  if (key === 'ArrowRight') return Math.min(boxes.length - 1, at + 1)
  if (key === 'Home') return 0
  if (key === 'End') return boxes.length - 1
  const down = key === 'ArrowDown'
  const centre = box.x + box.width / 2
  let rowY: number | undefined
  let best = at
  let distance = Infinity
  for (let i = at; i >= 0 && i < boxes.length; i += down ? 1 : -1) {
    const one = boxes[i]!
    if (one.y === box.y) continue
    rowY ??= one.y
    if (one.y !== rowY) break
    const away = Math.abs(one.x + one.width / 2 - centre)
    if (away < distance) [best, distance] = [i, away]
  }
  return best
}
