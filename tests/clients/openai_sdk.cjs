// The OpenAI SDK as a program uses it.
'use strict';
const { all, assert, failure, installed, part, tell, tellAll, url } =
  require('./told.cjs');
const { OpenAI, toFile } = installed('openai');

const HELLO = 'Hello from the upstream: café, 中文, 😀.';
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-test-client', timeout: 100000 });
const once = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'sk-test-client', maxRetries: 0, timeout: 100000 });
const model = 'gpt-4o';
const ask = (scene, more) => ({
  model, max_completion_tokens: 100,
  messages: [{ role: 'user', content: `scene:${scene}` }], ...more,
});
const scripted = ['native', 'translated'];
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

tell('create gives the whole answer', async () => {
  const c = await client.chat.completions.create(ask('hello'));
  assert.equal(c.object, 'chat.completion');
  assert.equal(c.choices[0].finish_reason, 'stop');
  if (part !== 'offline') assert.equal(c.choices[0].message.content, HELLO);
  assert.equal(c.usage.total_tokens, c.usage.prompt_tokens + c.usage.completion_tokens);
});

for (const include_usage of [false, true]) {
  tell(`a stream gives the answer in pieces${include_usage ? ' and its usage' : ''}`, async () => {
    const more = include_usage ? { stream_options: { include_usage } } : {};
    const chunks = await all(await client.chat.completions.create(ask('hello', { stream: true, ...more })));
    const said = chunks.map((c) => c.choices[0]?.delta.content ?? '').join('');
    if (part !== 'offline') assert.equal(said, HELLO);
    else assert.ok(said.length > 0);
    assert.equal(chunks[0].choices[0].delta.role, 'assistant');
    const ends = chunks.filter((c) => c.choices[0]?.finish_reason);
    assert.equal(ends.length, 1);
    assert.equal(ends[0].choices[0].finish_reason, 'stop');
    if (include_usage) {
      assert.deepEqual(chunks.at(-1).choices, []);
      assert.ok(chunks.at(-1).usage.total_tokens > 0);
    } else {
      assert.ok(chunks.every((c) => !c.usage && c.choices.length === 1));
    }
  });
}

tell('system and developer messages arrive', async () => {
  const c = await client.chat.completions.create(ask('', {
    messages: [{ role: 'developer', content: 'be kind' }, { role: 'user', content: 'scene:system' }],
  }));
  assert.equal(c.choices[0].message.content, 'system: be kind');
}, scripted);

const tools = [{
  type: 'function', function: {
    name: 'get_weather', description: 'the weather',
    parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } }, required: ['city'] },
  },
}];
for (const stream of [false, true]) {
  tell(`a tool is called and its result read${stream ? ', streamed' : ''}`, async () => {
    const first = ask('tools', { tools, tool_choice: 'auto' });
    const run = (body) => (stream
      ? client.chat.completions.stream(body).finalChatCompletion()
      : client.chat.completions.create(body));
    const c = await run(first);
    assert.equal(c.choices[0].finish_reason, 'tool_calls');
    const [call] = c.choices[0].message.tool_calls;
    assert.equal(call.function.name, 'get_weather');
    assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Zürich', days: 2 });
    const { role, content, tool_calls } = c.choices[0].message;
    const last = await run({
      ...first,
      messages: [...first.messages,
        { role, content, tool_calls: tool_calls.map(({ id, type, function: f }) => ({ id, type, function: { name: f.name, arguments: f.arguments } })) },
        { role: 'tool', tool_call_id: call.id, content: '7 °C' }],
    });
    assert.equal(last.choices[0].message.content, 'the tool said: 7 °C');
    assert.equal(last.choices[0].finish_reason, 'stop');
  }, scripted);
}

tell('an image arrives as it was sent', async () => {
  const c = await client.chat.completions.create(ask('', {
    messages: [{
      role: 'user', content: [
        { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } },
        { type: 'text', text: 'scene:image' }],
    }],
  }));
  assert.deepEqual(JSON.parse(c.choices[0].message.content), [['image/png', PIXEL]]);
}, scripted);

tell('models are listed, and one is retrieved', async () => {
  const ids = (await all(client.models.list())).map((m) => m.id);
  assert.ok(ids.length > 0);
  const one = await client.models.retrieve(ids[0]);
  assert.equal(one.id, ids[0]);
  assert.equal(one.object, 'model');
});

tell('responses give the whole answer', async () => {
  const r = await client.responses.create({ model: 'gpt-5', input: 'scene:hello' });
  assert.equal(r.status, 'completed');
  if (part === 'native') assert.equal(r.output_text, HELLO);
}, ['native', 'offline']);

tell('responses stream their events in order', async () => {
  const events = await all(await client.responses.create({ model: 'gpt-5', input: 'scene:hello', stream: true }));
  assert.equal(events[0].type, 'response.created');
  assert.equal(events.at(-1).type, 'response.completed');
  const said = events.filter((e) => e.type === 'response.output_text.delta').map((e) => e.delta).join('');
  if (part === 'native') assert.equal(said, HELLO);
  const numbers = events.map((e) => e.sequence_number);
  assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
}, ['native', 'offline']);

tell('a file is uploaded', async () => {
  const file = await client.files.create({ purpose: 'user_data', file: await toFile(Buffer.from('hello'), 'a.txt') });
  assert.equal(file.id, 'file_01');
}, ['native']);

tell('an error of the upstream keeps its class and words', async () => {
  const why = await failure(once.chat.completions.create(ask('status-400')));
  assert.ok(why instanceof OpenAI.BadRequestError, why);
  assert.ok(why.message.includes('scripted 400'), why);
  assert.equal(why.error.message, 'scripted 400');
}, scripted);

for (const status of [429, 500]) {
  tell(`${status} is that error, and is retried`, async () => {
    const why = await failure(once.chat.completions.create(ask(`status-${status}`)));
    assert.equal(why.status, status, why);
    const c = await client.chat.completions.create(ask(`status-${status}-once`));
    assert.equal(c.choices[0].message.content, HELLO);
  }, scripted);
}

tell('a stream that fails in the middle throws', async () => {
  const stream = await client.chat.completions.create(ask('broken', { stream: true }));
  const why = await failure(all(stream));
  assert.ok(String(why.message).includes('scripted end'), why);
}, scripted);

tell('a card never leaves, and the answer still comes', async () => {
  if (process.env.KT_DIRECT) return;
  const c = await client.chat.completions.create(ask('', {
    messages: [{ role: 'user', content: 'scene:echo my card is 4111 1111 1111 1111, thanks' }],
  }));
  const said = c.choices[0].message.content;
  assert.ok(!said.includes('4111 1111'), said);
  assert.ok(said.includes('my card is ['), said);
  assert.ok(said.endsWith(', thanks'), said);
}, scripted);

tellAll();
