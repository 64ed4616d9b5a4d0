// Calls every operation of AWS Step Functions with the AWS SDK for JavaScript, on success and on
// error, against `pawl serve` started here on a free port.
//
//   node sdk_test.mjs --pawl build/dev/bin/pawl --modules build/clients
//
// The last line is "N passed, N failed".
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import http from 'node:http';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: { pawl: { type: 'string' }, modules: { type: 'string' }, only: { type: 'string' } },
});
const require = createRequire(path.resolve(options.modules, 'package.json'));
const sdk = require('@aws-sdk/client-sfn');

const ROLE = 'arn:aws:iam::123456789012:role/test';
const PREFIX = 'arn:aws:states:us-east-1:123456789012:';
const PASS = JSON.stringify({ StartAt: 'A', States: { A: { Type: 'Pass', End: true } } });
const WAIT = JSON.stringify({
  StartAt: 'A', States: { A: { Type: 'Wait', Seconds: 600, End: true } } });
const FAIL = JSON.stringify({
  StartAt: 'A', States: { A: { Type: 'Fail', Error: 'E', Cause: 'C' } } });
const MAP = JSON.stringify({
  StartAt: 'M',
  States: {
    M: {
      Type: 'Map', End: true, Label: 'items', ToleratedFailurePercentage: 100,
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'A', States: { A: { Type: 'Pass', End: true } },
      },
    },
  },
});

// ------------------------------------------------------------------------------------ the server

