#!/usr/bin/env node
// Random JSONata expressions on random data, evaluated by pawl and by the reference.
//
//   ./dev fuzz jsonata-differential [--seconds N] [--seed S]
//   node tests/fuzz/jsonata_differential.mjs --pawl PROGRAM ...
//
// The reference is the npm package in version 2.2.2, installed into build/jsonata-reference: the
// suite that conformance/jsonata.py runs is of that version, and --dialect reference follows it.
// Results compare as the suite compares them: numbers by value, objects without order, failures by
// their code. Each difference is made smaller before it is shown; those of KNOWN are counted apart
// (docs/jsonata.md explains them). The exit code is 1 if there is another one.
import {execFileSync, spawn} from 'node:child_process';
import {createRequire} from 'node:module';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import {fileURLToPath} from 'node:url';
import {isDeepStrictEqual} from 'node:util';
import {Worker, isMainThread, parentPort} from 'node:worker_threads';

process.env.TZ = 'UTC';
const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
const options = {
  pawl: path.join(root, 'build/bin/pawl'), seconds: '30', show: '20',
  seed: String(Date.now() % 1_000_000_007),
};
for (let i = 2; i < process.argv.length; i += 2) {
  const name = process.argv[i].replace(/^--/, '');
  if (!(name in options) || i + 1 >= process.argv.length) {
    console.error(`jsonata_differential: unknown option ${process.argv[i]}`);
    process.exit(2);
  }
  options[name] = process.argv[i + 1];
}

const VERSION = '2.2.2';
const home = path.join(root, 'build/jsonata-reference');
if (!fs.existsSync(path.join(home, `node_modules/jsonata-${VERSION}`))) {
  fs.mkdirSync(home, {recursive: true});
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', home,
    `jsonata-${VERSION}@npm:jsonata@${VERSION}`], {stdio: ['ignore', process.stderr, process.stderr]});
}
const jsonata = createRequire(path.join(home, 'package.json'))(`jsonata-${VERSION}`);

