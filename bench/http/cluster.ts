// Two processes of one server behind one port, as `node:cluster` starts them: nothing in the server knows of it.
import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const [file = ''] = process.argv.slice(2)
cluster.setupPrimary({ exec: fileURLToPath(new URL(file, import.meta.url)), args: [] })
const workers = [cluster.fork(), cluster.fork()]
const [first] = await Promise.all(workers.map(answerOf))

process.on('disconnect', () => process.exit())
process.on('message', async (question: object) => {
  const answers = workers.map(answerOf)
  for (const worker of workers) worker.send(question)
  process.send?.(sum(await Promise.all(answers)))
})
process.send?.({ port: first?.port })

async function answerOf(worker: Worker): Promise<Readonly<Record<string, number>>> {
  const [answer] = await once(worker, 'message')
  return answer
}

function sum(answers: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {}
  for (const answer of answers) {
    for (const [key, value] of Object.entries(answer)) total[key] = (total[key] ?? 0) + value
  }
  return total
}
