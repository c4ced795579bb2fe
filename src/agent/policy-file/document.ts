/** A policy file as text to the places in it. YAML 1.2, but nothing that makes one thing stand for another: no anchors, aliases, tags. */

import { isAlias, LineCounter, parseDocument, visit, type Document } from 'yaml'
import { BackupError } from '../../base/errors.ts'
import { invalid, placeOf, type Place, type PlaceFile } from './place.ts'

/** Some ten thousand patterns. */
export const maxPolicyBytes = 512 * 1024

/** @throws BackupError `policy-invalid` */
export function openDocument(bytes: Uint8Array, name: string): Place {
  const text = textOf(bytes, name)
  const file: PlaceFile = { name, lines: new LineCounter() }
  const document = parsed(text, file)
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) {
    const [message = ''] = problem.message.split('\n')
    const offset = problem.pos[0]
    const text = `not YAML: ${message.replace(/\.$/, '')}`
    throw invalid(file, { path: '', offset, message: text, hint: quotesHelp })
  }
  refuseReferences(document, file)
  return placeOf(file, { path: '', offset: 0, node: document.contents })
}

const quotesHelp = 'Text that begins with one of * & ! stands in quotes: "*.tmp", "!keep".'

function textOf(bytes: Uint8Array, name: string): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (!text.includes('\0')) return text
  } catch {
    // Told below.
  }
  throw new BackupError('policy-invalid', `${name} is no text in UTF-8.`, {
    hint: 'backup policy show --yaml shows how a policy file looks.',
  })
}

function parsed(text: string, file: PlaceFile): Document.Parsed {
  try {
    return parseDocument(text, {
      lineCounter: file.lines,
      schema: 'failsafe',
      stringKeys: true,
      prettyErrors: false,
    })
  } catch (error) {
    // Lists in lists by the thousand are more than the parser's stack holds.
    throw new BackupError('policy-invalid', `${file.name} can not be read as YAML.`, {
      hint: 'backup policy show --yaml shows how a policy file looks.',
      cause: error,
    })
  }
}

function refuseReferences(document: Document.Parsed, file: PlaceFile): void {
  visit(document, {
    Node: (_, node) => {
      const isPlain = !isAlias(node) && node.anchor === undefined && node.tag === undefined
      if (isPlain) return
      throw invalid(file, {
        path: '',
        offset: node.range?.[0] ?? 0,
        message: 'anchors (&), aliases (*) and tags (!) are not allowed',
        hint: quotesHelp,
      })
    },
  })
}
