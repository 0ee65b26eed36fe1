// told - sentences of a client script, one line each on standard output.
'use strict';
const assert = require('node:assert/strict');
const { createRequire } = require('node:module');

const [url, part] = process.argv.slice(2);
const sentences = [];

// An installed package, wherever the clients are.
const installed = (name) => createRequire(process.env.KT_CLIENTS + '/')(name);

// PARTS: the parts in which the sentence holds; none: in each.
function tell(sentence, test, parts) {
  if (!parts || parts.includes(part)) sentences.push([sentence, test]);
}

async function tellAll() {
  for (const [sentence, test] of sentences) {
    try {
      await test();
      console.log(`ok ${sentence}`);
    } catch (why) {
      console.log(`not ok ${sentence}`);
      console.log(String(why.stack ?? why).split('\n').slice(0, 20)
        .map((line) => `# ${line}`).join('\n'));
    }
  }
}

// The error that PROMISE ends with.
async function failure(promise) {
  try {
    await promise;
  } catch (why) {
    return why;
  }
  throw new assert.AssertionError({ message: 'it did not fail' });
}

async function all(iterable) {
  const out = [];
  for await (const one of iterable) out.push(one);
  return out;
}

module.exports = { all, assert, failure, installed, part, tell, tellAll, url };
