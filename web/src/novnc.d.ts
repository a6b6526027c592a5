// What is used of noVNC, which has no types of its own (its docs/API.md).
declare module '@novnc/novnc' {
  export default class RFB extends EventTarget {
    constructor(target: HTMLElement, url: string)
    scaleViewport: boolean
    clipViewport: boolean
    dragViewport: boolean
    clipboardPasteFrom(text: string): void
    focus(): void
    sendCtrlAltDel(): void
    sendKey(keysym: number, code: string, down?: boolean): void
    disconnect(): void
  }
}
