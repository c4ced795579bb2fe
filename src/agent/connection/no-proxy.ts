/** `NO_PROXY`: which hosts are reached straight. */

import { BlockList, isIP } from 'node:net'

/**
 * `list`: `*`, names (those below them are meant too), addresses, and ranges of addresses (`10.0.0.0/8`), with commas
 * or spaces between them. Ports are not looked at.
 */
export function isExempt(host: string, list: string): boolean {
  const wanted = host.toLowerCase()
  const covers = isIP(wanted) === 0 ? coversName : coversAddress
  return list
    .split(/[\s,]+/)
    .map(ruleOf)
    .some((rule) => rule === '*' || covers(rule, wanted))
}

/** Without brackets, port and what stands before the first name. An IPv6 address without brackets has no port. */
function ruleOf(item: string): string {
  const [, inBrackets] = /^\[([^\]]*)\]/.exec(item) ?? []
  if (inBrackets !== undefined) return inBrackets
  if (isIP(item) === 6) return item
  return item
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/^\*?\./, '')
}

const coversName = (rule: string, name: string): boolean =>
  rule !== '' && (name === rule || name.endsWith(`.${rule}`))

function coversAddress(rule: string, address: string): boolean {
  const [base = '', bits] = rule.split('/')
  const family = isIP(base) === 6 ? 'ipv6' : 'ipv4'
  const mostBits = family === 'ipv6' ? 128 : 32
  const prefix = Number(bits ?? mostBits)
  if (isIP(base) === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > mostBits) return false
  const range = new BlockList()
  range.addSubnet(base, prefix, family)
  return range.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}
