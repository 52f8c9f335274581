/** Whether a word is likely to begin words in few rows: one of three letters, or a sign that says as much. */
export function isTelling(word: string): boolean {
  return word.length > 2 || /[^a-z0-9]/.test(word)
}
