import GithubSlugger from 'github-slugger'
import { lexer, walkTokens } from 'marked'
import type { Token, Tokens } from 'marked'

/** All parts of a page, however deep. */
function tokensOf (page: string): Token[] {
  const tokens: Token[] = []
  walkTokens(lexer(page), token => { tokens.push(token) })
  return tokens
}

/** Where the links and images of a page lead. */
export function linksOf (page: string): string[] {
  return tokensOf(page).filter(({ type }) => type === 'link' || type === 'image').map(token => (token as Tokens.Link).href)
}

/** The anchors of the headings of a page, as GitHub names them. */
export function anchorsOf (page: string): Set<string> {
  const slugger = new GithubSlugger()
  const headings = tokensOf(page).filter(({ type }) => type === 'heading') as Tokens.Heading[]
  // Without what makes words bold, or links
  const textOf = (tokens: Token[]): string => tokens.map(token => 'tokens' in token && token.tokens != null ? textOf(token.tokens) : 'text' in token ? token.text : '').join('')
  return new Set(headings.map(({ tokens }) => slugger.slug(textOf(tokens))))
}

export interface CodeBlock {
  /** As in ```ts */
  language: string
  /** What stands behind the language. */
  words: string[]
  code: string
  /** The line of the page that it starts at. */
  line: number
}

/** The blocks of code of a page. */
export function codeBlocksOf (page: string): CodeBlock[] {
  let at = 0
  return (tokensOf(page).filter(({ type }) => type === 'code') as Tokens.Code[]).map(({ lang = '', text, raw }) => {
    at = page.indexOf(raw, at)
    const [language, ...words] = lang.split(' ')
    return { language, words, code: text, line: page.slice(0, at).split('\n').length }
  })
}
