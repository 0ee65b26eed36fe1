// The Anthropic SDK as a program uses it.
'use strict';
const { all, assert, failure, installed, part, tell, tellAll, url } =
  require('./told.cjs');
const { Anthropic, toFile } = installed('@anthropic-ai/sdk');

const HELLO = 'Hello from the upstream: café, 中文, 😀.';
const client = new Anthropic({ baseURL: url, apiKey: 'sk-test-client', timeout: 100000 });
const once = new Anthropic({ baseURL: url, apiKey: 'sk-test-client', maxRetries: 0, timeout: 100000 });
const model = 'claude-sonnet-4-5';
const ask = (scene, more) => ({
  model, max_tokens: 100,
  messages: [{ role: 'user', content: `scene:${scene}` }], ...more,
});
const scripted = ['native', 'translated'];
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

tell('create gives the whole answer', async () => {
  const m = await client.messages.create(ask('hello'));
  assert.equal(m.type, 'message');
  assert.equal(m.role, 'assistant');
  assert.equal(m.stop_reason, 'end_turn');
  assert.ok(m.usage.input_tokens > 0 && m.usage.output_tokens > 0);
  if (part !== 'offline') assert.equal(m.content[0].text, HELLO);
  else assert.ok(m.content[0].text.length > 0);
});

tell('create under /v1/anthropic gives the same', async () => {
  if (process.env.KT_DIRECT) return;
  const other = new Anthropic({ baseURL: `${url}/v1/anthropic`, apiKey: 'sk-test-client' });
  const m = await other.messages.create(ask('hello'));
  assert.equal(m.stop_reason, 'end_turn');
});

tell('an authToken works as an apiKey does', async () => {
  const other = new Anthropic({ baseURL: url, authToken: 'sk-ant-oat-test', apiKey: null });
  const m = await other.messages.create(ask('hello'));
  assert.equal(m.stop_reason, 'end_turn');
});

tell('stream gives the answer in pieces and then whole', async () => {
  const stream = client.messages.stream(ask('hello'));
  let said = '';
  stream.on('text', (piece) => { said += piece; });
  const m = await stream.finalMessage();
  assert.equal(m.stop_reason, 'end_turn');
  assert.equal(m.content[0].text, said);
  if (part !== 'offline') assert.equal(said, HELLO);
  assert.ok(m.usage.output_tokens > 0);
});

tell('create with stream: true gives events in order', async () => {
  const events = await all(await client.messages.create(ask('hello', { stream: true })));
  const names = events.map((e) => e.type).filter((t) => t !== 'ping');
  assert.equal(names[0], 'message_start');
  assert.equal(names[1], 'content_block_start');
  assert.equal(names.at(-3), 'content_block_stop');
  assert.equal(names.at(-2), 'message_delta');
  assert.equal(names.at(-1), 'message_stop');
});

tell('the system prompt arrives', async () => {
  const m = await client.messages.create(ask('system', { system: [{ type: 'text', text: 'be kind', cache_control: { type: 'ephemeral' } }] }));
  assert.equal(m.content[0].text, 'system: be kind');
}, scripted);

const tools = [{
  name: 'get_weather', description: 'the weather',
  input_schema: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } }, required: ['city'] },
}];
for (const stream of [false, true]) {
  tell(`a tool is called and its result read${stream ? ', streamed' : ''}`, async () => {
    const first = ask('tools', { tools });
    const run = (body) => (stream ? client.messages.stream(body).finalMessage() : client.messages.create(body));
    const m = await run(first);
    assert.equal(m.stop_reason, 'tool_use');
    const use = m.content.find((b) => b.type === 'tool_use');
    assert.equal(use.name, 'get_weather');
    assert.deepEqual(use.input, { city: 'Zürich', days: 2 });
    const last = await run({
      ...first,
      messages: [...first.messages, { role: 'assistant', content: m.content }, {
        role: 'user', content: [{ type: 'tool_result', tool_use_id: use.id, content: '7 °C' }],
      }],
    });
    assert.equal(last.content[0].text, 'the tool said: 7 °C');
    assert.equal(last.stop_reason, 'end_turn');
  }, scripted);
}

tell('an image arrives as it was sent', async () => {
  const m = await client.messages.create(ask('', {
    messages: [{
      role: 'user', content: [
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
        { type: 'text', text: 'scene:image' }],
    }],
  }));
  assert.deepEqual(JSON.parse(m.content[0].text), [['image/png', PIXEL]]);
}, scripted);

tell('countTokens gives a number', async () => {
  const n = await client.messages.countTokens({ model, messages: [{ role: 'user', content: 'how many?' }] });
  assert.ok(n.input_tokens > 0);
}, ['native', 'offline']);

tell('models are listed, and one is retrieved', async () => {
  const ids = (await all(client.models.list())).map((m) => m.id);
  assert.ok(ids.length > 0);
  const one = await client.models.retrieve(ids[0]);
  assert.equal(one.id, ids[0]);
}, ['native', 'translated', 'offline']);

tell('a file is uploaded', async () => {
  const file = await client.files.upload({
    file: await toFile(Buffer.from('hello'), 'a.txt', { type: 'text/plain' }),
  });
  assert.equal(file.id, 'file_01');
}, ['native']);

tell('an error of the upstream keeps its class and words', async () => {
  const why = await failure(once.messages.create(ask('status-400')));
  assert.ok(why instanceof Anthropic.BadRequestError, why);
  assert.equal(why.error.type, 'error');
  assert.equal(why.error.error.type, 'invalid_request_error');
  assert.ok(why.error.error.message.includes('scripted 400'), why);
  if (part === 'native') assert.equal(why.requestID, 'req_up');
}, scripted);

for (const [status, kind] of [[429, Anthropic.RateLimitError], [500, Anthropic.InternalServerError], [529, Anthropic.InternalServerError]]) {
  tell(`${status} is that error, and is retried`, async () => {
    const why = await failure(once.messages.create(ask(`status-${status}`)));
    assert.ok(why instanceof kind, why);
    const m = await client.messages.create(ask(`status-${status}-once`));
    assert.equal(m.content[0].text, HELLO);
  }, scripted);
}

tell('a stream that fails in the middle throws', async () => {
  const why = await failure(client.messages.stream(ask('broken')).finalMessage());
  assert.ok(why instanceof Anthropic.APIError, why);
  assert.ok(String(why.message).includes('scripted end'), why);
}, scripted);

tell('a card never leaves, and the answer still comes', async () => {
  const m = await client.messages.create(ask('', {
    messages: [{ role: 'user', content: 'scene:echo my card is 4111 1111 1111 1111, thanks' }],
  }));
  if (process.env.KT_DIRECT) return;
  assert.ok(!m.content[0].text.includes('4111 1111'), m.content[0].text);
  assert.ok(m.content[0].text.includes('my card is ['), m.content[0].text);
  assert.ok(m.content[0].text.endsWith(', thanks'), m.content[0].text);
}, scripted);

tell('clients that go away leave nothing behind', async () => {
  // The gateway is ended right behind this: it must not wait for them.
  for (let i = 0; i < 30; i++) {
    const stream = await client.messages.create(ask('hello', { stream: true }));
    stream.controller.abort();
  }
  const m = await client.messages.create(ask('hello'));
  assert.equal(m.stop_reason, 'end_turn');
});

tellAll();
