// One console in a window of its own.
import { useEffect } from 'react'
import { useParams } from 'react-router'
import { Screen } from './screen'
import { SerialConsole } from './serial'

export function Alone() {
  const { name = '', kind = '' } = useParams()
  useEffect(() => {
    document.title = name
  }, [name])
  return <main className="truce-alone">{kind === 'screen' ? <Screen name={name} alone /> : <SerialConsole name={name} alone />}</main>
}
