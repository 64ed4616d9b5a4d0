// Restate's server as it is shipped (it syncs), one node on this machine, and its SDK in a second process.
//
//   node restate.mjs W2|W3|W4|W5|W6|W7|W8|W9|W11 --directory DIR [--seconds 1] [--partitions 24] [--sleepers 100000]
import {fork, spawn} from 'node:child_process';
import {mkdirSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import net from 'node:net';
import {Pool} from 'undici';
import {cpuSeconds, drive, figure, quantile, readOptions, residentBytes, runAll, sleep, until} from './load.mjs';

const options = readOptions({directory: '', seconds: 1, partitions: 24, sleepers: 10000});
const subject = `restate, ${options.partitions} partition${options.partitions === 1 ? '' : 's'}`;
const data = `${options.directory}/restate`;
rmSync(data, {recursive: true, force: true});
mkdirSync(data, {recursive: true});

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const {port} = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
const [ingressPort, adminPort, nodePort, servicePort] = [await freePort(), await freePort(), await freePort(), await freePort()];

const require = createRequire(createRequire(import.meta.url).resolve('@restatedev/restate-server/package.json'));
const binary = require.resolve(`@restatedev/restate-server-linux-${process.arch}/bin/restate-server`);
let server;
function boot() {
  server = spawn(binary, ['--base-dir', data, '--node-name', 'n1', '--listen-mode', 'tcp', '--no-logo'], {
    stdio: 'ignore',
    env: {
      ...process.env,
      RESTATE_BIND_IP: '127.0.0.1', RESTATE_BIND_PORT: nodePort, RESTATE_ADVERTISED_HOST: '127.0.0.1',
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingressPort}`, RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${adminPort}`,
      RESTATE_DEFAULT_NUM_PARTITIONS: options.partitions, RESTATE_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: '1',
      RESTATE_LOG_FILTER: 'error',
    },
  });
}

const service = fork(new URL('restate_service.mjs', import.meta.url), [String(servicePort)]);
const asked = new Map();
const awakeables = [];
let awakeableCame = () => {};
service.on('message', (message) => {
  const [name, value] = Object.entries(message)[0];
  if (name === 'awakeable') {
    awakeables.push(value);
    awakeableCame();
  } else {
    asked.get(name)?.(value);
  }
});
const ask = (name) => new Promise((resolve) => {
  asked.set(name, resolve);
  if (name !== 'ready') service.send(name);
});

const ingress = new Pool(`http://127.0.0.1:${ingressPort}`, {connections: 1024, headersTimeout: 0, bodyTimeout: 0});
const admin = new Pool(`http://127.0.0.1:${adminPort}`, {connections: 2});
async function post(pool, path, body) {
  const answer = await pool.request({path, method: 'POST', headers: {'content-type': 'application/json'},
    body: body === undefined ? undefined : JSON.stringify(body)});
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`${path}: ${answer.statusCode} ${text.slice(0, 200)}`);
  return text;
}
async function healthy(pool, path) {
  const answer = await pool.request({path, method: 'GET'});
  await answer.body.dump();
  return answer.statusCode === 200;
}
async function up() {
  await until('the server', 60, () => healthy(admin, '/health'));
  await until('its ingress', 60, () => healthy(ingress, '/restate/health'));
}
const invoke = (handler, body) => post(ingress, `/bench/${handler}`, body);

async function measure(metric, unit, perCall, callers, call) {
  const cpu = cpuSeconds(server.pid);
  const begin = performance.now();
  const driven = await drive(callers, options.seconds, call);
  const cores = (cpuSeconds(server.pid) - cpu) / ((performance.now() - begin) / 1000);
  figure(subject, options.workload, metric, driven.perSecond * perCall, unit, {p50: driven.p50, p99: driven.p99, cores});
  return driven;
}

async function park(count, first, window) {
  await runAll(count, 256, (i) => post(ingress, '/sleeper/until/send', first + Math.floor(i * window / count)));
  if (Date.now() > first) throw new Error('starting the sleepers took too long');
}
async function allWoken(count, end) {
  await until('the sleepers', (end - Date.now()) / 1000, async () => await sleep(200) || await ask('woken') >= count);
  return await ask('late');
}

