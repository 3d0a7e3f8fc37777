import type { Clip, ClipPage, Job, JobRequest, Estimate } from './types'

/** A refusal of the server, in its own sentence. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

const offline = () => new ApiError(0, 'offline', 'The server does not answer. Is `kinora serve` still running?')
/** What is said of an answer that says nothing itself. */
const broken = (status: number) => `The server answered with an error (${status}). Its log says why.`

/** Called when a session has ended, so that the page can ask for the password. */
export const session = { ended: () => {} }

/** The answer of the server; its refusals are thrown. */
async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const form = body instanceof FormData
  const sent = body === undefined ? undefined : form ? body : JSON.stringify(body)
  let answer: Response
  try {
    answer = await fetch(path, {
      method,
      headers: {
        accept: 'application/json',
        ...(method === 'GET' ? {} : { 'x-csrf': '1' }),
        ...(body !== undefined && !form ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      body: sent,
      // what is saved as the page is left outlives the page; browsers allow that to 64 KB
      keepalive: method === 'PUT' && typeof sent === 'string' && sent.length < 20_000,
    })
  } catch {
    throw offline()
  }
  if (answer.ok) return answer
  const said = (await answer.json().catch(() => null)) as { error?: { code?: string; message?: string } } | null
  if (answer.status === 401 && path !== '/api/login') session.ended()
  throw new ApiError(answer.status, said?.error?.code ?? 'error', said?.error?.message ?? broken(answer.status))
}

async function call<T>(...asked: Parameters<typeof ask>): Promise<T> {
  const text = await (await ask(...asked)).text()
  return (text ? JSON.parse(text) : undefined) as T
}

export const get = <T>(path: string) => call<T>('GET', path)
export const post = <T>(path: string, body?: unknown, headers?: Record<string, string>) => call<T>('POST', path, body ?? {}, headers)
export const put = <T>(path: string, body: unknown) => call<T>('PUT', path, body)
export const patch = <T>(path: string, body: unknown) => call<T>('PATCH', path, body)
export const remove = <T = void>(path: string) => call<T>('DELETE', path)

/** Query string of what is set: `undefined`, `''` and `false` are left out. */
export function query(fields: Record<string, string | number | boolean | undefined | null>): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(fields)) if (value) search.set(key, String(value))
  const text = search.toString()
  return text ? `?${text}` : ''
}

export const listClips = (fields: Parameters<typeof query>[0]) => get<ClipPage>('/api/clips' + query(fields))
export const getClip = (id: string) => get<Clip>(`/api/clips/${encodeURIComponent(id)}`)
/** The frame that a clip shows after so many seconds, as a PNG. */
export async function frame(clip: Clip, at: number): Promise<Blob> {
  const answer = await ask('GET', clip.urls.download + query({ format: 'png', at: Math.min(at, clip.seconds) }))
  return answer.blob()
}
export const estimate = (request: JobRequest) => post<Estimate>('/api/jobs/estimate', request)

/** Starts a job. The key makes a repeated press, or a repeated send on a bad line, one job. */
export const startJob = (request: JobRequest) => post<Job>('/api/jobs', request, { 'idempotency-key': newKey() })

export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Uploads with progress 0–1, which `fetch` cannot tell. */
export function upload(file: File, folder: string | null, progress: (part: number) => void = () => {}): Promise<Clip> {
  const form = new FormData()
  if (folder) form.append('folder_id', folder)
  form.append('file', file, file.name)
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('POST', '/api/clips')
    request.setRequestHeader('x-csrf', '1')
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total)
    request.onerror = () => reject(offline())
    request.onload = () => {
      let said: Clip & { error?: { code: string; message: string } }
      try {
        said = JSON.parse(request.responseText)
      } catch {
        return reject(new ApiError(request.status, 'error', broken(request.status)))
      }
      if (request.status < 300) resolve(said)
      else reject(new ApiError(request.status, said.error?.code ?? 'error', said.error?.message ?? broken(request.status)))
    }
    request.send(form)
  })
}
