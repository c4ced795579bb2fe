/** `--proxy URL` and `--proxy-credentials FILE`: for this command, and kept with the registration. */

import { resolve } from 'node:path'
import type { Proxy } from '../../agent/connection/proxy.ts'
import type { ProxySettings } from '../../agent/state/state.ts'
import type { Host } from './context.ts'

export interface ProxyOptions {
  readonly proxy?: string
  readonly proxyCredentials?: string
}

export interface ChosenProxy {
  readonly proxy: Proxy | undefined
  readonly proxySettings: ProxySettings | undefined
}

export async function proxyOf(
  host: Host,
  options: ProxyOptions,
  vaultAddress: string,
): Promise<ChosenProxy> {
  const { chooseProxy } = await import('../../agent/connection/proxy.ts')
  const { proxy: url, proxyCredentials } = options
  const credentialsFile =
    proxyCredentials === undefined ? undefined : resolve(host.cwd(), proxyCredentials)
  const proxy = await chooseProxy({ url, credentialsFile, env: host.env }, vaultAddress)
  const proxySettings =
    url === undefined ? undefined : { url, ...(credentialsFile && { credentialsFile }) }
  return { proxy, proxySettings }
}
