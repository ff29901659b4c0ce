// What stands in the shell examples of the documentation.
import { runCLI } from '../cli/helpers.ts'

/** The programs that examples use besides those of the project. */
const others = ['aws', 'cat', 'cd', 'cron', 'curl', 'git', 'gunzip', 'gzip', 'jq', 'mkdir', 'node', 'rm', 'rsync', 'ssh', 'while', 'for', 'do', 'done', 'read', 'set', 'trap', '[', 'date', 'systemctl']

/** npm commands that are not scripts of the project. */
const npmCommands = ['ci', 'install', 'i', 'pack', 'pkg', 'exec', 'publish']

const helps = new Map<string, Promise<string>>()

async function helpOf (command: string): Promise<string> {
  if (!helps.has(command)) {
    helps.set(command, runCLI([command, '--help']).then(({ stdout }) => {
      if (!stdout.startsWith(`Usage: orbitdb-backup ${command} `)) throw new Error(`no such command: orbitdb-backup ${command}`)
      return stdout
    }))
  }
  return helps.get(command)!
}

/** The commands of a script: words, without what is quoted, and comments. */
function * commandsOf (script: string): Generator<string[]> {
  const text = script.replace(/\\\n/g, ' ').replace(/'[^']*'|"[^"]*"/g, "''").replace(/(^|\s)#.*$/gm, '')
  for (const command of text.split(/\n|&&|\|\||\||;|\$\(|\bdo\b/)) {
    const words = command.trim().split(/\s+/).filter(word => word !== '' && !/^\w+=/.test(word))
    if (words.length > 0) yield words
  }
}

/** Tells what is wrong with a shell example: commands, scripts and options that there are not. */
export async function checkShell (script: string, npmScripts: string[]): Promise<string[]> {
  const problems: string[] = []
  for (const words of commandsOf(script)) {
    const line = words.join(' ')
    if (['npx', 'pnpm', 'yarn'].includes(words[0])) {
      const isRunner = words[0] === 'npx'
      words.shift()
      while (words[0] === '-p' || words[0] === '--yes') words.splice(0, words[0] === '-p' ? 2 : 1)
      if (words[0] === 'exec' || words[0] === 'dlx') words.shift()
      if (words[0] !== 'orbitdb-backup') {
        if (isRunner && !['patch-package', 'standard'].includes(words[0])) problems.push(`unknown program: ${line}`)
        continue
      }
    }
    const [program, command, ...rest] = words
    if (program === 'npm') {
      const script = command === 'run' ? rest[0] : command === 'test' ? 'test' : undefined
      if (script == null ? !npmCommands.includes(command) : !npmScripts.includes(script)) problems.push(`no such npm command: ${line}`)
    } else if (program === 'orbitdb-backup') {
      const help = await helpOf(command).catch(({ message }) => { problems.push(message) })
      for (const option of rest.filter(word => /^--?[a-z]/.test(word)).map(word => word.split('=')[0])) {
        if (help != null && !new RegExp(`(^|[ ,])${option}\\b`, 'm').test(help)) problems.push(`no option ${option}: ${line}`)
      }
    } else if (!others.includes(program)) {
      problems.push(`unknown program: ${line}`)
    }
  }
  return problems
}
