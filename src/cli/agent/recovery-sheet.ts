/** The text of a recovery sheet, and the page of it. */

import type { Secret } from '../../base/secret.ts'

export interface RecoverySheet {
  readonly vaultName: string
  readonly address: string
  readonly machineName: string
  readonly machineId: string
  readonly fingerprint: string
  /** Not given: a place to write it. */
  readonly passphrase: Secret | undefined
  readonly printedAt: string
}

const linesOf = (sheet: RecoverySheet): readonly (readonly [string, string])[] => [
  ['Vault', `${sheet.vaultName} at ${sheet.address}`],
  ['Machine', `${sheet.machineName} (${sheet.machineId})`],
  ['Fingerprint', sheet.fingerprint],
  ['Passphrase', passphraseText(sheet) ?? '_'.repeat(40)],
  ['Printed', sheet.printedAt],
]

const passphraseText = ({ passphrase }: RecoverySheet): string | undefined =>
  passphrase && Buffer.from(passphrase.bytes).toString()

const warning =
  'Without this passphrase and without the machine the data is lost: nobody else has it. ' +
  'With it and a recovery credential anyone can read everything. Keep it apart from the machine.'

const stepsOf = ({ machineName, vaultName }: RecoverySheet): readonly string[] => [
  `On the vault: backup-vault credentials ${vaultName} --recover "${machineName}" --out recover.vaultcred`,
  'On any machine: backup recover --vault-credentials recover.vaultcred',
  'Then: backup restore --point latest --to DIR',
]

export function sheetText(sheet: RecoverySheet): string {
  const facts = linesOf(sheet).map(([name, value]) => `${name.padEnd(12)} ${value}`)
  const steps = stepsOf(sheet).map((step, at) => `${at + 1}. ${step}`)
  return `${['RECOVERY SHEET', '', ...facts, '', warning, '', ...steps].join('\n')}\n`
}

/** One page, nothing loaded from elsewhere. The code holds the passphrase, or the machine where there is none. */
export async function sheetHtml(sheet: RecoverySheet): Promise<string> {
  const { renderSVG } = await import('uqr')
  const code = renderSVG(passphraseText(sheet) ?? `${sheet.vaultName}/${sheet.machineName}`)
  const rows = linesOf(sheet).map(
    ([name, value]) => `<tr><th>${escaped(name)}</th><td>${escaped(value)}</td></tr>`,
  )
  const steps = stepsOf(sheet).map((step) => `<li><code>${escaped(step)}</code></li>`)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Recovery sheet</title>
<style>
body { font: 12pt/1.5 sans-serif; margin: 2cm; max-width: 17cm }
th { text-align: left; padding-right: 1em; vertical-align: top }
td { font-family: monospace; overflow-wrap: anywhere }
svg { width: 5cm; height: 5cm }
</style></head>
<body><h1>Recovery sheet</h1>
<table>${rows.join('')}</table>
<p>${escaped(warning)}</p>
<ol>${steps.join('')}</ol>
${code}
<p>${sheet.passphrase === undefined ? 'The code names the machine.' : 'The code is the passphrase.'}</p>
</body></html>
`
}

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`)
