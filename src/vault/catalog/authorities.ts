/** Certificates of the authorities that follow the first one. */

import type { Catalog, Row } from './tables.ts'

/** PEM, in the order in which they were named. */
export const listSuccessors = (catalog: Catalog): Promise<Row<'authorities'>[]> =>
  catalog.selectFrom('authorities').selectAll().orderBy('number').execute()
