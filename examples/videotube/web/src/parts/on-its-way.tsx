/** In place of a video whose file is still being uploaded; the page is live, so it plays here when it has arrived. */
export function OnItsWay() {
  return (
    <div className="player on-its-way" role="status">
      <p>The kettle is on: this video is still on its way.</p>
    </div>
  )
}
