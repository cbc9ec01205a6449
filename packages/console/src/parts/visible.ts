/** Characters that turn the direction of text, show nothing, or are controls. */
const hostile =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are the point
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\udb40[\udc00-\udc7f]/g

/** Text of somebody else's making as it is read on the record: what would hide or turn it stands there as `\u…`. */
export const visible = (text: string): string =>
  text.replace(hostile, (found) =>
    found
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
