import type { Client, Pool } from 'pg'
import { LogicalReplicationService, type Pgoutput, PgoutputPlugin } from 'pg-logical-replication'
import type { Oplog } from './oplog.ts'
import { type Listed, Reading } from './reading.ts'
import { Visibility } from './visibility.ts'

const name = 'gateway'

/** What the engine's PostgreSQL commits, by logical replication: committed work alone that can be read, in the order of its commits. */
export class Replication {
  readonly #pool: Pool
  readonly #service: LogicalReplicationService
  readonly #visibility: Visibility
  readonly #markers = new Map<string, PromiseWithResolvers<void>>()
  #markersMade = 0

  private constructor(pool: Pool, service: LogicalReplicationService, visibility: Visibility) {
    this.#pool = pool
    this.#service = service
    this.#visibility = visibility
  }

  /** Fills the log from now on. `onLost` is told once when it ends by itself. */
  static async open(pool: Pool, url: string, { oplog, onLost }: { oplog: Oplog; onLost: () => void }): Promise<Replication> {
    await publish(pool)
    const service = new LogicalReplicationService({ connectionString: url })
    const visibility = new Visibility(pool)
    const replication = new Replication(pool, service, visibility)
    const reading = new Reading({
      append: (number, ...transaction) => visibility.after(number, () => oplog.append(...transaction)),
      mark: (id) => visibility.after(undefined, () => replication.#reach(id)),
    })
    service.on('data', (_place, message: Pgoutput.Message) => reading.hear(message))
    const lose = () => {
      replication.#giveUp()
      onLost()
    }
    service.on('error', lose)
    const started = new Promise((resolve) => service.once('start', resolve))
    const plugin = new Plugin({ protoVersion: 1, publicationNames: [name], messages: true })
    await Promise.race([started, service.subscribe(plugin, name).finally(lose)])
    const catalog =
      'select collection_id, database_name, collection_name, collection_uuid from documentdb_api_catalog.collections'
    reading.know((await pool.query<Listed>(catalog)).rows)
    return replication
  }

  /** Waits until all that was committed before is in the log. */
  async settle(): Promise<void> {
    const id = String(++this.#markersMade)
    const reached = Promise.withResolvers<void>()
    this.#markers.set(id, reached)
    const said = this.#pool.query('select pg_logical_emit_message(false, $1, $2, true)', [name, JSON.stringify({ marker: id })])
    await Promise.all([said, reached.promise])
  }

  async close(): Promise<void> {
    this.#giveUp()
    await this.#service.destroy()
  }

  #reach(id: string): void {
    this.#markers.get(id)?.resolve()
    this.#markers.delete(id)
  }

  #giveUp(): void {
    this.#visibility.stop()
    for (const reached of this.#markers.values()) reached.reject(new Error('The engine tells nothing any more'))
    this.#markers.clear()
  }
}

/** SQL that says something in the log, beside what its transaction writes. */
export function note(facts: Readonly<Record<string, unknown>>): string {
  return `pg_logical_emit_message(true, '${name}', '${JSON.stringify(facts).replaceAll("'", "''")}')`
}

/** The slot lives as long as the connection, and nothing is left of it. */
class Plugin extends PgoutputPlugin {
  override async start(client: Client, slot: string, lastLsn: string): Promise<unknown> {
    await client.query(`CREATE_REPLICATION_SLOT "${slot}" TEMPORARY LOGICAL pgoutput (SNAPSHOT 'nothing')`)
    const options = `proto_version '1', publication_names '${name}', messages 'true', binary 'true'`
    return client.query(`START_REPLICATION SLOT "${slot}" LOGICAL ${lastLsn} (${options})`)
  }
}

async function publish(pool: Pool): Promise<void> {
  const { rowCount } = await pool.query('select 1 from pg_publication where pubname = $1', [name])
  if (rowCount === 0) await pool.query(published)
}

/** The engine's own tables, which are as old as its server, cannot be published: a trigger notes what becomes of its list. */
const published = `
  create publication ${name} for tables in schema documentdb_data;
  create function ${name}_list() returns trigger language plpgsql as $$ begin
    perform pg_logical_emit_message(true, '${name}', jsonb_build_object('list', jsonb_build_object('old', old, 'fresh', new))::text);
    return null;
  end $$;
  create trigger ${name} after insert or update or delete on documentdb_api_catalog.collections
    for each row execute function ${name}_list();`