// Differences that are meant: [name in docs/jsonata.md, does this one belong to it].
const KNOWN = [
  // The reference evaluates the parts of arrays, objects and calls at the same time: which of two
  // failures it reports is a matter of chance.
  ['two failures in one expression', (q, theirs, ours) => theirs.error && ours.error && /[[{,]/.test(q.expr)],
  // A predicate on nothing that is true all the same makes the reference go on with an undefined
  // item, and an object constructor over an empty array puts one into it; JSON shows null.
  ['items that are undefined', (q, theirs, ours) => 'result' in theirs && !ours.error &&
    /null/.test(JSON.stringify(theirs.result)) && same(withoutNulls(theirs.result), withoutNulls(ours.result))],
  ['items that are undefined', (q, theirs) => /\{\}/.test(q.expr) && /null/.test(JSON.stringify(theirs.result ?? ''))],
  ['items that are undefined', (q, theirs, ours) => !theirs.undefined && ours.undefined && /\]\s*\.?\s*[[{("$]/.test(q.expr)],
  // $fromMillis with a time zone that is no number writes NaN and undefined; ours refuses a name for it.
  ['time zones that are no numbers', (q, theirs) => /NaN|undefined/.test(JSON.stringify(theirs.result ?? '')) && /\$fromMillis/.test(q.expr)],
  // $formatNumber writes what is no number as the word; ours refuses it.
  ['numbers that are none', (q, theirs, ours) => /NaN/.test(JSON.stringify(theirs.result ?? '')) && ours.error?.code === 'D1001'],
  // $replace(text, text, nothing) writes the word.
  ['undefined as text', (q, theirs) => /undefined/.test(JSON.stringify(theirs.result ?? '')) && /\$replace/.test(q.expr)],
  // Patterns match characters (RE2), not halves of characters beyond U+FFFF.
  ['halves of surrogate pairs', (q, theirs) => /\\ud[89a-f]/.test(JSON.stringify(theirs))],
  // The reference calls built-in functions that are partially applied without a look at the types.
  ['partial application of a built-in function', (q) => /\$\w+\(\?, /.test(q.expr)],
  // The reference copies what is left of ?: and ?? as JSON, in which a pattern is {}.
  ['a pattern left of ?: or ??', (q) => /\/[im]*[^/]*\?[:?]/.test(q.expr)],
  // ECMAScript leaves the last digit of a power to the implementation.
  ['the last bit of a power', (q, theirs, ours) => /\$power/.test(q.expr) && same(theirs.result, ours.result, nearly)],
  // The reference's marks on arrays stay with the array, wherever it goes; ours with the value of an expression.
  ['marks of arrays', (q, theirs, ours) => theirs.undefined && Array.isArray(ours.result) && ours.result.length === 0],
  ['marks of arrays', (q) => Array.isArray(q.data) && /\$\$?\s*[@#]\$/.test(q.expr)],
  ['marks of arrays', (q) => /\.\[.*\]\s*\^\(/.test(q.expr)],
  // The integer 0 has no sign, so that dividing by its negative is not -Infinity.
  ['negative zero', (q) => /\/ \(?-/.test(q.expr)],
  // An update of what is no object is a TypeError, which $eval gives a code.
  ['a failure of the implementation', (q, theirs, ours) => theirs.error?.code === 'D3121' && !ours.error && /\|/.test(q.expr)],
  // What Node makes of base64 with other characters in it depends on their width in memory.
  ['text that is no base64', (q, theirs, ours) => /\$base64decode/.test(q.expr) && typeof theirs.result === 'string' && typeof ours.result === 'string'],
  // A transform copies its document by way of text, in which a number has 15 digits.
  ['numbers in a transform', (q, theirs, ours) => /~> \|/.test(q.expr) && same(theirs.result, ours.result, (a, b) => Math.abs(a - b) <= 1e-14 * Math.abs(b))],
  // What the reference did while it evaluated, seen from outside (watched()).
  ['the reference changes its input', (q, theirs) => theirs.changed_input],
  ['items that are undefined', (q, theirs) => theirs.undefined_item],
];

const nearly = (a, b) => Math.abs(a - b) <= Number.EPSILON * Math.abs(b);

// Lists lose their nulls, and then what is empty or alone in its list stands for itself.
function withoutNulls(value) {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) {
    const kept = value.map(withoutNulls).filter((each) => each !== null);
    return kept.length === 0 ? null : kept.length === 1 ? kept[0] : kept;
  }
  if (typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withoutNulls(v)]).filter(([, v]) => v !== null));
}

// ---- Chance

let state = BigInt(options.seed) * 0xd1342543de82ef95n & 0xffffffffffffffffn;
function random() {  // SplitMix64
  state = (state + 0x9e3779b97f4a7c15n) & 0xffffffffffffffffn;
  let z = state;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & 0xffffffffffffffffn;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & 0xffffffffffffffffn;
  return Number((z ^ (z >> 31n)) >> 11n) / 2 ** 53;
}
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const chance = (p) => random() < p;

// ---- Data

const NAMES = ['a', 'b', 'c', 'items', 'price', 'name', 'x', '1'];
const TEXTS = ['', 'a', 'ab', 'Hello World', ' x  y ', '12', '-3.5', 'é', '😀b', 'true', 'a,b,,c',
  '2018-01-02T03:04:05Z', 'foo bar foo', 'Ünïcode', '0x1F', '1e3'];
const NUMBERS = [0, 1, 2, 3, -1, -2, 5, 10, 0.5, 2.5, -3.5, 1.25, 100, 1e3, 1234.567, 1e21, 9007199254740991,
  1514862245000, 0.1, 1e-7];
function scalar() {
  return pick([() => pick(NUMBERS), () => pick(TEXTS), () => chance(0.5), () => null])();
}
function document(depth) {
  if (depth <= 0 || chance(0.25)) return scalar();
  if (chance(0.45)) return Array.from({length: below(4)}, () => document(depth - 1));
  const object = {};
  for (let i = below(4); i >= 0; --i) object[pick(NAMES)] = document(depth - 1);
  return object;
}
function data() {
  if (chance(0.05)) return undefined;
  if (chance(0.4)) {
    return {items: Array.from({length: below(4) + 1}, (_, i) => ({
      name: pick(['n1', 'n2', 'z', 'a']), price: pick(NUMBERS.slice(0, 12)), b: document(1),
      ...(chance(0.3) ? {x: [i, {a: i}]} : {})})), a: document(2), b: {a: [1, 2, {c: 'q'}], c: {a: 'deep'}},
      name: pick(TEXTS), x: [3, 1, 2]};
  }
  return document(4);
}

// ---- Expressions: trees of text and parts, so that they can be made smaller

const node = (...parts) => ({parts});
const text = (tree) => typeof tree === 'string' ? tree : tree.parts.map(text).join('');
const quote = (value) => JSON.stringify(value);

const VARIABLES = ['$x', '$y', '$f'];
const SIGNATURES = {
  sum: ['A'], count: ['v'], max: ['A'], min: ['A'], average: ['A'], string: ['v', '?b'],
  substring: ['s', 'n', '?n'], substringBefore: ['s', 's'], substringAfter: ['s', 's'],
  lowercase: ['s'], uppercase: ['s'], length: ['s'], trim: ['s'], pad: ['s', 'n', '?s'],
  match: ['s', 'r', '?n'], contains: ['s', 'p'], replace: ['s', 'p', 'R', '?n'],
  split: ['s', 'p', '?n'], join: ['S', '?s'], formatNumber: ['n', 'P'], formatBase: ['n', '?n'],
  formatInteger: ['n', 'I'], parseInteger: ['s', 'I'], number: ['v'], floor: ['n'], ceil: ['n'],
  round: ['n', '?n'], abs: ['n'], sqrt: ['n'], power: ['n', 'n'], boolean: ['v'], not: ['v'],
  map: ['l', 'F'], zip: ['l', 'l'], filter: ['l', 'F'], single: ['l', 'F'], reduce: ['l', 'G', '?v'],
  sift: ['o', 'F'], keys: ['v'], lookup: ['v', 's'], append: ['v', 'v'], exists: ['v'],
  spread: ['v'], merge: ['l'], reverse: ['l'], each: ['o', 'F'], type: ['v'], sort: ['l', '?C'],
  distinct: ['v'], base64encode: ['s'], base64decode: ['s'], encodeUrlComponent: ['s'],
  encodeUrl: ['s'], decodeUrlComponent: ['s'], decodeUrl: ['s'], toMillis: ['s', '?D'],
  fromMillis: ['n', '?D', '?Z'], assert: ['b', 's'], error: ['s'], eval: ['E'],
};
const FUNCTIONS = Object.keys(SIGNATURES);
const REGEXES = ['/a/', '/[a-z]+/i', '/(o)(.)?/', '/\\s+/', '/^./m', '/b*/', '/(a|b)c?/', '/\\d+/', '/o$/', '/,/'];
const PICTURES = ['0', '#,##0.00', '00.0##', '#0%', '0.0e0', '#', '#,##0;(#)', '0‰', '#0.#', 'x0y', '##,##,##0.0', '00e00', '0.', '.0'];
const INTEGERS = ['0', '#,##0', 'w', 'W', 'Ww', 'i', 'I', 'a', 'A', '1;o', 'w;o', '000', '#', "0'0", '٠'];
const DATES = ['[Y]-[M01]-[D01]', '[Y0001]-[M01]-[D01]T[H01]:[m01]:[s01]', '[D1o] [MNn] [Y]', '[FNn], [D] [MN,*-3] [Y,2-2]',
  '[h]:[m01] [P]', '[H01][m01][s01].[f001]', '[d001] [W] [w] [X]-[x]', '[Y]-[M]-[D] [H]:[m] [Z]', '[YI] [Mi] [Dw]', '[z]', '[[x]] [Y9,999,*]', '[E] [C]'];
const ZONES = ['"+0100"', '"-0530"', '"Z"', '"+00:00"'];

function expression(depth) {
  if (depth <= 0) return leaf();
  const d = depth - 1;
  return pick([
    leaf, () => pathOf(d), () => pathOf(d), () => pathOf(d),
    () => node(expression(d), pick([' + ', ' - ', ' * ', ' / ', ' % ']), expression(d)),
    () => node(expression(d), pick([' = ', ' != ', ' < ', ' <= ', ' > ', ' >= ']), expression(d)),
    () => node(expression(d), pick([' and ', ' or ', ' & ', ' in ', ' & ', ' ?? ', ' ?: ']), expression(d)),
    () => node('(', expression(d), pick(['', '; ']), ')'),
    () => node('(', pick(VARIABLES), ' := ', chance(0.3) ? lambda(d, 1) : expression(d), '; ', expression(d), ')'),
    () => list(d), () => list(d), () => object(d),
    () => node('[', number(d), '..', number(d), ']'),
    () => node(expression(d), ' ? ', expression(d), ' : ', expression(d)),
    () => node('-', expression(d)),
    () => call(d), () => call(d), () => call(d),
    () => node(expression(d), ' ~> ', pick([() => node('$', pick(FUNCTIONS)), () => call(d), () => lambda(d, 1), () => transform(d)])()),
    () => node(lambda(d, 1), '(', expression(d), ')'),
    () => node('$', pick(['substring', 'join', 'append', 'lookup', 'power', 'contains']), '(?, ', expression(d), ')(', expression(d), ')'),
  ])();
}
function leaf() {
  return pick([() => pick(NAMES.slice(0, 7)), () => pick(NAMES.slice(0, 7)), () => '$', () => '$$', () => pick(VARIABLES),
    () => String(pick(NUMBERS.slice(0, 14))), () => quote(pick(TEXTS)), () => pick(['true', 'false', 'null']), () => '[]', () => '{}'])();
}
function step(d) {
  return pick([() => pick(NAMES.slice(0, 7)), () => pick(NAMES.slice(0, 7)), () => pick(NAMES.slice(0, 7)), () => '*', () => '**', () => '$',
    () => node('(', expression(d), ')'), () => object(d), () => list(d), () => '%', () => '`1`', () => call(d),
    () => quote(pick(NAMES))])();
}
function suffix(d) {
  return pick([() => node('[', pick([() => String(below(4) - 2), () => expression(d), () => node(pick(NAMES.slice(0, 6)), pick([' = ', ' > ']), expression(d))])(), ']'),
    () => '[]', () => node('^(', pick(['', '<', '>']), expression(d), chance(0.3) ? node(', ', expression(d)) : '', ')'),
    () => node('{', key(d), ': ', expression(d), '}'), () => '@$x', () => '#$y'])();
}
function pathOf(d) {
  const parts = [pick([() => step(d), () => pick(NAMES.slice(0, 7)), () => pick(['$', '$$', ...VARIABLES])])()];
  for (let i = below(4); i > 0; --i) {
    if (chance(0.35)) parts.push(suffix(d));
    parts.push('.', step(d));
  }
  if (chance(0.3)) parts.push(suffix(d));
  return node(...parts);
}
const list = (d) => node('[', ...Array.from({length: below(4)}, () => expression(d)).flatMap((e, i) => i > 0 ? [', ', e] : [e]), ']');
const key = (d) => chance(0.6) ? quote(pick(NAMES)) : pick([() => expression(d), () => node('$string(', expression(d), ')'), () => 'name'])();
const object = (d) => node('{', ...Array.from({length: below(3)}, () => node(key(d), ': ', expression(d))).flatMap((e, i) => i > 0 ? [', ', e] : [e]), '}');
const transform = (d) => node('|', expression(d), '|', object(d), chance(0.4) ? node(', ', expression(d)) : '', '|');
const number = (d) => chance(0.8) ? String(pick(NUMBERS.slice(0, 9))) : expression(d);
function lambda(d, arity) {
  const names = ['$x', '$y', '$z', '$w'].slice(0, chance(0.85) ? arity : below(4));
  return node(pick(['function(', 'λ(']), names.join(', '), ')', chance(0.05) ? pick(['<n:n>', '<s-:s>', '<a<n>:x>', '<x+:x>']) : '', '{',
    chance(0.5) && names.length > 0 ? node(pick(names), pick([' + ', ' & ', ' = ', '.']), chance(0.5) ? pick(names) : expression(d)) : expression(d), '}');
}
function argument(kind, d) {
  if (chance(0.12)) return expression(d);
  switch (kind) {
    case 'n': return number(d);
    case 's': return chance(0.6) ? quote(pick(TEXTS)) : expression(d);
    case 'b': return pick(['true', 'false']);
    case 'A': return chance(0.5) ? node('[', number(d), ', ', number(d), ']') : pathOf(d);
    case 'S': return chance(0.5) ? node('[', quote(pick(TEXTS)), ', ', quote(pick(TEXTS)), ']') : pathOf(d);
    case 'l': return chance(0.4) ? list(d) : pathOf(d);
    case 'o': return chance(0.4) ? object(d) : pathOf(d);
    case 'r': return pick(REGEXES);
    case 'p': return chance(0.5) ? pick(REGEXES) : quote(pick(TEXTS));
    case 'R': return chance(0.6) ? quote(pick(['', 'X', '$0', '$1$2', '$$', '$9', '[$1]', '$'])) : lambda(d, 1);
    case 'P': return quote(pick(PICTURES));
    case 'I': return quote(pick(INTEGERS));
    case 'D': return quote(pick(DATES));
    case 'Z': return pick(ZONES);
    case 'F': return chance(0.8) ? lambda(d, 1 + below(3)) : '$' + pick(FUNCTIONS);
    case 'G': return chance(0.9) ? lambda(d, 2 + below(2)) : '$' + pick(FUNCTIONS);
    case 'C': return lambda(d, 2);
    case 'E': return quote(text(expression(Math.min(d, 2))));
    default: return expression(d);
  }
}
function call(d) {
  const name = pick(FUNCTIONS);
  const parts = [];
  for (const kind of SIGNATURES[name]) {
    if (kind[0] === '?' && chance(0.5)) break;
    if (chance(0.05)) break;
    parts.push(parts.length > 0 ? ', ' : '', argument(kind.replace('?', ''), d));
  }
  return node('$', name, '(', ...parts, ')');
}

// ---- The two evaluations

const STEPS_MAX = 20_000;
const ITEMS_MAX = 200_000;
const beyond_limits = () => Object.assign(new Error('limit'), {code: 'U1001'});
// The result as JSON has it. Functions are empty text, as pawl writes them.
function plain(value, count = {items: 0}) {
  if (value === undefined) return undefined;
  if (++count.items > ITEMS_MAX) throw beyond_limits();  // what is shared in memory is many times as long as text
  if (typeof value === 'function') return '';
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (value === null || typeof value !== 'object') return value;
  if (value._jsonata_lambda || value._jsonata_function) return '';
  if (Array.isArray(value)) return Array.from(value, (each) => plain(each, count) ?? null);
  const out = {};
  for (const [name, each] of Object.entries(value)) {
    const made = plain(each, count);
    if (made !== undefined) out[name] = made;
  }
  return out;
}
async function theirs(question, marks) {
  let input;
  try {
    const parsed = jsonata(question.expr);
    let steps = 0;
    let depth = 0;
    parsed.assign(Symbol.for('jsonata.__evaluate_entry'), () => {
      if (++steps > STEPS_MAX || ++depth > 200) throw beyond_limits();
    });
    parsed.assign(Symbol.for('jsonata.__evaluate_exit'), () => { --depth; });
    input = question.data === undefined ? undefined : JSON.parse(JSON.stringify(question.data));
    const result = plain(await parsed.evaluate(input));
    return result === undefined ? {undefined: true} : {result};
  } catch (error) {
    if (typeof error.code === 'string' && /^[A-Z]\d{4}$/.test(error.code)) return {error: {code: error.code}};
    return {bug: String(error.message)};  // a failure of the reference itself, not of the language
  } finally {
    if (marks && !isDeepStrictEqual(input, question.data)) marks.changed_input = true;
  }
}
// The answer of the reference, and two things that it does by mistake: `undefined_item`, an item that is undefined went into
// a sequence, and `changed_input`, the document is another one afterwards.
async function watched(question) {
  const marks = {};
  const push = Array.prototype.push;
  Array.prototype.push = function (...items) {
    const by_whom = items.length === 1 && items[0] === undefined ? new Error().stack.split('\n')[2] : '';
    if (/evaluateFilter|evaluateGroup/.test(by_whom)) marks.undefined_item = true;
    return push.apply(this, items);
  };
  try {
    return {...await theirs(question, marks), ...marks};
  } finally {
    Array.prototype.push = push;
  }
}
// The reference in a thread of its own: what takes all its memory, or does not end, is beyond the limits.
const REFERENCE_MIB = 1024;
const REFERENCE_SECONDS = 20;
class Reference {
  constructor() { this.start(); }
  start() {
    this.worker = new Worker(fileURLToPath(import.meta.url),
      {argv: process.argv.slice(2), resourceLimits: {maxOldGenerationSizeMb: REFERENCE_MIB}});
  }
  async ask(question, watch = false) {
    let late;
    const answer = await new Promise((resolve) => {
      late = setTimeout(() => resolve(undefined), REFERENCE_SECONDS * 1000);
      this.worker.once('message', resolve);
      this.worker.once('error', () => resolve(undefined));
      this.worker.postMessage({question, watch});
    });
    clearTimeout(late);
    this.worker.removeAllListeners('message').removeAllListeners('error');
    if (answer !== undefined) return answer;
    await this.worker.terminate();
    this.start();
    return {error: {code: 'U1001'}};
  }
  end() { return this.worker.terminate(); }
}
if (!isMainThread) {
  parentPort.on('message', async ({question, watch}) => parentPort.postMessage(await (watch ? watched : theirs)(question)));
}

class Ours {
  constructor() { this.start(); }
  start() {
    this.process = spawn(options.pawl, ['eval', '--batch', '--dialect', 'reference'], {stdio: ['pipe', 'pipe', 'inherit']});
    this.lines = readline.createInterface({input: this.process.stdout})[Symbol.asyncIterator]();
  }
  async ask(questions) {
    this.process.stdin.write(questions.map((q) => JSON.stringify({kind: 'jsonata', timelimit: 5000, ...q}) + '\n').join(''));
    const answers = [];
    for (const question of questions) {
      const {value, done} = await this.lines.next();
      if (done) {
        answers.push({crash: true});
        console.log(`CRASH after ${JSON.stringify(question)}`);
        this.start();
        return answers;
      }
      answers.push(JSON.parse(value));
    }
    return answers;
  }
}
function same(a, b, equal = (x, y) => x === y) {
  if (typeof a === 'number' && typeof b === 'number') return equal(a, b);
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((k) => k in b && same(a[k], b[k], equal));
}
function agree(reference, answer) {
  if (reference.bug !== undefined) return true;
  if (reference.error?.code === 'U1001' || answer.error?.code === 'U1001') return true;  // their limits differ
  if (reference.error) return answer.error?.code === reference.error.code;
  if (reference.undefined) return answer.undefined === true;
  return 'result' in answer && same(reference.result, answer.result);
}

// ---- Making a difference smaller

function* smaller(tree) {
  if (typeof tree === 'string') return;
  for (const part of tree.parts) if (typeof part !== 'string') yield part;
  yield '1';
  yield '"a"';
  yield 'a';
  for (let i = 0; i < tree.parts.length; ++i) {
    if (typeof tree.parts[i] === 'string') continue;
    for (const inner of smaller(tree.parts[i])) {
      yield {parts: [...tree.parts.slice(0, i), inner, ...tree.parts.slice(i + 1)]};
    }
  }
}
async function minimise(ours, reference, tree, input) {
  let current = {tree, data: input};
  const differs = async (candidate) => {
    const question = {expr: text(candidate.tree), data: candidate.data};
    const [answer] = await ours.ask([question]);
    return !agree(await reference.ask(question), answer);
  };
  for (let budget = 400, progress = true; progress && budget > 0;) {
    progress = false;
    for (const simple of [undefined, {}, {a: 1}, {a: [1, 2]}]) {
      if (JSON.stringify(simple)?.length >= (JSON.stringify(current.data)?.length ?? 0)) continue;
      if (current.data !== undefined && --budget > 0 && await differs({...current, data: simple})) {
        current = {...current, data: simple};
        progress = true;
        break;
      }
    }
    for (const candidate of smaller(current.tree)) {
      if (--budget <= 0) break;
      if (text(candidate).length < text(current.tree).length && await differs({...current, tree: candidate})) {
        current = {...current, tree: candidate};
        progress = true;
        break;
      }
    }
  }
  return current;
}

// ---- The run

async function main() {
  const ours = new Ours();
  const reference = new Reference();
  const end = Date.now() + Number(options.seconds) * 1000;
  const counts = {inputs: 0, values: 0, nothing: 0, failures: 0, limits: 0, bugs: 0, differences: 0};
  const known = {};
  const seen = new Set();
  console.log(`seed ${options.seed}`);
  while (Date.now() < end) {
    const trees = Array.from({length: 100}, () => expression(1 + below(4)));
    const questions = trees.map((tree) => ({expr: text(tree), data: data()}));
    const answering = ours.ask(questions);
    const theirs = [];
    for (const question of questions) theirs.push(await reference.ask(question));
    const answers = await answering;
    for (let i = 0; i < answers.length; ++i) {
      ++counts.inputs;
      const wanted = theirs[i];
      if (wanted.bug !== undefined) ++counts.bugs;
      else if (wanted.error?.code === 'U1001') ++counts.limits;
      else if (wanted.error) ++counts.failures;
      else if (wanted.undefined) ++counts.nothing;
      else ++counts.values;
      if (answers[i].crash) { ++counts.differences; continue; }
      if (agree(wanted, answers[i])) continue;
      const cause = KNOWN.find(([, belongs]) => belongs(questions[i], wanted, answers[i]));
      if (cause) { known[cause[0]] = (known[cause[0]] ?? 0) + 1; continue; }
      const small = await minimise(ours, reference, trees[i], questions[i].data);
      const question = {expr: text(small.tree), data: small.data};
      const theirAnswer = await reference.ask(question, true);
      const [ourAnswer] = await ours.ask([question]);
      const smallCause = KNOWN.find(([, belongs]) => belongs(question, theirAnswer, ourAnswer));
      if (smallCause) { known[smallCause[0]] = (known[smallCause[0]] ?? 0) + 1; continue; }
      ++counts.differences;
      if (seen.has(question.expr) || seen.size >= Number(options.show)) continue;
      seen.add(question.expr);
      console.log(`\n${question.expr}\n  data   ${JSON.stringify(question.data)}\n  theirs ${JSON.stringify(theirAnswer)}\n  ours   ${JSON.stringify(ourAnswer)}`);
    }
  }
  ours.process.stdin.end();
  console.log(`\n${counts.inputs} inputs: ${counts.values} values, ${counts.nothing} undefined, ${counts.failures} failures, ` +
    `${counts.limits} beyond the limits, ${counts.bugs} where the reference breaks; ${counts.differences} differences`);
  for (const [name, times] of Object.entries(known)) console.log(`known: ${name}: ${times}`);
  await reference.end();
  process.exit(counts.differences > 0 ? 1 : 0);
}
if (isMainThread) await main();
