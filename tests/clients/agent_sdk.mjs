// One turn of a program that is written with the Claude Agent SDK.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [prompt, program] = process.argv.slice(2);
const sdk = await import(pathToFileURL(join(process.env.KT_CLIENTS,
  'node_modules', '@anthropic-ai', 'claude-agent-sdk', 'sdk.mjs')));

for await (const m of sdk.query({
  prompt,
  options: {
    pathToClaudeCodeExecutable: program,
    cwd: process.cwd(),
    env: process.env,
    settingSources: [],
    allowedTools: ['Read'],
    maxTurns: 4,
  },
})) {
  if (m.type === 'result') console.log(JSON.stringify(m));
}
