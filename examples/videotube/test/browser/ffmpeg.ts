import { spawnSync } from 'node:child_process'

/** Why nothing can be made ready here for streaming; false where ffmpeg is installed. */
export const withoutFfmpeg = spawnSync('ffmpeg', ['-version']).status !== 0 && 'there is no ffmpeg here: apt-get install ffmpeg'