const workloads = {
  async W2() {
    for (const callers of [1, 16, 128, 1000]) {
      const {perSecond} = await measure(`${callers} at once`, 'steps/s', 10, callers, () => invoke('chain', 10));
      // It has no other way in: the same figure beside pawl's in process and through its API.
      figure(subject, 'W2', `${callers} at once, through the API`, perSecond * 10, 'steps/s');
    }
  },
  async W3() {
    const driven = await drive(1, options.seconds, () => invoke('chain', 1));
    figure(subject, 'W3', 'one durable step, p50', driven.p50, 'ms');
    figure(subject, 'W3', 'one durable step, p99', driven.p99, 'ms');
  },
  async W4() {
    for (const callers of [1, 16, 128, 1000]) {
      const before = await ask('ended');
      let sent = 0;
      const begin = performance.now();
      await drive(callers, options.seconds, async () => {
        await post(ingress, '/bench/nothing/send');
        ++sent;
      });
      await until('the backlog', 300, async () => await ask('ended') - before >= sent);
      figure(subject, 'W4', `${callers} connections`, sent / ((performance.now() - begin) / 1000), 'starts and ends/s');
    }
  },
  async W5() {
    const items = 5000;
    await measure('Map, durable', 'items/s', items, 1, () => invoke('map', {items, width: 1000}));
    await measure('Parallel, durable, 16 at once', 'branches/s', 10, 16, () => invoke('parallel', 10));
  },
  async W6() {
    const count = options.sleepers;
    const before = residentBytes(server.pid);
    const begin = performance.now();
    const first = Date.now() + 20000 + count;
    await park(count, first, count);
    figure(subject, 'W6', '1,000 due a second, starts', count / ((performance.now() - begin) / 1000), 'executions/s');
    await sleep(3000);
    figure(subject, 'W6', 'asleep, memory each', (residentBytes(server.pid) - before) / count, 'B');
    const late = await allWoken(count, first + count + 300000);
    figure(subject, 'W6', '1,000 due a second, late p99', quantile(late, 0.99), 'ms', {p50: quantile(late, 0.5)});
  },
  async W7() {
    for (const callers of [1, 16, 128]) {
      await measure(`Task, ${callers} at once`, 'tasks/s', 10, callers, () => invoke('tasks', 10));
    }
  },
  async W8() {
    let stopping = false;
    awakeableCame = () => {
      while (!stopping && awakeables.length > 0) {
        post(ingress, `/restate/awakeables/${awakeables.pop()}/resolve`, 1).catch(() => {});
      }
    };
    for (const callers of [16, 128]) await measure(`callback, ${callers} at once`, 'callbacks/s', 1, callers, () => invoke('callback'));
    stopping = true;
  },
  async W9() {
    const count = options.sleepers;
    const first = Date.now() + 30000 + count;
    await park(count, first, 10000);
    await sleep(1000);
    server.kill('SIGKILL');
    await new Promise((resolve) => server.once('exit', resolve));
    const begin = performance.now();
    boot();
    await until('the first call', 120, async () => await invoke('nothing') || true);
    figure(subject, 'W9', `${count} open, first answer`, performance.now() - begin, 'ms');
    const late = await allWoken(count, first + 300000);
    figure(subject, 'W9', 'all woke, late p99', quantile(late, 0.99), 'ms');
  },
  async W11() {
    await measure('256 KiB, one string', 'transitions/s', 10, 4, () => invoke('payload', 10));
  },
};

function end(code) {
  server?.kill('SIGKILL');
  service.kill('SIGKILL');
  setTimeout(() => {
    rmSync(data, {recursive: true, force: true});
    process.exit(code);
  }, 200);
}
process.on('SIGTERM', () => end(143));
process.on('SIGINT', () => end(130));
try {
  await ask('ready');
  boot();
  await up();
  await until('the registration', 60, async () => await post(admin, '/deployments', {uri: `http://127.0.0.1:${servicePort}`, force: true}));
  await until('the first call', 60, async () => await invoke('nothing') || true);
  await workloads[options.workload]();
  end(0);
} catch (error) {
  console.error(error);
  end(1);
}
