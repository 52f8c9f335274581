import app from './app.ts'

const { url } = await app.start()
// for the person who has just typed npm start; programs read the log
if (process.stdout.isTTY) console.log(`\n  VideoTube is ready: open ${url} in your browser. Ctrl-C stops it.\n`)
