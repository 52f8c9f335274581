import assert from 'node:assert/strict'
import { test } from 'node:test'
import { captionsPlaylist, figuresOf, filePlaylist, masterPlaylist, type Rung, withCaptions, withQuery } from './playlist.ts'

const picture: Rung = {
  name: '720p',
  width: 1280,
  height: 720,
  rate: 29.97,
  codecs: ['avc1.64001f'],
  peak: 2_000_000,
  average: 1_500_000,
  seconds: 6,
}
const sound: Rung = {
  name: 'sound',
  width: null,
  height: null,
  rate: null,
  codecs: ['mp4a.40.2'],
  peak: 130_000,
  average: 128_000,
  seconds: 6,
}

test('the playlist of a file names its head and its pieces as ranges, and no piece is longer than it says', () => {
  const fragments = [
    { start: 700, size: 1000, duration: 4.2 },
    { start: 1700, size: 500, duration: 1.8 },
  ]
  assert.equal(
    filePlaylist('720p.mp4', { headSize: 700, fragments, target: 4 }),
    `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="720p.mp4",BYTERANGE="700@0"
#EXTINF:4.200000,
#EXT-X-BYTERANGE:1000@700
720p.mp4
#EXTINF:1.800000,
#EXT-X-BYTERANGE:500@1700
720p.mp4
#EXT-X-ENDLIST
`,
  )
  assert.deepEqual(figuresOf(fragments), { peak: 2223, average: 2000, seconds: 6 })
})

test('the master playlist adds the sound to what each picture takes', () => {
  const master = masterPlaylist([picture], sound)
  assert.match(
    master,
    /BANDWIDTH=2130000,AVERAGE-BANDWIDTH=1628000,CODECS="avc1\.64001f,mp4a\.40\.2",RESOLUTION=1280x720,FRAME-RATE=29\.970,AUDIO="sound"\n720p\.m3u8\n$/,
  )
  assert.match(masterPlaylist([], sound), /BANDWIDTH=130000,AVERAGE-BANDWIDTH=128000,CODECS="mp4a\.40\.2"\nsound\.m3u8\n$/)
  assert.doesNotMatch(masterPlaylist([picture], undefined), /AUDIO/)
})

test('captions stand before the first picture, and no label breaks out of its quotes', () => {
  const master = withCaptions(masterPlaylist([picture], sound), [{ language: 'en', label: 'En"gl\nish' }])
  assert.match(
    master,
    /NAME="En'gl'ish",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="captions-en\.m3u8"\n#EXT-X-STREAM-INF:[^\n]*,SUBTITLES="captions"\n/,
  )
  assert.equal(withCaptions('#EXTM3U\n', []), '#EXTM3U\n')
  assert.match(
    captionsPlaylist('captions-en.vtt', 5.5),
    /TARGETDURATION:6[\s\S]*#EXTINF:5\.500000,\ncaptions-en\.vtt\n#EXT-X-ENDLIST/,
  )
})

test('a query is put behind every file that a playlist names, and nothing else', () => {
  const signed = withQuery(masterPlaylist([picture], sound), 'token=x')
  assert.match(signed, /URI="sound\.m3u8\?token=x"/)
  assert.match(signed, /\n720p\.m3u8\?token=x\n/)
  assert.equal(signed.split('token=x').length, 3)
})

test('players are told how many channels the sound has, and of pictures in the colours of HDR', () => {
  assert.match(masterPlaylist([picture], { ...sound, channels: 6 }), /CHANNELS="6"/)
  assert.match(masterPlaylist([picture], sound), /CHANNELS="2"/)
  assert.match(masterPlaylist([{ ...picture, range: 'PQ' }], sound), /FRAME-RATE=29\.970,VIDEO-RANGE=PQ,AUDIO/)
  assert.doesNotMatch(masterPlaylist([picture], sound), /VIDEO-RANGE/)
})
