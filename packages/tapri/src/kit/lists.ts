/** What knows its place in a list, so that it is taken out without a search. */
export interface Listed {
  at: number
}

/** A list with one more item. Most lists have one for good, and take no more memory than that. */
export function put<Item extends Listed>(items: Item[] | undefined, item: Item): Item[] {
  if (items === undefined) {
    item.at = 0
    return [item]
  }
  item.at = items.length
  items.push(item)
  return items
}

/** The list without the item, whose place the last one takes; undefined is the empty one. */
export function takeOut<Item extends Listed>(items: Item[], item: Item): Item[] | undefined {
  const last = items.pop()
  if (last !== undefined && last !== item) {
    items[item.at] = last
    last.at = item.at
  }
  return items.length === 0 ? undefined : items
}
