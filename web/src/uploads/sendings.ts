// All files that this page is sending: they go on while other views are looked at.
import { useSyncExternalStore } from 'react'
import type { Upload } from '../api/schema'
import { Sending } from './sending'

const tellers = new Set<() => void>()
let all: Sending[] = []

function changed() {
  all = [...all]
  tellers.forEach((tell) => tell())
}

function subscribe(tell: () => void) {
  tellers.add(tell)
  return () => void tellers.delete(tell)
}

/** Begins to send, or goes on with, an upload's file. */
export function sendFile(upload: Upload, file: Blob) {
  stopSending(upload.name)
  const sending = new Sending(upload, file)
  sending.subscribe(changed)
  all.push(sending)
  changed()
  void sending.start()
}

/** Forgets about an upload that is given up or has ended. */
export function stopSending(name: string) {
  all.find((each) => each.view.upload.name === name)?.pause()
  all = all.filter((each) => each.view.upload.name !== name)
  changed()
}

export const useSendings = () => useSyncExternalStore(subscribe, () => all)
export const useSending = (name: string) => useSendings().find((each) => each.view.upload.name === name)
