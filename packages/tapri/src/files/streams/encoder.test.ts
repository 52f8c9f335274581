import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cinema, filmedPath, played, withoutFfmpeg } from '../media/films.fixture.ts'
import { channel, long, over, pushed, shown } from './push.fixture.ts'

const skip = withoutFfmpeg

test('what ffmpeg pushes is live while it comes, plays, ends with the push and is gone a minute later', { skip }, async () => {
  await using cinema = await Cinema.open()
  for (const format of [
    ['-f', 'mpegts'],
    ['-f', 'mp4', '-movflags', '+frag_keyframe+empty_moov+default_base_moof'],
  ]) {
    const { id, url } = await channel(cinema)
    assert.equal((await cinema.db.films.get(id)).live, null)
    await pushed(url, ['-i', filmedPath(long()), '-c', 'copy', ...format])
    const live = await shown(cinema, id, (value) => value?.state === 'ended')
    const playlist = await cinema.text(live.stream)
    assert.match(playlist, /#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:24\n/)
    assert.match(playlist, /#EXT-X-ENDLIST\n$/)
    const { seconds, complaints } = await played(cinema.url + live.stream)
    assert.ok(seconds > 11 && seconds < 13 && complaints === '', `${seconds} ${complaints}`)
    // 14 pieces and their head, however long the stream was
    assert.equal((await cinema.kept()).keys, 15)
    await over(cinema, id)
    assert.deepEqual(await cinema.kept(), { names: [], keys: 0 })
  }
})
