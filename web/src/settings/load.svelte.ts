import { get } from '../lib/api'

/** What an address of the API holds, with what went wrong; `again` asks anew. */
export class Loaded<T> {
  value = $state<T | null>(null)
  failed = $state('')
  missing = $state(false)

  constructor(readonly path: string) {
    void this.again()
  }
  async again() {
    try {
      this.value = await get<T>(this.path)
      this.failed = ''
    } catch (error) {
      this.missing = (error as { status?: number }).status === 404
      this.failed = error instanceof Error ? error.message : String(error)
    }
  }
}
