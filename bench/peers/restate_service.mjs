// The workloads as handlers of Restate's SDK, in the process that restate.mjs forks.
import http2 from 'node:http2';
import * as restate from '@restatedev/restate-sdk';

let ended = 0;     // calls of `nothing`
const late = [];   // ms, of sleepers that woke
const big = 'x'.repeat(258000);

const bench = restate.service({
  name: 'bench',
  handlers: {
    nothing: async () => {
      ++ended;
      return null;
    },
    // Durable steps one after the other: Pass states of ours.
    chain: async (context, steps) => {
      let value = 0;
      for (let i = 0; i < steps; ++i) value = await context.run('step', () => value + 1);
      return value;
    },
    parallel: async (context, branches) => {
      const results = await restate.RestatePromise.all(
        Array.from({length: branches}, (_, i) => context.run('branch', () => i)));
      return results.length;
    },
    // One child call per item, `width` of them at once.
    map: async (context, {items, width}) => {
      for (let i = 0; i < items; i += width) {
        await restate.RestatePromise.all(
          Array.from({length: Math.min(width, items - i)}, (_, j) => context.serviceClient(bench).item(i + j)));
      }
      return items;
    },
    item: async (context, value) => value,
    tasks: async (context, count) => {
      let value = 0;
      for (let i = 0; i < count; ++i) value = await context.serviceClient(worker).work(value);
      return value;
    },
    payload: async (context, steps) => {
      let value = '';
      for (let i = 0; i < steps; ++i) value = await context.run('step', () => big);
      return value.length;
    },
    callback: async (context) => {
      const {id, promise} = context.awakeable();
      await context.run('tell', () => {
        process.send({awakeable: id});
        return null;
      });
      return await promise;
    },
  },
});

const worker = restate.service({name: 'worker', handlers: {work: async (context, value) => value + 1}});

const sleeper = restate.service({
  name: 'sleeper',
  options: {inactivityTimeout: 0},  // suspended at once: a sleeper, not an open stream
  handlers: {
    until: async (context, at) => {
      await context.sleep(Math.max(0, at - await context.date.now()));
      late.push(Date.now() - at);
      return null;
    },
  },
});

process.on('message', (question) => {
  if (question === 'ended') process.send({ended});
  if (question === 'woken') process.send({woken: late.length});
  if (question === 'late') process.send({late});
});
process.on('disconnect', () => process.exit());

const logger = (meta, ...rest) => {
  if (meta.level === 'error') console.error(...rest);
};
http2.createServer(restate.createEndpointHandler({services: [bench, worker, sleeper], logger}))
  .listen(Number(process.argv[2]), '127.0.0.1', () => process.send({ready: true}));
