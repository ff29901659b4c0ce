/*
 * What comes from an archive or a node was written by somebody else. It must not be able to steer the
 * terminal, to look like other lines, or to fill the screen.
 */

/**
 * What is not printed as it is: control characters (of C0 and C1), what formats text without being seen (as
 * what turns its direction), line separators, and halves of surrogate pairs. What joins letters is.
 */
const hidden = /[[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]--[\u200c\u200d]]/gv

const escape = (char: string): string => `\\u{${char.codePointAt(0)!.toString(16)}}`

const maxLength = 100

/** Text of others as a part of a line: escaped, and shortened to so many characters. */
export function shown (text: unknown, length = maxLength): string {
  const string = String(text)
  // One character more than is shown may be two halves of a pair
  const chars = [...string.slice(0, 2 * length + 2)]
  const escaped = chars.slice(0, length).join('').replace(hidden, escape)
  return chars.length > length ? `${escaped}...` : escaped
}

/** A message as one line. */
export const oneLine = (message: string): string => shown(message.trim().replace(/\s*\n\s*/g, ' '), 1000)

/** Lines, each of which is made of parts that are as they are to be shown: no more than a last line of defence. */
export const escapeLines = (lines: string): string => lines.replace(hidden, char => char === '\n' ? char : escape(char))

/** JSON that is no more than its text where it is printed on a terminal. */
export const toJSON = (value: unknown): string => escapeJSON(JSON.stringify(value, null, 2))

/** The same of what is JSON already: what is hidden is in its strings, but for the line breaks between them. */
export function escapeJSON (json: string): string {
  return json.replace(hidden, char => char === '\n' ? char : [...Array(char.length).keys()].map(i => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join(''))
}
