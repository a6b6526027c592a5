const endings = /\.(qcow2|iso|img|raw|vmdk|vdi|vhdx?|vpc|ova|xva|gz|xz|zst)$/i
const longest = 63

/** A name for the template that a file is to become: what people would call it, in the letters that names may have. */
export function templateNameOf(file: string): string {
  let stem = file
  while (endings.test(stem)) stem = stem.replace(endings, '')
  return stem.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+/, '').slice(0, longest).replace(/-+$/, '')
}
