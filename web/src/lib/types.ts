/** What the server says: the shapes of Kinora's own API, field for field. */

export type Tool = 'generate' | 'storyboard' | 'extend' | 'recut' | 'remix' | 'blend' | 'loop' | 'upload'
export type Aspect = '16:9' | '1:1' | '9:16'
export type Resolution = '480p' | '720p' | '1080p'
export type Effort = 'draft' | 'standard' | 'quality'

export interface Sprite {
  columns: number
  rows: number
  count: number
  width: number
  height: number
}

export interface Clip {
  id: string
  kind: 'generation' | 'upload'
  tool: Tool
  prompt: string
  title: string
  job_id: string | null
  variant: number
  variants: number
  parents: string[]
  children_count: number
  width: number
  height: number
  seconds: number
  fps: number
  frames: number
  seed: number | null
  model: string | null
  style: string | null
  created_at: string
  bytes: number
  favourite: boolean
  bookmarked: boolean
  folder_id: string | null
  tags: string[]
  trashed_at: string | null
  share_url: string | null
  published: boolean
  likes?: number
  sprite?: Sprite | null
  urls: { video: string; thumbnail: string; spritesheet: string; sidecar: string; download: string }
  settings: Record<string, unknown> | null
}

/** A published clip, as all users of the server see it. */
export interface Post extends Clip {
  likes: number
  published_at: string
  /** Null where nobody logs in. */
  author: string | null
  featured: boolean
  liked: boolean
}

export interface ClipPage {
  items: Clip[]
  next_cursor: string | null
  total: number
}

export interface Job {
  id: string
  tool: Tool
  status: 'queued' | 'running' | 'completed' | 'failed' | 'cancelled'
  class: 'priority' | 'relaxed'
  prompt: string
  stage: string | null
  step: number
  steps: number
  progress: number
  /** In the line, paused ones counted. */
  place: number | null
  /** How many are served before it; none while it is paused. */
  position: number | null
  paused: boolean
  /** Whether another request can take its place. */
  editable: boolean
  /** Whether trying it again goes on from what was drawn. */
  resumable: boolean
  eta_seconds: number | null
  variants: number
  clips: string[]
  cost: { credits: number } | null
  error: string | null
  note?: string | null
  created_at: string
  started_at: string | null
  finished_at: string | null
  preview_url: string | null
  folder_id: string | null
  width: number
  height: number
  seconds: number
  request: JobRequest
}

export interface JobRequest {
  tool: Tool
  prompt?: string
  board?: Board
  board_id?: string
  clip?: string
  clip_b?: string
  image?: string
  video?: string
  strength?: 'subtle' | 'mild' | 'strong' | number
  range?: [number, number]
  ranges?: [number, number][]
  speeds?: number[]
  before?: number
  after?: number
  length?: 'short' | 'normal' | 'long'
  curve?: [number, number][]
  preset?: 'transition' | 'mix' | 'sample'
  gap?: number
  size?: string
  aspect?: Aspect
  resolution?: Resolution
  seconds?: number
  fps?: number
  variants?: number
  seed?: number
  steps?: number
  guidance?: number
  negative?: string
  style?: string
  effort?: Effort
  model?: string
  folder_id?: string
  class?: 'priority' | 'relaxed'
}

export interface Estimate {
  credits: number
  /** Of the plan, before this job. */
  credits_left: number | null
  seconds_estimate: number
  /** Whether the time comes from clips that were made here. */
  measured: boolean
  tokens: number
  /** Why the plan has too little left for it this month. */
  over_quota: string | null
  warnings: string[]
  notes: string[]
}

export interface Card {
  at: number
  text?: string
  image?: string
  clip?: string
  in?: number
  out?: number
  speed?: number
  strength?: number
  gap?: 'flow' | 'cut'
}

export interface Board {
  duration: number
  aspect: Aspect
  resolution: Resolution
  prompt: string
  seed: number | null
  style: string | null
  cards: Card[]
}

export interface StoredBoard {
  id: string
  name: string
  board: Board
  updated_at: string
}

export interface Folder {
  id: string
  name: string
  clips: number
  created_at: string
}

/** What is shown of a style in one language. */
export interface StyleSaid {
  title: string
  text: string
  parts: Record<string, string>
}

/** In English itself, and in Chinese. */
export interface Style extends StyleSaid {
  name: string
  zh: StyleSaid
  pictures: string[]
  thumbnail: string | null
  builtin: boolean
}

export interface User {
  id: string
  name: string
  admin: boolean
  /** A name; none is the usual one. */
  plan?: string | null
}

export interface Status {
  version: string
  auth: { required: boolean; user: User | null }
  models: { name: string; title: string; family: string; default: boolean }[]
  ffmpeg: boolean
  limits: { seconds_max?: number; variants_max?: number; upload_bytes_max?: number }
  plan: ({ name: string } & Plan) | null
  /** Names of all plans, for administrators. */
  plans: string[]
}

export interface Counts {
  clips: number
  favourites: number
  trash: number
  queued: number
  running: number
}

/** What a plan allows; null is no limit. */
export interface Plan {
  videos: number | null
  credits: number | null
  seconds: number | null
  resolution: number | null
  concurrency: number | null
  relaxed: boolean
  watermark: boolean
}

export interface Usage {
  /** Its name. */
  plan: string | null
  videos_used: number
  videos: number | null
  credits_used: number
  credits: number | null
  resets_at: string
  allows: Plan | null
  /** Seconds and credits of each size. */
  prices: { resolution: number; square: boolean; credits: [number, number][] }[]
}

export interface Storage {
  bytes: number
  kinds: Record<'clips' | 'uploads' | 'thumbnails' | 'checkpoints' | 'trash' | 'styles', number>
  free: number | null
  users: { id: string; name: string; bytes: number }[] | null
}

export interface Imported {
  clips: number
  skipped: number
  problems: string[]
}
