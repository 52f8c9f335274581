interface QualityProps {
  readonly heights: readonly number[]
  readonly chosen: number
  readonly onChoose: (quality: number) => void
}

/** Chooses how fine the picture is; nothing where there is nothing to choose. */
export function Quality({ heights, chosen, onChoose }: QualityProps) {
  if (heights.length < 2) return null
  const finestFirst = heights.map((height, quality) => ({ height, quality })).reverse()
  return (
    <select className="quality" aria-label="Quality" value={chosen} onChange={(event) => onChoose(Number(event.target.value))}>
      <option value={-1}>Auto</option>
      {finestFirst.map(({ height, quality }) => (
        <option key={quality} value={quality}>
          {height}p
        </option>
      ))}
    </select>
  )
}
