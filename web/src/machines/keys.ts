const enter = 0xff0d
const tab = 0xff09
const backspace = 0xff08
/** Where X11's keysyms of other characters begin: 0x01000000 and the code point. [keysymdef.h] */
const unicode = 0x01000000

/** The X11 keysyms that type a text: what VNC's keyboard is told. */
export function keysOf(text: string): number[] {
  return [...text].map((letter) => {
    if (letter === '\n') return enter
    if (letter === '\t') return tab
    if (letter === '\b') return backspace
    const point = letter.codePointAt(0)!
    return point < 0x100 ? point : unicode + point
  })
}

export interface Chord {
  title: string
  /** X11 keysyms with the names of the keys' places, pressed in this order. */
  keys: [number, string][]
}

const control: [number, string] = [0xffe3, 'ControlLeft']
const alt: [number, string] = [0xffe9, 'AltLeft']
const functionKey = (number: number): [number, string] => [0xffbd + number, `F${number}`]

/** Keys that the browser or its system would take for themselves. */
export const chords: Chord[] = [
  ...[1, 2, 3, 4, 5, 6, 7].map((number) => ({ title: `Ctrl-Alt-F${number}`, keys: [control, alt, functionKey(number)] })),
  { title: 'Alt-Tab', keys: [alt, [0xff09, 'Tab']] },
  { title: 'Alt-F4', keys: [alt, functionKey(4)] },
  { title: 'Ctrl-Alt-Backspace', keys: [control, alt, [0xff08, 'Backspace']] },
  { title: 'Windows', keys: [[0xffeb, 'MetaLeft']] },
  { title: 'Print screen', keys: [[0xff61, 'PrintScreen']] },
]

/** All down in their order, and up again from the last one. */
export function press(chord: Chord, send: (keysym: number, code: string, down: boolean) => void) {
  for (const [keysym, code] of chord.keys) send(keysym, code, true)
  for (const [keysym, code] of [...chord.keys].reverse()) send(keysym, code, false)
}
