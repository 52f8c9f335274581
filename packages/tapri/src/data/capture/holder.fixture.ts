// A process of the app of its own: it hears what others write until it is killed.

import { openDatabase } from '../index.ts'
import { models } from './models.fixture.ts'

const database = await openDatabase({ models, policies: [], url: process.argv[2] ?? '', migrate: 'auto' })
database.changes.subscribe(({ changes }) => process.send?.(changes.map((change) => change.id)))
process.send?.([])
process.on('disconnect', () => process.exit())
