import type { Streams } from '../streams/streams.ts'
import type { FilmActions } from '../types.ts'
import { placeIn } from '../urls.ts'
import type { Films } from './films.ts'

/** What handlers do with films, by what rows show of them, and with live streams. */
export function filmActions(films: Films, streams: Streams, base: string): FilmActions {
  const placeOf = (url: string) => {
    const { model, id, field } = placeIn(url).place
    return { model, row: id, field }
  }
  return {
    cancel: (film) => films.cancel(placeOf(film.url)),
    retry: (film) => films.again(placeOf(film.url)),
    newPushUrl: async ({ model, id, field }) => base + (await streams.newPushPath({ model, row: id, field })),
    addCaptions: (film, captions) => films.addCaptions(placeOf(film.url), captions),
  }
}
