// What the runners of peers share: options, a closed loop of callers, and figures as lines of JSON in the form of
// bench/engine/figure.h.
import {readFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';

export {sleep};

// `PROGRAM WORKLOAD --name value ...`
export function readOptions(defaults) {
  const options = {workload: process.argv[2], ...defaults};
  for (let i = 3; i + 1 < process.argv.length; i += 2) {
    const name = process.argv[i].replace(/^--/, '');
    options[name] = typeof defaults[name] === 'number' ? Number(process.argv[i + 1]) : process.argv[i + 1];
  }
  return options;
}

export function quantile(times, q) {
  const sorted = Float64Array.from(times).sort();
  return sorted.length === 0 ? 0 : sorted[Math.round(q * (sorted.length - 1))];
}

export function figure(subject, workload, metric, value, unit, more = {}) {
  console.log(JSON.stringify({subject, workload, metric, value: Number(value.toPrecision(6)), unit, ...more}));
}

// `callers` callers, each calling again when it has its answer, until `seconds` have passed and the last call has ended:
// first to warm up, then to measure. A call that fails makes the run void. The callers read the clock themselves, since an
// engine in this process may keep timers waiting.
export async function drive(callers, seconds, call) {
  await loop(callers, seconds / 4, call);
  return await loop(callers, seconds, call);
}

async function loop(callers, seconds, call) {
  const begin = performance.now();
  const times = [];
  await Promise.all(Array.from({length: callers}, async () => {
    for (let called = begin; called < begin + seconds * 1000;) {
      await call();
      const now = performance.now();
      times.push(now - called);
      called = now;
    }
  }));
  return {perSecond: times.length / ((performance.now() - begin) / 1000), p50: quantile(times, 0.5), p99: quantile(times, 0.99)};
}

// Calls 0 to `count`-1, at most `callers` of them at once.
export async function runAll(count, callers, call) {
  let next = 0;
  await Promise.all(Array.from({length: callers}, async () => {
    while (next < count) await call(next++);
  }));
}

export async function until(what, seconds, ready) {
  const end = performance.now() + seconds * 1000;
  for (let reason = 'not yet'; ;) {
    try {
      if (await ready()) return;
    } catch (error) {
      reason = error.message;
    }
    if (performance.now() > end) throw new Error(`${what}: ${reason}`);
    await sleep(20);
  }
}

export function residentBytes(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

// Payloads as in bench/engine/data.cpp.
export const bigText = () => ({blob: 'x'.repeat(258000)});
export function bigRecords() {
  const records = [];
  for (let i = 0, bytes = 13; bytes < 258000; ++i) {
    records.push({id: i, sku: `item-${i * 7919}`, qty: i % 9 + 1, price: i % 100 + 0.25, ok: i % 2 === 0});
    bytes += JSON.stringify(records[i]).length + 1;
  }
  return {records};
}
