/** A strict reader for the XML that the program writes: elements, attributes, text, the five entities. Throws at anything else. */

export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  /** Of an element without elements inside. */
  readonly text: string
}

const tokens =
  /<\?.*?\?>|<!DOCTYPE[^<>]*>|<!--.*?-->|<\/([\w]+)>|<([\w]+)((?:\s+[\w:]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gsy

interface Open {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: XmlElement[]
  text: string
}

export function parseXml(document: string): XmlElement {
  const top: Open = { name: '', attributes: {}, children: [], text: '' }
  const open = [top]
  let end = 0
  for (const [whole, closed, opened, attributes, single, text] of document.matchAll(tokens)) {
    end += whole.length
    const at = open.at(-1) ?? top
    if (text !== undefined) at.text += plain(text)
    if (opened !== undefined) {
      open.push({
        name: opened,
        attributes: attributesOf(attributes ?? ''),
        children: [],
        text: '',
      })
    }
    if (closed === undefined && single !== '/') continue
    const element = open.pop()
    if (closed !== undefined && element?.name !== closed)
      throw new Error(`</${closed}> closes nothing`)
    if (element !== undefined) open.at(-1)?.children.push(element)
  }
  const [root, ...others] = top.children
  if (end === document.length && open.length === 1 && root && others.length === 0) return root
  throw new Error(`Not well-formed at ${document.slice(end, end + 40)}`)
}

const attributesOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/([\w:]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [
      name,
      plain(value),
    ]),
  )

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
}

function plain(text: string): string {
  if (/&(?!(?:amp|lt|gt|quot|apos);)/.test(text)) throw new Error(`A bare & in ${text}`)
  return text.replace(/&(\w+);/g, (_, name: string) => entities[name] ?? '')
}

/** The first element of that name, however deep. */
export function elementNamed(root: XmlElement, name: string): XmlElement | undefined {
  if (root.name === name) return root
  for (const child of root.children) {
    const found = elementNamed(child, name)
    if (found !== undefined) return found
  }
  return undefined
}
