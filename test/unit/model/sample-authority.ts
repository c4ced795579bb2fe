/**
 * An authority made for vectors, and what it signed. ECDSA gives another signature each time: these were made once, and
 * whoever changes what is signed makes new ones with the key.
 */

import { createPrivateKey, createPublicKey } from 'node:crypto'

/** PKCS#8 (DER), base64url. It serves no vault. */
export const authorityKey = createPrivateKey({
  key: Buffer.from(
    'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgO5bSyVat7esp20lzmBLDNczo7GmZf-LKMruFLKogw82hRANCAASfYLFAReX29piIbsmj5s4FpWeWn1rmSitdtzUjijcRzP57jNiUaf6SzP527bzAg4Q9QB8BQ-2V23EtKKeUHxjP',
    'base64url',
  ),
  format: 'der',
  type: 'pkcs8',
})

export const authorityPublicKey = createPublicKey(authorityKey)

/** SPKI (DER). */
export const authoritySpki = Uint8Array.from(
  authorityPublicKey.export({ format: 'der', type: 'spki' }),
)

export const authorityCertificate = [
  '-----BEGIN CERTIFICATE-----',
  'MIIB3DCCAYKgAwIBAgIQWu7qEotNwy8dtq05yAorKzAKBggqhkjOPQQDAjBOMSEw',
  'HwYDVQQDExhiYWNrdXAtdmF1bHQgYXV0aG9yaXR5IDExKTAnBgNVBAsTIGU0ZTRl',
  'NGU0ZTRlNGU0ZTRlNGU0ZTRlNGU0ZTRlNGU0MB4XDTIzMTExMzIyMTMyMFoXDTQz',
  'MTEwOTIyMTMyMFowTjEhMB8GA1UEAxMYYmFja3VwLXZhdWx0IGF1dGhvcml0eSAx',
  'MSkwJwYDVQQLEyBlNGU0ZTRlNGU0ZTRlNGU0ZTRlNGU0ZTRlNGU0ZTRlNDBZMBMG',
  'ByqGSM49AgEGCCqGSM49AwEHA0IABJ9gsUBF5fb2mIhuyaPmzgWlZ5afWuZKK123',
  'NSOKNxHM/nuM2JRp/pLM/nbtvMCDhD1AHwFD7ZXbcS0op5QfGM+jQjBAMA8GA1Ud',
  'EwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMB0GA1UdDgQWBBScaGl2I8Fqyun+',
  '/ABnEGF8YPRPLzAKBggqhkjOPQQDAgNIADBFAiEAksdMDjEsKMLdv88zCq3ecQ0U',
  'W0rxyEvhErcqCw9xx3oCIByRxuL7vsFHvNqaOBBL9NbHuZLdrw7o4tEeOXjdk3jf',
  '-----END CERTIFICATE-----',
].join('\n')

/** Of a credential: PKCS#8 (DER), base64url. */
export const credentialPrivateKey =
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCf5rp3mGjR5HR3KFco264EMDKUnZCF-TGFQ2ytygHS6hRANCAAQhr8fUM-SrNCJKVx-MIptY0FHfJBEiCsZ7Me8cocVQn583abdc0cF0pKqd0pt6dHM_4TyCK2kpL3fLbnLJgT3K'

/** By what they sign. */
export const signatures = {
  register:
    '4bddd1b0068b8ad8b927415e0dc72919c6225ce5c8978c48a8deca5d210bf37e24a36c9241dd6b32e2c1cc1decd8186219105439780e22b5b9601583df1df4a0',
  recover:
    '6eed5fcfd71389af24e8fde5820ee84695e85bff719588cc5cba211467b490c09cbd8751e0a458539094c5b8f8dcc3ed1f85042d7f4f0f594fb79776a571813b',
  firstPoint:
    '57cf841881750f518e18c0692406cffc54cdd4ad08126a5c787194cf976071a521107e575866b01009327eba863f4323d619e4b84a91d58b40a755099090c0de',
  laterPoint:
    '3b3c121d6534e12cede68a75cc9c5f9954c1715c0e0c327bfd015966689a18fd1b317c79b295e2bfe41e01a2327c70613cbf804314a3214f2053ad9dcb86173e',
} as const
