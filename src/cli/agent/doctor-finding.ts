/** What a look of `backup doctor` came to, where it did not fail. */

export interface Finding {
  readonly outcome: 'ok' | 'warning' | 'skipped'
  readonly message: string
  /** What to do; undefined where nothing is to be done. */
  readonly hint?: string
}

export const ok = (message: string): Finding => ({ outcome: 'ok', message })
export const skipped = (message: string): Finding => ({ outcome: 'skipped', message })
export const warning = (message: string, hint: string): Finding => ({
  ...{ outcome: 'warning', message, hint },
})
