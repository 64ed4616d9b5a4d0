// What the tests of the services share: a `pawl serve` of their own, clients for it, and checks.
//
//   node services/sqs_test.mjs --pawl build/dev/bin/pawl --modules build/clients [--only PART]
//
// A test file exports nothing: it calls run() with its tests, which run one after the other on one
// server. The last line is "N passed, N failed"; the exit code is 1 when something failed.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import zlib from 'node:zlib';

export { assert };
export const { values: options } = parseArgs({
  options: { pawl: { type: 'string' }, modules: { type: 'string' }, only: { type: 'string' } },
});
const require = createRequire(path.resolve(options.modules, 'package.json'));

export const ACCOUNT = '123456789012';
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/test`;
export const sleep = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

// ------------------------------------------------------------------------------------ the server

class Server {
  constructor() {
    this.data = mkdtempSync(path.join(os.tmpdir(), 'pawl-clients-'));
    this.clients = [];
  }

  async start() {
    this.child = spawn(options.pawl, ['serve', '--port', String(this.port ?? 0), '--data', path.join(this.data, 'store')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, PATH: '/usr/local/bin:/usr/bin:/bin' }, // the system's interpreters
    });
    this.log = '';
    this.port = await new Promise((resolve, reject) => {
      this.child.stderr.on('data', (data) => {
        this.log += data;
        const at = /listens on [^ ]*:(\d+)/.exec(this.log);
        if (at) resolve(Number(at[1]));
      });
      this.child.on('exit', () => reject(new Error(`the server ended: ${this.log}`)));
    });
    this.endpoint = `http://127.0.0.1:${this.port}`;
  }

  async end(signal) {
    const ended = new Promise((resolve) => { this.child.on('exit', resolve); });
    this.child.kill(signal);
    await ended;
  }

  // As after a crash: the same data and port, nothing else.
  async restart() {
    await this.end('SIGKILL');
    await this.start();
  }

  async stop() {
    for (const client of this.clients) client.destroy();
    await this.end('SIGTERM');
    rmSync(this.data, { recursive: true, force: true });
  }
}

export const server = new Server();

// ----------------------------------------------------------------------------------- the clients

// The operations of one service: `api.SendMessage({...})`. `api.sdk` is its package; `api.called`
// the operations that succeeded, `api.failed` the names of errors it answered.
export function api(name, settings = {}) {
  const sdk = require(`@aws-sdk/client-${name}`);
  const Client = Object.entries(sdk).find(([key]) => key.endsWith('Client') && key !== '__Client')[1];
  const client = new Client({
    endpoint: server.endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
    ...settings,
  });
  server.clients.push(client);
  const called = new Set();
  const failed = new Set();
  return new Proxy({ sdk, client, called, failed }, {
    get(target, member) {
      if (member in target || typeof member !== 'string') return target[member];
      const Command = sdk[`${member}Command`];
      if (!Command) throw new Error(`${name} has no operation ${member}`);
      return async (input = {}) => {
        const line = /_test\.mjs:(\d+)/.exec(new Error().stack)?.[1];
        try {
          const answer = await client.send(new Command(input));
          called.add(member);
          return answer;
        } catch (error) {
          failed.add(error.name);
          Object.defineProperty(error, 'line', { value: line });
          Object.defineProperty(error, 'operation', { value: member });
          Object.defineProperty(error, 'sdk', { value: sdk }); // not shown with the error
          throw error;
        }
      };
    },
  });
}

// ------------------------------------------------------------------------------------ the checks

// The error of a call that must be refused as `name`: an instance of the SDK's class of that name
// where the service's model has one, and of the service's base class always.
export async function refused(promise, name, status) {
  let error;
  try {
    await promise;
  } catch (caught) {
    error = caught;
  }
  if (!error) throw new Error(`not refused as ${name}`);
  if (error.name !== name) throw new Error(`${error.operation}: ${error.name}, not ${name}: ${error.message}`);
  const own = error.sdk?.[name];
  if (own && !(error instanceof own)) throw new Error(`${name} is not the SDK's`);
  const base = Object.entries(error.sdk ?? {}).find(([key]) => key.endsWith('ServiceException'))?.[1];
  if (base && !(error instanceof base)) throw new Error(`${name} is no ServiceException`);
  if (status) assert.equal(error.$metadata.httpStatusCode, status, `status of ${name}`);
  return error;
}

export async function eventually(what, probe, ms = 10_000) {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
    await sleep(20);
  }
}

// Every item of a list that comes in pages.
export async function pages(call, input, list, from, to = from) {
  const items = [];
  let count = 0;
  let token;
  do {
    const page = await call({ ...input, [to]: token });
    items.push(...(page[list] ?? []));
    token = page[from];
    ++count;
  } while (token);
  return { items, count };
}

// --------------------------------------------------------------------------------- things to send

// A zip archive of `files` ({name: text}), deflated.
export function zip(files) {
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const bytes = Buffer.from(text);
    const packed = zlib.deflateRawSync(bytes);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((0o100755 << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03'), common, tail, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listed, end]);
}

function crc32(bytes) {
  let crc = 0xFFFFFFFF;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; ++i) crc = (crc >>> 1) ^ (crc & 1 ? 0xEDB88320 : 0);
  }
  return (crc ^ 0xFFFFFFFF) >>> 0;
}

// A function in Python whose `handler` has this body; it sees `event` and `context`.
export const python = (...lines) => zip({
  'main.py': `import json, os, sys, time\ndef handler(event, context):\n${lines.map((line) => `    ${line}\n`).join('')}`,
});

// An HTTP server of ours: `answer(request, body)` gives the status; `requests` are kept.
export async function listener(answer = () => 200) {
  const requests = [];
  const heard = http.createServer((request, response) => {
    let body = '';
    request.on('data', (data) => { body += data; });
    request.on('end', () => {
      requests.push({ headers: request.headers, body });
      response.writeHead(answer(request, body));
      response.end();
    });
  });
  await new Promise((resolve) => { heard.listen(0, '127.0.0.1', resolve); });
  return { requests, url: `http://127.0.0.1:${heard.address().port}/hook`, close: () => heard.close() };
}

// -------------------------------------------------------------------------------------- the runner

export async function run(make) {
  await server.start();
  let passed = 0;
  const failures = [];
  try {
    const tests = await make();
    for (const [name, test] of Object.entries(tests)) {
      if (options.only && !name.includes(options.only)) continue;
      const began = Date.now();
      try {
        await test();
        ++passed;
        if (Date.now() - began > 3000) console.log(`slow    ${name}: ${Date.now() - began} ms`);
      } catch (error) {
        failures.push(name);
        const lines = String(error.stack).split('\n').filter((line) => !line.includes('node_modules') && !line.includes('node:internal'));
        const call = error.operation ? ` (${error.operation}, line ${error.line})` : '';
        console.log(`FAILED  ${name}${call}\n        ${lines.slice(0, 12).join('\n        ')}`);
      }
    }
  } finally {
    await server.stop().catch(() => {});
  }
  console.log(`${passed} passed, ${failures.length} failed`);
  process.exit(failures.length > 0 || passed === 0 ? 1 : 0);
}
