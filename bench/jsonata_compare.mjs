#!/usr/bin/env node
// pawl's JSONata beside the reference in Node, in one interleaved run: each round measures every
// case with each program in turn.
//
//   ./dev bench jsonata_compare [--cases FILE] [--rounds 5] [--seconds 0.4]
//   node bench/jsonata_compare.mjs ...      the same, with build/release/bin/jsonata_bench as it is
//
// npm installs the reference into build/jsonata-reference. Prints medians, [minimum-maximum] and
// the ratio of medians as rows of a Markdown table, and the geometric mean of the ratios.
import {spawn, execFileSync} from 'node:child_process';
import {createRequire} from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import {fileURLToPath} from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const options = {cases: path.join(root, 'bench/jsonata_cases.json'), rounds: '5', seconds: '0.4'};
for (let i = 2; i < process.argv.length; i += 2) {
  const name = process.argv[i].replace(/^--/, '');
  if (!(name in options) || i + 1 >= process.argv.length) {
    console.error(`jsonata_compare: unknown option ${process.argv[i]}`);
    process.exit(2);
  }
  options[name] = process.argv[i + 1];
}
const seconds = Number(options.seconds);

const versions = ['2.0.6', '2.2.2'];
const home = path.join(root, 'build/jsonata-reference');
const wanted = versions.map((v) => `jsonata-${v}@npm:jsonata@${v}`);
if (!versions.every((v) => fs.existsSync(path.join(home, `node_modules/jsonata-${v}`)))) {
  fs.mkdirSync(home, {recursive: true});
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', home, ...wanted],
    {stdio: ['ignore', process.stderr, process.stderr]});
}
const require = createRequire(path.join(home, 'package.json'));
const references = versions.map((v) => require(`jsonata-${v}`));

const cases = JSON.parse(fs.readFileSync(options.cases, 'utf8'));
for (const each of cases) {
  if (each.make !== undefined) each.data = await references[0](each.make).evaluate();
  // The reference's result is an array with marks; only plain data goes in.
  if (each.data !== undefined) each.data = JSON.parse(JSON.stringify(each.data));
}

const bench = spawn(path.join(root, 'build/release/bin/jsonata_bench'), ['--answer', options.cases],
  {stdio: ['pipe', 'pipe', 'inherit']});
const lines = readline.createInterface({input: bench.stdout})[Symbol.asyncIterator]();
async function ours(index, mode) {
  bench.stdin.write(`${index} ${mode} ${seconds}\n`);
  const {value, done} = await lines.next();
  if (done) throw new Error('jsonata_bench ended');
  return Number(value);
}

async function theirs(jsonata, each, mode) {
  const parsed = jsonata(each.expr);
  const start = performance.now();
  let done = 0;
  for (;;) {
    for (let i = 0; i < 4; ++i) await (mode === 'both' ? jsonata(each.expr) : parsed).evaluate(each.data);
    done += 4;
    const spent = performance.now() - start;
    if (spent >= seconds * 1000) return spent / done * 1000;
  }
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const show = (list) => `${median(list).toPrecision(3)} [${Math.min(...list).toPrecision(3)}-${Math.max(...list).toPrecision(3)}]`;

for (const mode of ['evaluate', 'both']) {
  const times = cases.map(() => [[], ...versions.map(() => [])]);
  for (const each of cases) {  // warm: compiled code on both sides
    for (const jsonata of references) await theirs(jsonata, each, mode);
  }
  for (let round = 0; round < Number(options.rounds); ++round) {
    for (let i = 0; i < cases.length; ++i) {
      times[i][0].push(await ours(i, mode));
      for (let r = 0; r < references.length; ++r) {
        times[i][r + 1].push(await theirs(references[r], cases[i], mode));
      }
    }
  }
  console.log(`\n| ${mode === 'both' ? 'parse and evaluate' : 'evaluate'}, us | pawl | ` +
    versions.map((v) => `jsonata ${v} | times`).join(' | ') + ' |');
  console.log('|---|---|' + versions.map(() => '---|---|').join(''));
  const ratios = versions.map(() => []);
  cases.forEach((each, i) => {
    const cells = versions.map((_, r) => {
      const ratio = median(times[i][r + 1]) / median(times[i][0]);
      ratios[r].push(ratio);
      return `${show(times[i][r + 1])} | ${ratio.toFixed(1)}`;
    });
    console.log(`| ${each.name} | ${show(times[i][0])} | ${cells.join(' | ')} |`);
  });
  const means = ratios.map((list) => Math.exp(list.reduce((sum, x) => sum + Math.log(x), 0) / list.length));
  console.log(`| geometric mean | | ${means.map((m) => ` | ${m.toFixed(1)}`).join(' | ')} |`);
}
bench.stdin.end();
