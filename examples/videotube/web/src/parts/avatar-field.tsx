import { useEffect, useId, useRef } from 'react'

/** Chooses a picture and shows how it will be cut. */
export function AvatarField({ chosen, onChoose }: { chosen: File | null; onChoose: (file: File | null) => void }) {
  const id = useId()
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    // drawn, cut as it will be, rather than shown by an address that would have to be given back
    if (chosen) drawSquare(chosen, canvas.current).catch(() => onChoose(null))
  }, [chosen, onChoose])
  return (
    <div className="field">
      <label htmlFor={id}>
        Picture <span className="quiet">(if you like)</span>
      </label>
      <div className="avatar-field">
        {chosen && <canvas ref={canvas} className="avatar avatar-large" width={144} height={144} />}
        <input id={id} type="file" accept="image/*" onChange={(event) => onChoose(event.target.files?.[0] ?? null)} />
      </div>
    </div>
  )
}

async function drawSquare(file: File, canvas: HTMLCanvasElement | null): Promise<void> {
  const image = await createImageBitmap(file)
  const side = Math.min(image.width, image.height)
  const [left, top] = [(image.width - side) / 2, (image.height - side) / 2]
  if (canvas) canvas.getContext('2d')?.drawImage(image, left, top, side, side, 0, 0, canvas.width, canvas.height)
}
