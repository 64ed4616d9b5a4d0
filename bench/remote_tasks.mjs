// What a Task costs that calls a service elsewhere: 1,000 Tasks in an inline Map, 40 at once, of
// `sqs:sendMessage` embedded and at a second pawl over loopback (signed, verified), and of
// `http:invoke`; beside the same Map of Pass states as the control.
//
//   node bench/remote_tasks.mjs --pawl build/release/bin/pawl [--rounds 5] [--items 1000]
//
// Each round runs every case in turn, each in a process of its own with its store in memory. Prints
// medians [minimum-maximum] of milliseconds from start to stop date, and of that per Task.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({ options: {
  pawl: { type: 'string', default: 'build/release/bin/pawl' },
  rounds: { type: 'string', default: '5' },
  items: { type: 'string', default: '1000' },
} });
const items = Number(options.items);
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'pawl-bench-'));
const env = { PATH: process.env.PATH, AWS_ACCESS_KEY_ID: 'AKIDBENCH', AWS_SECRET_ACCESS_KEY: 'secret' };

const credentials = path.join(directory, 'credentials');
fs.writeFileSync(credentials, '[b]\naws_access_key_id = AKIDBENCH\naws_secret_access_key = secret\n');
const server = spawn(options.pawl, ['serve', '--port', '0', '--credentials', credentials], { env });
const port = await new Promise((resolve) => {
  let text = '';
  server.stderr.on('data', (data) => {
    text += data;
    const found = /listens on [^ ]*:(\d+)/.exec(text);
    if (found) resolve(found[1]);
  });
});
const web = http.createServer((request, response) => { request.resume(); response.end('ok'); });
web.keepAliveTimeout = 60_000;
await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));

const task = (resource, parameters) => ({ Type: 'Task', Resource: `arn:aws:states:::${resource}`,
  Parameters: parameters, ResultPath: null, End: true });
const send = (url) => task('sqs:sendMessage', { QueueUrl: url, 'MessageBody.$': '$' });
const queue = { Type: 'Task', Resource: 'arn:aws:states:::aws-sdk:sqs:createQueue', Parameters: { QueueName: 'q' },
  ResultPath: '$.prepared', Next: 'M' };
const connection = { Type: 'Task', Resource: 'arn:aws:states:::aws-sdk:eventbridge:createConnection',
  Parameters: { Name: 'c', AuthorizationType: 'API_KEY', AuthParameters: {
    ApiKeyAuthParameters: { ApiKeyName: 'k', ApiKeyValue: 'v' } } }, ResultPath: '$.prepared', Next: 'M' };
const none = { Type: 'Pass', Next: 'M' };
const cases = {
  'Pass': [none, { Type: 'Pass', End: true }, []],
  'sqs:sendMessage, embedded': [queue, send('http://127.0.0.1/123456789012/q'), []],
  'sqs:sendMessage, remote': [queue, send(`http://127.0.0.1:${port}/123456789012/q`),
    ['--endpoint', `sqs=http://127.0.0.1:${port}`]],
  'http:invoke': [connection, task('http:invoke', { ApiEndpoint: `http://127.0.0.1:${web.address().port}/`,
    Method: 'PUT', InvocationConfig: { 'ConnectionArn.$': '$.arn' }, RequestBody: { a: 1 } }),
  ['--allow-private-endpoints']],
};

function run(name, [prepare, state, args]) {
  const file = path.join(directory, `${name.replace(/\W+/g, '-')}.asl.json`);
  const withArn = prepare === connection;
  fs.writeFileSync(file, JSON.stringify({ StartAt: 'P', States: { P: prepare, M: { Type: 'Map',
    ItemsPath: '$.items', MaxConcurrency: 40, ResultPath: null, End: true,
    ...(withArn ? { ItemSelector: { 'arn.$': '$.prepared.ConnectionArn' } } : {}),
    ItemProcessor: { StartAt: 'T', States: { T: state } } } } }));
  const child = spawn(options.pawl, ['run', file, '--json', '--input',
    JSON.stringify({ items: Array.from({ length: items }, (_, i) => ({ i })) }), ...args], { env });
  return new Promise((resolve, reject) => {
    let out = '';
    child.stdout.on('data', (data) => { out += data; });
    child.stderr.resume();
    child.on('exit', () => {
      const answer = JSON.parse(out || '{}');
      if (answer.status !== 'SUCCEEDED') return reject(new Error(`${name}: ${out}`));
      return resolve(Date.parse(answer.stopDate) - Date.parse(answer.startDate));
    });
  });
}

const figures = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
for (let round = 0; round < Number(options.rounds); ++round) {
  for (const [name, one] of Object.entries(cases)) figures[name].push(await run(name, one));
}
console.log(`| ${items} states, 40 at once | ms | us each | over Pass |\n|---|---|---|---|`);
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const base = median(figures.Pass);
for (const [name, list] of Object.entries(figures)) {
  console.log(`| ${name} | ${median(list)} [${Math.min(...list)}-${Math.max(...list)}] | `
    + `${Math.round(median(list) * 1000 / items)} | ${Math.round((median(list) - base) * 1000 / items)} us |`);
}
server.kill();
web.close();
web.closeAllConnections();
fs.rmSync(directory, { recursive: true, force: true });
