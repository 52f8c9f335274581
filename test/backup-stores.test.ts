import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openStore } from 'tapri/files'
import { NotesProject } from '../packages/tapri/src/cli/backup.fixture.ts'
import { CloudServer } from '../packages/tapri/src/files/stores/cloudinary/cloud-server.fixture.ts'
import { newId } from '../packages/tapri/src/kit/ids.ts'

const cloud = await CloudServer.open()
after(() => cloud[Symbol.asyncDispose]())

const servers = {
  S3: process.env.TEST_S3_URL,
  Azure: process.env.TEST_AZURE_URL,
  'what stands for Cloudinary': cloud.url,
}

const inFolder = 'DATABASE_URL=sqlite:data/app.db?synchronous=off\n'

for (const [name, server] of Object.entries(servers)) {
  const skip = server === undefined ? `${name} is not there: npm run services tells how to get it` : false
  const place = `${server}${server?.includes('?') ? '&' : '?'}prefix=${newId()}`

  test(`${name}: files are backed up, a backup that broke off goes on, and all are brought back`, {
    skip,
    timeout: 120_000,
  }, async () => {
    await using project = await NotesProject.make(place)
    await project.start()
    await project.note('one')
    await project.note('two')
    const notes = await project.notes()
    await project.stop()
    const store = await openStore(place)
    const keys = async () => (await Array.fromAsync(store.list())).length
    try {
      await project.write('.env', `PLACE=here\nDATABASE_URL=sqlite:data/other.db\nFILES_URL=${place}\n`)
      const broken = await project.run('backup', '--to', 'kept')
      assert.equal(broken.code, 1)
      assert.match(broken.err, /What has been copied is kept: go on with "tapri backup --to \S+kept"/)

      // what is there already is not asked for again
      for await (const key of store.list()) await store.delete(key)
      assert.equal(await keys(), 0)
      await project.write('.env', `PLACE=here\n${inFolder}FILES_URL=${place}\n`)
      const made = await project.run('backup', '--to', 'kept')
      assert.deepEqual([made.code, made.err], [0, ''])
      assert.match(made.out, /, 2 files of 24 bytes\n$/)
      const kept = join(project.folder, 'kept')
      assert.deepEqual(await readdir(kept), ['app.db', 'files', 'files.sha256'])
      assert.equal((await readFile(join(kept, 'files.sha256'), 'utf8')).match(/^[0-9a-f]{64} {2}files\//gm)?.length, 2)

      for (const count of [2, 0]) {
        const restored = await project.run('restore', 'kept')
        assert.deepEqual([restored.code, restored.err], [0, ''])
        assert.match(restored.out, new RegExp(`Restored the files: ${count} were missing`))
        assert.equal(await keys(), 2)
      }
      await project.start()
      assert.deepEqual(await project.notes(), notes)
    } finally {
      await store.close()
    }
  })
}