async function serve() {
  const child = spawn(options.pawl, ['serve', '--port', '0'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const port = await new Promise((resolve, reject) => {
    let text = '';
    child.stderr.on('data', (data) => {
      text += data;
      const at = /listens on [^ ]*:(\d+)/.exec(text);
      if (at) resolve(Number(at[1]));
    });
    child.on('exit', () => reject(new Error(`the server ended: ${text}`)));
  });
  return { child, port };
}

// ------------------------------------------------------------------------------------- the client

const called = { ok: new Set(), refused: new Set() };
let client;

async function call(operation, input = {}) {
  return client.send(new sdk[`${operation}Command`](input));
}

// The answer of a call that succeeds.
async function ok(operation, input) {
  const answer = await call(operation, input);
  called.ok.add(operation);
  if (!answer.$metadata.requestId) throw new Error(`${operation}: no request id`);
  return answer;
}

// The error of a call that must be refused as `name`, an instance of the SDK's class of it.
async function refused(operation, input, name) {
  let error;
  try {
    await call(operation, input);
  } catch (caught) {
    error = caught;
  }
  if (!error) throw new Error(`${operation} was not refused`);
  if (error.name !== name) throw new Error(`${operation}: ${error.name}, not ${name}: ${error.message}`);
  if (sdk[name] && !(error instanceof sdk[name])) throw new Error(`${name} is not the SDK's`);
  called.refused.add(operation);
  return error;
}

// As JSON, whatever the order of the members.
function text(value) {
  return JSON.stringify(value, (_, part) => (part && typeof part === 'object' && !Array.isArray(part)
    ? Object.fromEntries(Object.entries(part).sort()) : part));
}

function equal(actual, expected, what = 'value') {
  const [a, b] = [text(actual), text(expected)];
  if (a !== b) throw new Error(`${what}: ${a}, not ${b}`);
}

async function eventually(what, probe) {
  for (let i = 0; i < 500; ++i) {
    const value = await probe();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`in vain: ${what}`);
}

const ended = (executionArn) => eventually('the end of an execution', async () => {
  const described = await ok('DescribeExecution', { executionArn });
  return described.status !== 'RUNNING' && described;
});

let serial = 0;
async function machine(definition = PASS, more = {}) {
  const { stateMachineArn } = await ok('CreateStateMachine', {
    name: `m${++serial}`, definition, roleArn: ROLE, ...more });
  return stateMachineArn;
}

async function all(operation, input, list, pages) {
  const items = [];
  let nextToken;
  let count = 0;
  do {
    const page = await ok(operation, { ...input, nextToken });
    items.push(...page[list]);
    ({ nextToken } = page);
    ++count;
  } while (nextToken);
  if (pages) equal(count, pages, `pages of ${operation}`);
  return items;
}

// -------------------------------------------------------------------------------------- the tests

const tests = {
  async 'state machines'() {
    const input = {
      name: 'first', definition: PASS, roleArn: ROLE, tags: [{ key: 'team', value: 'x' }],
      tracingConfiguration: { enabled: true } };
    const made = await ok('CreateStateMachine', input);
    if (!(made.creationDate instanceof Date)) throw new Error('no date');
    equal((await ok('CreateStateMachine', input)).stateMachineArn, made.stateMachineArn);
    await refused('CreateStateMachine', { ...input, definition: WAIT }, 'StateMachineAlreadyExists');
    await refused('CreateStateMachine', { ...input, name: 'a b' }, 'InvalidName');
    await refused('CreateStateMachine', { ...input, definition: '{}' }, 'InvalidDefinition');
    await refused('CreateStateMachine', { ...input, name: 'x', loggingConfiguration: { level: 'ALL' } },
      'InvalidLoggingConfiguration');
    await refused('CreateStateMachine', { ...input, name: 'x', versionDescription: 'v' },
      'ValidationException');
    const { stateMachineArn } = made;
    const described = await ok('DescribeStateMachine', { stateMachineArn });
    equal(described.status, 'ACTIVE');
    equal(described.tracingConfiguration, { enabled: true });
    equal(described.encryptionConfiguration, { type: 'AWS_OWNED_KEY' });
    await refused('DescribeStateMachine', { stateMachineArn: `${stateMachineArn}x` },
      'StateMachineDoesNotExist');
    const updated = await ok('UpdateStateMachine', { stateMachineArn, definition: WAIT });
    if (!updated.revisionId) throw new Error('no revision id');
    const missing = await refused('UpdateStateMachine', { stateMachineArn }, 'MissingRequiredParameter');
    equal(missing.message, 'Either the definition, the role ARN, the LoggingConfiguration, or the '
      + 'TracingConfiguration must be specified');
    await machine();
    await machine();
    const listed = await all('ListStateMachines', { maxResults: 1 }, 'stateMachines');
    if (listed.length < 3) throw new Error('machines are missing');
    await refused('ListStateMachines', { maxResults: 1001 }, 'ValidationException');
    await refused('ListStateMachines', { nextToken: 'x' }, 'InvalidToken');
    equal((await ok('ValidateStateMachineDefinition', { definition: PASS })).result, 'OK');
    equal((await ok('ValidateStateMachineDefinition', { definition: '{}' })).result, 'FAIL');
    await refused('ValidateStateMachineDefinition', { definition: PASS, maxResults: 101 },
      'ValidationException');
    await ok('DeleteStateMachine', { stateMachineArn });
    await ok('DeleteStateMachine', { stateMachineArn });
    await refused('DeleteStateMachine', { stateMachineArn: 'x' }, 'InvalidArn');
  },

  async 'versions and aliases'() {
    const stateMachineArn = await machine();
    const { stateMachineVersionArn: one } = await ok('PublishStateMachineVersion',
      { stateMachineArn, revisionId: 'INITIAL', description: 'first' });
    equal(one, `${stateMachineArn}:1`);
    await refused('PublishStateMachineVersion', { stateMachineArn, revisionId: 'other' },
      'ConflictException');
    const { stateMachineVersionArn: two } = await ok('UpdateStateMachine',
      { stateMachineArn, definition: `${PASS} `, publish: true });
    equal((await all('ListStateMachineVersions', { stateMachineArn, maxResults: 1 },
      'stateMachineVersions', 2)).map((v) => v.stateMachineVersionArn), [two, one]);
    await refused('ListStateMachineVersions', { stateMachineArn, nextToken: 'x' }, 'InvalidToken');

    const routingConfiguration = [{ stateMachineVersionArn: one, weight: 100 }];
    const { stateMachineAliasArn } = await ok('CreateStateMachineAlias',
      { name: 'PROD', description: 'live', routingConfiguration });
    const wrong = await refused('CreateStateMachineAlias', {
      name: 'X', routingConfiguration: [{ stateMachineVersionArn: one, weight: 99 }] },
    'ValidationException');
    equal(wrong.message, 'Sum of routing configuration weights must equal 100. Received: [99]');
    const started = await ok('StartExecution', { stateMachineArn: stateMachineAliasArn });
    const described = await ended(started.executionArn);
    equal(described.stateMachineAliasArn, stateMachineAliasArn);
    equal(described.stateMachineVersionArn, one);
    equal((await ok('ListExecutions', { stateMachineArn: stateMachineAliasArn })).executions.length, 1);
    await refused('DeleteStateMachineVersion', { stateMachineVersionArn: one }, 'ConflictException');
    await ok('UpdateStateMachineAlias', {
      stateMachineAliasArn,
      routingConfiguration: [{ stateMachineVersionArn: one, weight: 10 },
        { stateMachineVersionArn: two, weight: 90 }] });
    await refused('UpdateStateMachineAlias',
      { stateMachineAliasArn: `${stateMachineAliasArn}x`, description: 'd' }, 'ResourceNotFound');
    const alias = await ok('DescribeStateMachineAlias', { stateMachineAliasArn });
    equal(alias.routingConfiguration.map((route) => route.weight), [10, 90]);
    equal((await ok('ListStateMachineAliases', { stateMachineArn })).stateMachineAliases.length, 1);
    await refused('ListStateMachineAliases', { stateMachineArn: `${stateMachineArn}x` },
      'StateMachineDoesNotExist');
    await ok('DeleteStateMachineAlias', { stateMachineAliasArn });
    await refused('DeleteStateMachineAlias', { stateMachineAliasArn }, 'ResourceNotFound');
    await refused('DescribeStateMachineAlias', { stateMachineAliasArn }, 'ResourceNotFound');
    await ok('DeleteStateMachineVersion', { stateMachineVersionArn: one });
  },

  async executions() {
    const stateMachineArn = await machine(WAIT);
    const { executionArn } = await ok('StartExecution',
      { stateMachineArn, name: 'e', input: '{"a":1}' });
    equal((await ok('StartExecution', { stateMachineArn, name: 'e', input: '{"a":1}' })).executionArn,
      executionArn);
    await refused('StartExecution', { stateMachineArn, name: 'e', input: '{}' },
      'ExecutionAlreadyExists');
    await refused('StartExecution', { stateMachineArn, input: 'x' }, 'InvalidExecutionInput');
    equal((await ok('DescribeStateMachineForExecution', { executionArn })).definition, WAIT);
    await refused('DescribeStateMachineForExecution', { executionArn: `${executionArn}x` },
      'ExecutionDoesNotExist');
    await ok('StopExecution', { executionArn, error: 'E', cause: 'C' });
    const stopped = await ended(executionArn);
    equal([stopped.status, stopped.error, stopped.cause], ['ABORTED', 'E', 'C']);
    await refused('StopExecution', { executionArn: `${executionArn}x` }, 'ExecutionDoesNotExist');
    await refused('DescribeExecution', { executionArn: 'x' }, 'InvalidArn');
    const events = await all('GetExecutionHistory', { executionArn, maxResults: 2 }, 'events');
    equal(events.map((event) => event.id), events.map((_, i) => i + 1));
    equal(events.at(-1).executionAbortedEventDetails, { cause: 'C', error: 'E' });
    await refused('GetExecutionHistory', { executionArn, nextToken: 'x' }, 'InvalidToken');
    await ok('StartExecution', { stateMachineArn });
    equal((await ok('ListExecutions', { stateMachineArn, statusFilter: 'RUNNING' })).executions.length, 1);
    equal((await all('ListExecutions', { stateMachineArn, maxResults: 1 }, 'executions')).length, 2);
    await refused('ListExecutions', { stateMachineArn: `${stateMachineArn}x` },
      'StateMachineDoesNotExist');
    await refused('ListExecutions', {}, 'ValidationException');
    // Deleting ends what waits at its next transition.
    await ok('DeleteStateMachine', { stateMachineArn });
    equal((await ok('DescribeStateMachine', { stateMachineArn })).status, 'DELETING');
    await refused('StartExecution', { stateMachineArn }, 'StateMachineDeleting');
  },

  async 'synchronous executions'() {
    const stateMachineArn = await machine(PASS, { type: 'EXPRESS' });
    const answer = await ok('StartSyncExecution', { stateMachineArn, input: '{"a":1}' });
    equal([answer.status, answer.output], ['SUCCEEDED', '{"a":1}']);
    equal(answer.billingDetails, { billedDurationInMilliseconds: 100, billedMemoryUsedInMB: 64 });
    await refused('StartSyncExecution', { stateMachineArn: await machine() },
      'StateMachineTypeNotSupported');
    await refused('ListExecutions', { stateMachineArn }, 'StateMachineTypeNotSupported');
  },

  async redrive() {
    const stateMachineArn = await machine(FAIL);
    const { executionArn } = await ok('StartExecution', { stateMachineArn });
    equal((await ended(executionArn)).status, 'FAILED');
    const { redriveDate } = await ok('RedriveExecution', { executionArn });
    if (!(redriveDate instanceof Date)) throw new Error('no date');
    equal((await ended(executionArn)).redriveCount, 1);
    const good = await ok('StartExecution', { stateMachineArn: await machine() });
    await ended(good.executionArn);
    await refused('RedriveExecution', { executionArn: good.executionArn }, 'ExecutionNotRedrivable');
  },

  async 'map runs'() {
    const stateMachineArn = await machine(MAP);
    const { executionArn } = await ok('StartExecution', { stateMachineArn, input: '[1,2,3]' });
    await ended(executionArn);
    const { mapRuns } = await ok('ListMapRuns', { executionArn });
    equal(mapRuns.length, 1);
    const { mapRunArn } = mapRuns[0];
    const run = await ok('DescribeMapRun', { mapRunArn });
    equal([run.status, run.itemCounts.succeeded, run.itemCounts.total], ['SUCCEEDED', 3, 3]);
    equal((await ok('ListExecutions', { mapRunArn })).executions.length, 3);
    await refused('ListMapRuns', { executionArn: `${executionArn}x` }, 'ExecutionDoesNotExist');
    await refused('DescribeMapRun', { mapRunArn: `${mapRunArn}x` }, 'ResourceNotFound');
    await refused('UpdateMapRun', { mapRunArn: `${mapRunArn}x`, maxConcurrency: 1 }, 'ResourceNotFound');
    // One that runs for long enough to be changed.
    const slow = JSON.parse(MAP);
    slow.States.M.ItemProcessor.States.A = { Type: 'Wait', Seconds: 2, End: true };
    const { executionArn: running } = await ok('StartExecution',
      { stateMachineArn: await machine(JSON.stringify(slow)), input: '[1]' });
    const found = await eventually('a map run', async () => (
      await ok('ListMapRuns', { executionArn: running })).mapRuns[0]);
    await ok('UpdateMapRun', { mapRunArn: found.mapRunArn, maxConcurrency: 7 });
    equal((await ok('DescribeMapRun', { mapRunArn: found.mapRunArn })).maxConcurrency, 7);
  },

  async activities() {
    const { activityArn } = await ok('CreateActivity', { name: 'act' });
    await refused('CreateActivity', { name: 'a/b' }, 'InvalidName');
    equal((await ok('DescribeActivity', { activityArn })).name, 'act');
    equal((await ok('ListActivities', {})).activities.length, 1);
    await refused('ListActivities', { maxResults: 1001 }, 'ValidationException');
    const stateMachineArn = await machine(JSON.stringify({
      StartAt: 'A',
      States: { A: { Type: 'Task', Resource: activityArn, HeartbeatSeconds: 30, End: true } } }));
    const polling = ok('GetActivityTask', { activityArn, workerName: 'w' });
    const { executionArn } = await ok('StartExecution', { stateMachineArn, input: '{"a":1}' });
    const task = await polling;
    equal(task.input, '{"a":1}');
    await ok('SendTaskHeartbeat', { taskToken: task.taskToken });
    await refused('SendTaskSuccess', { taskToken: task.taskToken, output: 'x' }, 'InvalidOutput');
    await ok('SendTaskSuccess', { taskToken: task.taskToken, output: '{"b":2}' });
    equal((await ended(executionArn)).output, '{"b":2}');
    await refused('SendTaskHeartbeat', { taskToken: task.taskToken }, 'TaskTimedOut');
    await refused('SendTaskFailure', { taskToken: 'x' }, 'InvalidToken');
    const second = await ok('StartExecution', { stateMachineArn });
    const { taskToken } = await ok('GetActivityTask', { activityArn });
    await ok('SendTaskFailure', { taskToken, error: 'E', cause: 'C' });
    equal((await ended(second.executionArn)).error, 'E');
    await ok('DeleteActivity', { activityArn });
    await refused('DeleteActivity', { activityArn: 'x' }, 'InvalidArn');
    await refused('DescribeActivity', { activityArn }, 'ActivityDoesNotExist');
    await refused('GetActivityTask', { activityArn }, 'ActivityDoesNotExist');
  },

  async tags() {
    const resourceArn = await machine();
    await ok('TagResource', { resourceArn, tags: [{ key: 'a', value: '1' }, { key: 'b', value: '2' }] });
    await ok('UntagResource', { resourceArn, tagKeys: ['a'] });
    equal((await ok('ListTagsForResource', { resourceArn })).tags, [{ key: 'b', value: '2' }]);
    const many = Array.from({ length: 51 }, (_, i) => ({ key: `k${i}`, value: '' }));
    await refused('TagResource', { resourceArn, tags: many }, 'TooManyTags');
    for (const [operation, more] of [['UntagResource', { tagKeys: ['a'] }], ['ListTagsForResource', {}]]) {
      const error = await refused(operation, { resourceArn: `${resourceArn}x`, ...more },
        'ResourceNotFound');
      equal(error.resourceName, `${resourceArn}x`);
    }
  },

  async 'a state by itself'() {
    const answer = await ok('TestState', {
      definition: JSON.stringify({ Type: 'Pass', Result: { a: 1 }, Next: 'B' }), roleArn: ROLE });
    equal([answer.status, answer.nextState, JSON.parse(answer.output)], ['SUCCEEDED', 'B', { a: 1 }]);
    await refused('TestState', { definition: '{}', roleArn: ROLE }, 'InvalidDefinition');
  },

  // The SDKs put "sync-" before the host of two operations: any host is served.
  async 'the sync- host'() {
    const stateMachineArn = await machine(PASS, { type: 'EXPRESS' });
    const status = await new Promise((resolve, reject) => {
      const request = http.request({
        port: server.port,
        method: 'POST',
        headers: {
          Host: `sync-localhost:${server.port}`,
          'Content-Type': 'application/x-amz-json-1.0',
          'X-Amz-Target': 'AWSStepFunctions.StartSyncExecution',
        },
      }, (response) => { response.resume(); resolve(response.statusCode); });
      request.on('error', reject);
      request.end(JSON.stringify({ stateMachineArn }));
    });
    equal(status, 200);
  },

  // As the Terraform provider creates, reads, changes and deletes aws_sfn_state_machine with
  // publish, and aws_sfn_alias: its documentation and what its resources call.
  async 'the calls of Terraform'() {
    const { stateMachineArn, stateMachineVersionArn } = await ok('CreateStateMachine', {
      name: 'tf', definition: PASS, roleArn: ROLE, type: 'STANDARD', publish: true,
      loggingConfiguration: { level: 'OFF', includeExecutionData: false },
      tracingConfiguration: { enabled: false },
      encryptionConfiguration: { type: 'AWS_OWNED_KEY' },
      tags: [{ key: 'managed', value: 'terraform' }] });
    equal((await ok('DescribeStateMachine', { stateMachineArn })).status, 'ACTIVE');
    equal((await ok('ListTagsForResource', { resourceArn: stateMachineArn })).tags.length, 1);
    equal((await ok('ListStateMachineVersions', { stateMachineArn }))
      .stateMachineVersions[0].stateMachineVersionArn, stateMachineVersionArn);
    const { stateMachineAliasArn } = await ok('CreateStateMachineAlias', {
      name: 'live', routingConfiguration: [{ stateMachineVersionArn, weight: 100 }] });
    await ok('DescribeStateMachineAlias', { stateMachineAliasArn });
    // A change: a new version, tags, and the alias that follows.
    const changed = await ok('UpdateStateMachine', {
      stateMachineArn, definition: WAIT, roleArn: ROLE, publish: true,
      loggingConfiguration: { level: 'OFF', includeExecutionData: false },
      tracingConfiguration: { enabled: false },
      encryptionConfiguration: { type: 'AWS_OWNED_KEY' } });
    equal((await ok('DescribeStateMachine', { stateMachineArn })).definition, WAIT);
    await ok('UntagResource', { resourceArn: stateMachineArn, tagKeys: ['managed'] });
    await ok('TagResource', { resourceArn: stateMachineArn, tags: [{ key: 'by', value: 'tf' }] });
    await ok('UpdateStateMachineAlias', { stateMachineAliasArn,
      routingConfiguration: [{ stateMachineVersionArn: changed.stateMachineVersionArn, weight: 100 }] });
    // Destroyed in the order of the dependencies; a read then has to find nothing.
    await ok('DeleteStateMachineAlias', { stateMachineAliasArn });
    await ok('DeleteStateMachine', { stateMachineArn });
    await eventually('the deletion', async () => {
      try {
        await call('DescribeStateMachine', { stateMachineArn });
        return false;
      } catch (error) {
        return error.name === 'StateMachineDoesNotExist';
      }
    });
  },

  // As CloudFormation handles a stack that CDK made: StateMachine, StateMachineVersion,
  // StateMachineAlias, each read back after its creation.
  async 'the calls of CDK'() {
    const { stateMachineArn } = await ok('CreateStateMachine', {
      name: 'Stack-Machine-1A2B3C', definition: PASS, roleArn: ROLE,
      tags: [{ key: 'aws-cdk:stack', value: 's' }] });
    const { revisionId } = await ok('DescribeStateMachine', { stateMachineArn });
    equal(revisionId, undefined);
    const { stateMachineVersionArn } = await ok('PublishStateMachineVersion',
      { stateMachineArn, revisionId: 'INITIAL', description: 'by cdk' });
    equal((await ok('DescribeStateMachine', { stateMachineArn: stateMachineVersionArn })).description,
      'by cdk');
    const { stateMachineAliasArn } = await ok('CreateStateMachineAlias', {
      name: 'Alias', routingConfiguration: [{ stateMachineVersionArn, weight: 100 }] });
    await ok('DescribeStateMachineAlias', { stateMachineAliasArn });
    await ok('DeleteStateMachineAlias', { stateMachineAliasArn });
    await ok('DeleteStateMachineVersion', { stateMachineVersionArn });
    await ok('DeleteStateMachine', { stateMachineArn });
  },

  async 'all operations were called'() {
    const operations = Object.keys(sdk).filter((name) => name.endsWith('Command') && name !== '$Command')
      .map((name) => name.slice(0, -'Command'.length));
    equal(operations.length, 37, 'operations of the SDK');
    for (const operation of operations) {
      if (!called.ok.has(operation)) throw new Error(`${operation} never succeeded`);
      if (!called.refused.has(operation)) throw new Error(`${operation} was never refused`);
    }
  },
};

// ------------------------------------------------------------------------------------------- main

const server = await serve();
client = new sdk.SFNClient({
  endpoint: `http://127.0.0.1:${server.port}`,
  region: 'us-east-1',
  credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  disableHostPrefix: true,
  maxAttempts: 1,
});
let passed = 0;
let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  if (options.only && !name.includes(options.only)) continue;
  try {
    await test();
    ++passed;
  } catch (error) {
    ++failed;
    console.log(`FAILED ${name}: ${error.stack}`);
  }
}
client.destroy();
server.child.kill('SIGTERM');
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
