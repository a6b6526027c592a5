import './uploads.css'
import { useId, useState, type DragEvent } from 'react'
import { t } from '../strings'

/** Where a file is chosen, or dropped. */
export function FileDrop({ label, chosen, file }: { label: string; chosen: (file: File) => void; file?: File | null }) {
  const id = useId()
  const [over, setOver] = useState(false)
  const dragged = (event: DragEvent, on: boolean) => {
    event.preventDefault()
    setOver(on)
  }
  return (
    <div
      className={`truce-drop${over ? ' truce-drop-over' : ''}`}
      onDragOver={(event) => dragged(event, true)}
      onDragLeave={(event) => dragged(event, false)}
      onDrop={(event) => {
        dragged(event, false)
        const dropped = event.dataTransfer.files[0]
        if (dropped) chosen(dropped)
      }}
    >
      <label htmlFor={id}>{label}</label>
      <input id={id} type="file" onChange={(event) => event.target.files?.[0] && chosen(event.target.files[0])} />
      {!file && <span>{t.upload.drop}</span>}
    </div>
  )
}
