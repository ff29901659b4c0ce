// A process that does one thing: it is sent a task, sends the answer, and is ended.
import { inspect } from 'node:util'
import { backUp } from './backup.ts'
import { compare } from './compare.ts'
import { readSource } from './contents.ts'
import { restore } from './restore.ts'
import { serve } from './serve.ts'
import type { Answers, Message, Phase, Task, TaskOf } from './tasks.ts'

const phases: { [P in Phase]: (task: TaskOf<P>) => Promise<Answers[P]> } = {
  read: readSource,
  backup: backUp,
  serve,
  restore,
  compare
}

async function run (task: Task): Promise<Message> {
  try {
    const perform = phases[task.phase] as (task: Task) => Promise<Answers[Phase]>
    return { answer: await perform(task) }
  } catch (error) {
    return { error: inspect(error) }
  }
}

// Nothing waits for an answer any more, maybe since before this was loaded
process.on('disconnect', () => process.exit())
if (!process.connected) {
  process.exit()
}

process.on('message', async (task: Task) => {
  process.send!(await run(task))
})
