/** Elements as text, indented by two spaces. */

export type Xml = readonly string[]

/** With text, or with elements inside. */
export function element(name: string, content: string | readonly Xml[], attributes = ''): Xml {
  const open = attributes === '' ? name : `${name} ${attributes}`
  if (typeof content === 'string') return [`<${open}>${escaped(content)}</${name}>`]
  if (content.length === 0) return [`<${open} />`]
  return [`<${open}>`, ...content.flat().map((line) => `  ${line}`), `</${name}>`]
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

/** For text, and for attributes in double quotes. */
export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (character) => entities[character] ?? character)
