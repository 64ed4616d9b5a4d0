// aws-local-stepfunctions in this process: the same definitions, in memory, on one thread.
//
//   node aslocal.mjs W1|W2|W5|W11 [--workloads bench/workloads] [--seconds 1]
import {readFileSync} from 'node:fs';
import {setImmediate as turn} from 'node:timers/promises';
import {StateMachine} from 'aws-local-stepfunctions';
import {bigRecords, bigText, drive, figure, readOptions} from './load.mjs';

const options = readOptions({workloads: 'bench/workloads', seconds: 1});

async function measure(name, metric, unit, perCall, callers, input, right) {
  const definition = JSON.parse(readFileSync(`${options.workloads}/${name}.asl.json`, 'utf8'));
  const machine = new StateMachine(definition, {validationOptions: {noValidate: true}});
  const driven = await drive(callers, options.seconds, async () => {
    const output = await machine.run(input).result;
    if (!right(output)) throw new Error(`${name} gives a wrong output`);
    await turn();  // it runs in microtasks alone: without this nothing it leaves behind is freed
  });
  figure('aws-local-stepfunctions', options.workload, metric, driven.perSecond * perCall, unit,
    {p50: driven.p50, p99: driven.p99});
}

const numbers = (count) => Array.from({length: count}, (_, i) => i);
const workloads = {
  // Of JSONata it evaluates neither Condition nor Output: no figure.
  async W1() {
    await measure('w1-loop', 'loop', 'transitions/s', 2002, 1, {i: 0, n: 1000}, (output) => output.i === 1000);
    await measure('w1-chain100', 'chain of Pass', 'transitions/s', 100, 1, {a: 1}, (output) => output.a === 1);
  },
  // It keeps nothing, so this is no more than a yardstick.
  async W2() {
    await measure('w2-chain10', '128 at once', 'transitions/s', 10, 128, {}, () => true);
  },
  async W5() {
    await measure('w5-map', 'Map, Express', 'items/s', 10000, 1, {items: numbers(10000)}, (output) => output[9999] === 9999);
  },
  async W11() {
    await measure('w11-payload10', '256 KiB, one string', 'transitions/s', 10, 4, bigText(), (output) => output.mark === 10);
    await measure('w11-payload10', '256 KiB, 3,600 records', 'transitions/s', 10, 4, bigRecords(), (output) => output.mark === 10);
  },
};
await workloads[options.workload]();
