import Uppy from '@uppy/core'
import Tus from '@uppy/tus'

// As its documentation shows it; `route` and `field` say what the file is for.
const uppy = new Uppy({ autoProceed: true, meta: { route: 'films.create', field: 'source' } }).use(Tus, {
  endpoint: '/api/uploads',
  chunkSize: 512 * 1024,
  retryDelays: [0, 100, 300, 1000],
})

const input = document.querySelector('input')
const output = document.querySelector('output')
const progress = document.querySelector('progress')

input?.addEventListener('change', () => {
  for (const data of input.files ?? []) uppy.addFile({ name: data.name, type: data.type, data, source: 'local' })
})
document.querySelector('#pause')?.addEventListener('click', () => uppy.pauseAll())
document.querySelector('#resume')?.addEventListener('click', () => uppy.resumeAll())
uppy.on('progress', (percent) => {
  if (progress !== null) progress.value = percent / 100
})
uppy.on('complete', async ({ successful = [], failed = [] }) => {
  const [file] = successful
  if (output === null) return
  if (file?.uploadURL === undefined) output.value = `failed: ${failed[0]?.error}`
  else output.value = await keep(file.uploadURL)
})

/** Gives what was uploaded to a row; answers the URL of its file. */
async function keep(uploaded: string): Promise<string> {
  const answer = await fetch('/api/films', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ source: { upload: uploaded.slice(uploaded.lastIndexOf('/') + 1) } }),
  })
  const { source } = await answer.json()
  return source.url
}
