// Tasks that call services elsewhere: a second `pawl serve` that verifies signatures, and servers
// that others wrote: dynalite (DynamoDB, JSON 1.0), kinesalite (Kinesis, JSON 1.1), s3rver (S3, REST and
// XML), sqslite (SQS, query protocol), aws-ses-v2-local (SES, REST and JSON).
//
//   node remote_test.mjs --pawl build/dev/bin/pawl --modules build/clients
//
// The last line is "N passed, N failed".
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: { pawl: { type: 'string' }, modules: { type: 'string' }, only: { type: 'string' } },
});
const MODULES = path.resolve(options.modules, 'node_modules');
// Debian's python3-botocore: its model of SQS is still that of the query protocol.
const BOTOCORE = '/usr/lib/python3/dist-packages/botocore/data';
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'pawl-remote-'));
const children = [];

const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'AKIDREMOTE', AWS_SECRET_ACCESS_KEY: 'remote/secret' };
const CLEAN = Object.fromEntries(Object.entries(process.env)
  .filter(([name]) => !name.startsWith('AWS_') && !name.startsWith('PAWL_')));
const ENVIRONMENT = {
  ...CLEAN, ...CREDENTIALS, AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nonexistent', AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
};

// --- servers ---

function start(command, args, ready, env = ENVIRONMENT) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  return new Promise((resolve, reject) => {
    let text = '';
    const seen = (data) => {
      text += data;
      const found = ready.exec(text);
      if (found) resolve(found);
    };
    child.stdout.on('data', seen);
    child.stderr.on('data', seen);
    child.on('exit', () => reject(new Error(`${command} ended: ${text}`)));
  });
}

async function freePort() {
  const server = http.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// --- workflows ---

let files = 0;
// Runs a machine of Tasks, one after the other; each is [Resource, Parameters] and its result is
// kept as $.r0, $.r1 ... Answers what `pawl run --json` says.
function workflow(tasks, args, env = ENVIRONMENT, extra = {}) {
  const states = {};
  tasks.forEach(([resource, parameters], index) => {
    states[`T${index}`] = {
      Type: 'Task', Resource: `arn:aws:states:::${resource}`, Parameters: parameters,
      ResultPath: `$.r${index}`, ...extra,
      ...(index + 1 < tasks.length ? { Next: `T${index + 1}` } : { End: true }),
    };
  });
  const file = path.join(directory, `m${++files}.asl.json`);
  fs.writeFileSync(file, JSON.stringify({ StartAt: 'T0', States: states }));
  const child = spawn(options.pawl, ['run', file, '--input', '{}', '--json', ...args],
    { env, stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve) => {
    let out = '';
    let err = '';
    child.stdout.on('data', (data) => { out += data; });
    child.stderr.on('data', (data) => { err += data; });
    child.on('exit', (code) => {
      let answer = {};
      try { answer = JSON.parse(out); } catch { /* told by err */ }
      resolve({ code, err, ...answer });
    });
  });
}

async function succeed(tasks, args, env, extra) {
  const done = await workflow(tasks, args, env, extra);
  assert.equal(done.code, 0, JSON.stringify(done));
  return done.output;
}

async function fail(tasks, args, env) {
  const done = await workflow(tasks, args, env);
  assert.equal(done.code, 1, JSON.stringify(done));
  return done;
}

// --- the tests ---

const tests = [];
const test = (name, body) => tests.push([name, body]);
let pawl = '';
let pawlPort = 0;
const all = () => ['--endpoint', `*=${pawl}`];

test('SQS of another pawl, signed: optimized and aws-sdk', async () => {
  const url = `${pawl}/123456789012/q`;
  const out = await succeed([
    ['aws-sdk:sqs:createQueue', { QueueName: 'q' }],
    ['sqs:sendMessage', { QueueUrl: url, MessageBody: { a: 1 } }],
    ['aws-sdk:sqs:receiveMessage', { QueueUrl: url, WaitTimeSeconds: 1 }],
  ], all());
  assert.equal(out.r0.QueueUrl, url);
  assert.equal(out.r1.SdkHttpMetadata.HttpStatusCode, 200);
  assert.equal(out.r1.SdkHttpMetadata.HttpHeaders['Content-Type'], 'application/x-amz-json-1.0');
  assert.equal(out.r1.SdkResponseMetadata.RequestId,
    out.r1.SdkHttpMetadata.AllHttpHeaders['x-amzn-RequestId'][0]);
  assert.equal(out.r2.Messages[0].Body, '{"a":1}');
  assert.equal(out.r2.Messages[0].MessageId, out.r1.MessageId);
});

test('errors of a remote SQS have the names of the embedded one', async () => {
  const missing = `${pawl}/123456789012/none`;
  const optimized = await fail([['sqs:sendMessage', { QueueUrl: missing, MessageBody: 'x' }]], all());
  assert.equal(optimized.error, 'SQS.QueueDoesNotExistException');
  assert.match(optimized.cause, /\(Service: AmazonSQS; Status Code: 400; Error Code: /);
  const sdk = await fail([['aws-sdk:sqs:sendMessage', { QueueUrl: missing, MessageBody: 'x' }]], all());
  assert.equal(sdk.error, 'Sqs.QueueDoesNotExistException');
  assert.match(sdk.cause, /\(Service: Sqs, Status Code: 400, Request ID: [0-9a-f-]{36}\)$/);
});

test('a secret that is wrong is refused by the other side', async () => {
  const refused = await fail([['aws-sdk:sqs:listQueues', {}]], all(),
    { ...ENVIRONMENT, AWS_SECRET_ACCESS_KEY: 'wrong' });
  assert.equal(refused.error, 'Sqs.SqsException');
  assert.match(refused.cause, /signature/);
});

test('a session token is sent and signed', async () => {
  const out = await succeed([['aws-sdk:sqs:listQueues', {}]], all(), {
    ...ENVIRONMENT, AWS_ACCESS_KEY_ID: 'AKIDSESSION', AWS_SECRET_ACCESS_KEY: 's2',
    AWS_SESSION_TOKEN: 'the/token',
  });
  assert.ok(Array.isArray(out.r0.QueueUrls));
});

test('credentials of a profile, of a container, of a machine', async () => {
  const file = path.join(directory, 'client-credentials');
  fs.writeFileSync(file, `[default]\naws_access_key_id = no\naws_secret_access_key = no\n[mine]\n`
    + `aws_access_key_id = ${CREDENTIALS.AWS_ACCESS_KEY_ID}\n`
    + `aws_secret_access_key=${CREDENTIALS.AWS_SECRET_ACCESS_KEY}\n`);
  const bare = { ...ENVIRONMENT };
  delete bare.AWS_ACCESS_KEY_ID;
  delete bare.AWS_SECRET_ACCESS_KEY;
  const list = [['aws-sdk:sqs:listQueues', {}]];
  await succeed(list, all(), { ...bare, AWS_SHARED_CREDENTIALS_FILE: file, AWS_PROFILE: 'mine' });

  const document = JSON.stringify({
    AccessKeyId: CREDENTIALS.AWS_ACCESS_KEY_ID, SecretAccessKey: CREDENTIALS.AWS_SECRET_ACCESS_KEY,
    Expiration: new Date(Date.now() + 3600e3).toISOString().replace(/\.\d+/, ''),
  });
  const asked = [];
  const endpoint = http.createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`
      + `${request.headers['x-aws-ec2-metadata-token'] ?? ''}`);
    if (request.url === '/latest/api/token') return response.end('TOKEN');
    if (request.url.endsWith('/security-credentials/')) return response.end('role\n');
    return response.end(document);
  });
  await new Promise((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
  const at = `http://127.0.0.1:${endpoint.address().port}`;
  try {
    await succeed(list, all(), { ...bare, AWS_CONTAINER_CREDENTIALS_FULL_URI: `${at}/creds`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'auth' });
    assert.deepEqual(asked.splice(0), ['GET /creds auth']);
    await succeed([list[0], list[0]], all(), { ...bare, AWS_EC2_METADATA_DISABLED: 'false',
      AWS_EC2_METADATA_SERVICE_ENDPOINT: at });
    const roles = '/latest/meta-data/iam/security-credentials/';
    assert.deepEqual(asked.splice(0), ['PUT /latest/api/token ', `GET ${roles} TOKEN`,
      `GET ${roles}role TOKEN`]);
    const none = await fail(list, all(), bare);
    assert.equal(none.error, 'Sqs.SdkClientException');
    assert.match(none.cause, /Unable to load credentials/);
  } finally {
    endpoint.close();
  }
});

test('DynamoDB, S3, SNS, EventBridge, Secrets Manager and Lambda of another pawl', async () => {
  const out = await succeed([
    ['aws-sdk:dynamodb:createTable', { TableName: 'tab', BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'k', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'k', KeyType: 'HASH' }] }],
    ['dynamodb:putItem', { TableName: 'tab', Item: { k: { S: 'a' }, data: { B: 'aGk=' }, n: { N: '1' } } }],
    ['dynamodb:getItem', { TableName: 'tab', Key: { k: { S: 'a' } } }],
    ['aws-sdk:s3:createBucket', { Bucket: 'bucket' }],
    ['aws-sdk:s3:putObject', { Bucket: 'bucket', Key: 'dir/a b+ü.json', Body: { x: [1] },
      ContentType: 'application/json', Metadata: { m: '1' } }],
    ['aws-sdk:s3:getObject', { Bucket: 'bucket', Key: 'dir/a b+ü.json' }],
    ['aws-sdk:s3:listObjectsV2', { Bucket: 'bucket', Prefix: 'dir/' }],
    ['aws-sdk:sns:createTopic', { Name: 'topic' }],
    ['sns:publish', { TopicArn: 'arn:aws:sns:us-east-1:123456789012:topic', Message: { a: 1 } }],
    ['aws-sdk:sqs:createQueue', { QueueName: 'events' }],
    ['aws-sdk:eventbridge:putRule', { Name: 'r', EventPattern: { source: ['s'] } }],
    ['aws-sdk:eventbridge:putTargets', { Rule: 'r', Targets: [{ Id: '1',
      Arn: 'arn:aws:sqs:us-east-1:123456789012:events' }] }],
    ['events:putEvents', { Entries: [{ Source: 's', DetailType: 't', Detail: { d: 1 } }] }],
    ['aws-sdk:sqs:receiveMessage', { QueueUrl: `${pawl}/123456789012/events`, WaitTimeSeconds: 1 }],
    ['aws-sdk:secretsmanager:createSecret', { Name: 'sec', SecretString: { u: 1 } }],
    ['aws-sdk:secretsmanager:getSecretValue', { SecretId: 'sec' }],
    ['aws-sdk:lambda:listFunctions', {}],
  ], all());
  assert.match(out.r0.TableDescription.CreationDateTime, /^\d{4}-\d\d-\d\dT.*Z$/);
  assert.equal(out.r2.Item.n.N, '1');
  assert.equal(out.r2.SdkHttpMetadata.HttpStatusCode, 200);
  assert.equal(out.r5.Body, '{"x":[1]}');
  assert.equal(out.r5.Metadata.m, '1');
  assert.equal(out.r6.Contents[0].Key, 'dir/a b+ü.json');
  assert.equal(out.r6.KeyCount, 1);
  assert.equal(out.r7.TopicArn, 'arn:aws:sns:us-east-1:123456789012:topic');
  assert.match(out.r8.MessageId, /^[0-9a-f-]{36}$/);
  assert.deepEqual(Object.keys(out.r12), ['Entries', 'FailedEntryCount']);
  const event = JSON.parse(out.r13.Messages[0].Body);
  assert.deepEqual(event.detail, { d: 1 });
  assert.match(event.resources[1], /:execution:/);
  assert.equal(out.r15.SecretString, '{"u":1}');
  assert.deepEqual(out.r16.Functions, []);
});

test('error names of several services', async () => {
  const names = [];
  for (const [resource, parameters] of [
    ['aws-sdk:s3:getObject', { Bucket: 'nowhere', Key: 'k' }],
    ['aws-sdk:s3:headObject', { Bucket: 'bucket', Key: 'nothing' }],
    ['dynamodb:getItem', { TableName: 'nowhere', Key: { k: { S: 'a' } } }],
    ['aws-sdk:dynamodb:getItem', { TableName: 'nowhere', Key: { k: { S: 'a' } } }],
    ['sns:publish', { TopicArn: 'arn:aws:sns:us-east-1:123456789012:none', Message: 'x' }],
    ['aws-sdk:secretsmanager:getSecretValue', { SecretId: 'none' }],
    ['lambda:invoke', { FunctionName: 'none' }],
    ['states:startExecution', { StateMachineArn: 'arn:aws:states:us-east-1:123456789012:stateMachine:none' }],
    ['aws-sdk:sfn:describeExecution', { ExecutionArn: 'arn:aws:states:us-east-1:123456789012:execution:m:none' }],
    ['events:putEvents', { Entries: [{ Source: 's', DetailType: 't', Detail: 'x' }] }],
    ['aws-sdk:sqs:sendMessage', { QueueUrl: 'x' }],
    ['aws-sdk:glue:getJobs', {}],
  ]) names.push((await fail([[resource, parameters]], all())).error);
  assert.deepEqual(names, ['S3.NoSuchBucketException', 'S3.NoSuchKeyException',
    'DynamoDB.ResourceNotFoundException', 'DynamoDb.ResourceNotFoundException',
    'SNS.NotFoundException', 'SecretsManager.ResourceNotFoundException',
    'Lambda.ResourceNotFoundException', 'StepFunctions.StateMachineDoesNotExistException',
    'Sfn.ExecutionDoesNotExistException', 'EventBridge.FailedEntry', 'States.Runtime',
    'States.Runtime']);
});

test('nested workflows run on the other side, and .sync waits for them', async () => {
  const pass = JSON.stringify({ StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 1, Next: 'P' },
    P: { Type: 'Pass', Result: { from: 'there' }, End: true } } });
  const machine = 'arn:aws:states:us-east-1:123456789012:stateMachine:child';
  const out = await succeed([
    ['aws-sdk:sfn:createStateMachine', { Name: 'child', Definition: pass,
      RoleArn: 'arn:aws:iam::123456789012:role/r' }],
    ['states:startExecution.sync:2', { StateMachineArn: machine, Input: { a: 1 } }],
    ['aws-sdk:sfn:describeStateMachine', { StateMachineArn: machine }],
  ], all());
  assert.equal(out.r0.StateMachineArn, machine);
  assert.equal(out.r1.Status, 'SUCCEEDED');
  assert.deepEqual(out.r1.Output, { from: 'there' });
  assert.deepEqual(out.r1.Input, { a: 1 });
  assert.equal(out.r2.Name, 'child');
});

test('the link of a confirmation needs no signature, and nothing else does', async () => {
  const heard = [];
  const hook = http.createServer((request, response) => {
    let text = '';
    request.on('data', (data) => { text += data; });
    request.on('end', () => { heard.push(JSON.parse(text)); response.end(); });
  });
  await new Promise((resolve) => hook.listen(0, '127.0.0.1', resolve));
  try {
    const TopicArn = 'arn:aws:sns:us-east-1:123456789012:linked';
    await succeed([
      ['aws-sdk:sns:createTopic', { Name: 'linked' }],
      ['aws-sdk:sns:subscribe', { TopicArn, Protocol: 'http', Endpoint: `http://127.0.0.1:${hook.address().port}/` }],
    ], all());
    while (heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const link = heard[0].SubscribeURL;
    for (const [url, method] of [
      [link.replace('ConfirmSubscription', 'DeleteTopic'), 'GET'],
      [`${link}&Action=DeleteTopic`, 'GET'],
      [`${link}&AuthenticateOnUnsubscribe=true`, 'GET'],
      [link, 'POST'],
    ]) assert.equal((await fetch(url, { method })).status, 403, `${method} ${url}`);
    assert.equal((await fetch(link.replace(/Token=.*/, 'Token=x'))).status, 400);
    const confirmed = await fetch(link);
    assert.equal(confirmed.status, 200);
    assert.match(await confirmed.text(), /<SubscriptionArn>arn:aws:sns:us-east-1:123456789012:linked:/);
  } finally {
    hook.close();
  }
});

// A small STS: gives the session's keys to who may assume a role, by the query protocol.
async function withSts(body) {
  const asked = [];
  const sts = http.createServer((request, response) => {
    let text = '';
    request.on('data', (data) => { text += data; });
    request.on('end', () => {
      const form = new URLSearchParams(text);
      asked.push({ ...Object.fromEntries(form), by: /Credential=(\w+)/.exec(request.headers.authorization ?? '')?.[1] });
      if (form.get('RoleArn').endsWith('/forbidden')) {
        response.statusCode = 403;
        return response.end('<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>'
          + '<Message>not you</Message></Error></ErrorResponse>');
      }
      const action = form.get('Action');
      return response.end(`<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result>`
        + '<Credentials><AccessKeyId>AKIDSESSION</AccessKeyId><SecretAccessKey>s2</SecretAccessKey>'
        + `<SessionToken>the/token</SessionToken><Expiration>${new Date(Date.now() + 3600e3).toISOString()}</Expiration>`
        + `</Credentials></${action}Result></${action}Response>`);
    });
  });
  await new Promise((resolve) => sts.listen(0, '127.0.0.1', resolve));
  try {
    await body(asked, [...all(), '--endpoint', `sts=http://127.0.0.1:${sts.address().port}`]);
  } finally {
    sts.close();
  }
}

test('Credentials of a state: its role is assumed, in both query languages', async () => {
  await withSts(async (asked, args) => {
    const role = 'arn:aws:iam::222222222222:role/other';
    const list = ['aws-sdk:sqs:listQueues', {}];
    // Keys that the other side does not know: only the role's are good there.
    const env = { ...ENVIRONMENT, AWS_ACCESS_KEY_ID: 'AKIDBASE', AWS_SECRET_ACCESS_KEY: 'base' };
    await succeed([list, list], args, env, { Credentials: { 'RoleArn.$': `States.Format('${role}{}', '')` } });
    assert.equal(asked.length, 1);
    assert.deepEqual([asked[0].Action, asked[0].RoleArn, asked[0].by], ['AssumeRole', role, 'AKIDBASE']);
    assert.match(asked[0].ExternalId, /^arn:aws:states:.*:stateMachine:/);
    const file = path.join(directory, 'role.asl.json');
    fs.writeFileSync(file, JSON.stringify({ QueryLanguage: 'JSONata', StartAt: 'T', States: { T: { Type: 'Task',
      Resource: 'arn:aws:states:::aws-sdk:sqs:listQueues', Arguments: {}, End: true,
      Credentials: { RoleArn: "{% $states.input.role %}" } } } }));
    for (const [name, code] of [['other', 0], ['forbidden', 1]]) {
      const child = spawn(options.pawl, ['run', file, '--input', JSON.stringify({ role: `arn:aws:iam::222222222222:role/${name}` }),
        '--json', ...args], { env, stdio: ['ignore', 'pipe', 'ignore'] });
      let text = '';
      child.stdout.on('data', (data) => { text += data; });
      assert.equal(await new Promise((resolve) => { child.on('exit', resolve); }), code, text);
      if (code !== 0) {
        assert.equal(JSON.parse(text).error, 'States.Permissions');
        assert.match(JSON.parse(text).cause, /cannot be assumed: not you/);
      }
    }
    const embedded = await succeed([['aws-sdk:sqs:listQueues', {}]], [], env, { Credentials: { RoleArn: role } });
    assert.deepEqual(embedded, { r0: {} });
  });
});

test('roles of profiles and web identities', async () => {
  await withSts(async (asked, args) => {
    const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, ...bare } = ENVIRONMENT;
    const file = path.join(directory, 'roles');
    fs.writeFileSync(file, `[base]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`
      + '[profile chained]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = base\n');
    const list = [['aws-sdk:sqs:listQueues', {}]];
    await succeed(list, args, { ...bare, AWS_CONFIG_FILE: file, AWS_PROFILE: 'chained' });
    assert.deepEqual([asked[0].RoleArn, asked[0].by], ['arn:aws:iam::1:role/r', id]);
    fs.writeFileSync(path.join(directory, 'jwt'), 'a.b.c\n');
    await succeed(list, args, { ...bare, AWS_WEB_IDENTITY_TOKEN_FILE: path.join(directory, 'jwt'),
      AWS_ROLE_ARN: 'arn:aws:iam::1:role/w', AWS_ROLE_SESSION_NAME: 'me' });
    assert.deepEqual(asked[1], { Version: '2011-06-15', Action: 'AssumeRoleWithWebIdentity', RoleArn: 'arn:aws:iam::1:role/w',
      RoleSessionName: 'me', WebIdentityToken: 'a.b.c', by: undefined });
  });
});

test('functions of another pawl, by integration and by ARN', async () => {
  const arn = 'arn:aws:lambda:us-east-1:123456789012:function:hello';
  const out = await succeed([
    ['lambda:invoke', { FunctionName: 'hello', Payload: { a: 1 }, LogType: 'Tail' }],
    ['aws-sdk:lambda:invoke', { FunctionName: arn, Payload: { a: 2 } }],
    ['lambda:invoke', { FunctionName: 'hello', InvocationType: 'DryRun' }],
  ], all());
  assert.deepEqual(out.r0.Payload, { got: { a: 1 } });
  assert.equal(out.r0.StatusCode, 200);
  assert.match(out.r0.LogResult, /^[A-Za-z0-9+/=]+$/);
  assert.equal(out.r1.Payload, '{"got": {"a": 2}}');
  assert.equal(out.r2.StatusCode, 204);
  const raised = await fail([['lambda:invoke', { FunctionName: 'hello', Payload: { fail: true } }]], all());
  assert.equal(raised.error, 'ValueError');
  assert.equal(JSON.parse(raised.cause).errorMessage, 'as asked');
  const file = path.join(directory, 'direct.asl.json');
  fs.writeFileSync(file, JSON.stringify({ StartAt: 'T', States: { T: { Type: 'Task', Resource: arn, End: true } } }));
  const child = spawn(options.pawl, ['run', file, '--input', '{"a":3}', ...all()],
    { env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (data) => { text += data; });
  await new Promise((resolve) => child.on('exit', resolve));
  assert.deepEqual(JSON.parse(text), { got: { a: 3 } });
});

test('what has no endpoint stays embedded', async () => {
  const out = await succeed([
    ['aws-sdk:sqs:createQueue', { QueueName: 'here' }],
    ['aws-sdk:dynamodb:listTables', {}],
  ], ['--endpoint', `dynamodb=${pawl}`]);
  assert.match(out.r0.QueueUrl, /here$/);
  assert.deepEqual(out.r1.TableNames, ['tab']);
});

test('an unreachable endpoint is the SDK client\'s error', async () => {
  const lost = await fail([['sqs:sendMessage', { QueueUrl: 'q', MessageBody: 'x' }]],
    ['--endpoint', `sqs=http://127.0.0.1:${await freePort()}`]);
  assert.equal(lost.error, 'SQS.SdkClientException');
  assert.match(lost.cause, /^Unable to execute HTTP request: /);
});

test('dynalite: DynamoDB by an independent server', async () => {
  const port = await freePort();
  await start(process.execPath, [path.join(MODULES, 'dynalite', 'cli.js'), '--port', String(port),
    '--createTableMs', '0'], /[Ll]isten/);
  const args = ['--endpoint', `dynamodb=http://127.0.0.1:${port}`];
  const key = { k: { S: 'a' } };
  const out = await succeed([
    ['aws-sdk:dynamodb:createTable', { TableName: 'tab', BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'k', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'k', KeyType: 'HASH' }] }],
    ['dynamodb:putItem', { TableName: 'tab', Item: { ...key, n: { N: '1' }, l: { L: [{ BOOL: true }] } } }],
    ['dynamodb:updateItem', { TableName: 'tab', Key: key, UpdateExpression: 'SET n = n + :one',
      ExpressionAttributeValues: { ':one': { N: '1' } }, ReturnValues: 'ALL_NEW' }],
    ['dynamodb:getItem', { TableName: 'tab', Key: key }],
    ['aws-sdk:dynamodb:query', { TableName: 'tab', KeyConditionExpression: 'k = :k',
      ExpressionAttributeValues: { ':k': { S: 'a' } } }],
    ['dynamodb:deleteItem', { TableName: 'tab', Key: key }],
    ['aws-sdk:dynamodb:scan', { TableName: 'tab' }],
  ], args);
  assert.equal(out.r2.Attributes.n.N, '2');
  assert.deepEqual(out.r3.Item.l.L, [{ BOOL: true }]);
  assert.ok(out.r3.SdkHttpMetadata.HttpHeaders['x-amz-crc32']);
  assert.equal(out.r4.Count, 1);
  assert.equal(out.r6.Count, 0);
  const conflict = await fail([['dynamodb:putItem', { TableName: 'tab', Item: key,
    ConditionExpression: 'attribute_exists(k)' }]], args);
  assert.equal(conflict.error, 'DynamoDB.ConditionalCheckFailedException');
  const missing = await fail([['aws-sdk:dynamodb:getItem', { TableName: 'none', Key: key }]], args);
  assert.equal(missing.error, 'DynamoDb.ResourceNotFoundException');
  const invalid = await fail([['dynamodb:getItem', { TableName: 'tab', Key: {} }]], args);
  assert.equal(invalid.error, 'DynamoDB.AmazonDynamoDBException');
});

test('kinesalite: JSON 1.1 by an independent server, with Debian\'s models', async () => {
  assert.ok(fs.existsSync(BOTOCORE), 'install python3-botocore');
  const port = await freePort();
  await start(process.execPath, [path.join(MODULES, 'kinesalite', 'cli.js'), '--port', String(port),
    '--createStreamMs', '0'], /listening/i);
  const args = ['--endpoint', `kinesis=http://127.0.0.1:${port}`, '--models', BOTOCORE];
  await succeed([['aws-sdk:kinesis:createStream', { StreamName: 's', ShardCount: 1 }]], args);
  let status = '';
  while (status !== 'ACTIVE') {
    const described = await succeed([['aws-sdk:kinesis:describeStream', { StreamName: 's' }]], args);
    status = described.r0.StreamDescription.StreamStatus;
  }
  const out = await succeed([
    ['aws-sdk:kinesis:putRecord', { StreamName: 's', PartitionKey: 'k', Data: { a: 'ü' } }],
    ['aws-sdk:kinesis:putRecords', { StreamName: 's', Records: [{ PartitionKey: 'k', Data: 'text' }] }],
    ['aws-sdk:kinesis:listStreams', {}],
    ['aws-sdk:kinesis:getShardIterator', { StreamName: 's', ShardId: 'shardId-000000000000',
      ShardIteratorType: 'TRIM_HORIZON' }],
  ], args);
  assert.equal(out.r0.ShardId, 'shardId-000000000000');
  assert.equal(out.r1.FailedRecordCount, 0);
  assert.deepEqual(out.r2.StreamNames, ['s']);
  const read = await succeed([['aws-sdk:kinesis:getRecords', { ShardIterator: out.r3.ShardIterator }]], args);
  assert.deepEqual(read.r0.Records.map((record) => record.Data), ['{"a":"ü"}', 'text']);
  assert.match(read.r0.Records[0].ApproximateArrivalTimestamp, /^\d{4}-\d\d-\d\dT.*Z$/);
  const missing = await fail([['aws-sdk:kinesis:describeStream', { StreamName: 'none' }]], args);
  assert.equal(missing.error, 'Kinesis.ResourceNotFoundException');
});

test('s3rver: S3 by an independent server', async () => {
  const port = await freePort();
  const store = path.join(directory, 's3');
  fs.mkdirSync(store);
  await start(process.execPath, [path.join(MODULES, 's3rver', 'bin', 's3rver.js'), '--directory', store,
    '--address', '127.0.0.1', '--port', String(port)], /now listening|listening on/i);
  const args = ['--endpoint', `s3=http://127.0.0.1:${port}`];
  // The keys that s3rver knows.
  const env = { ...ENVIRONMENT, AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' };
  const out = await succeed([
    ['aws-sdk:s3:createBucket', { Bucket: 'bucket' }],
    ['aws-sdk:s3:putObject', { Bucket: 'bucket', Key: 'a/b c.txt', Body: 'hello', Metadata: { m: '1' } }],
    ['aws-sdk:s3:putObject', { Bucket: 'bucket', Key: 'a/d.json', Body: { x: 1 } }],
    ['aws-sdk:s3:getObject', { Bucket: 'bucket', Key: 'a/b c.txt' }],
    ['aws-sdk:s3:headObject', { Bucket: 'bucket', Key: 'a/d.json' }],
    ['aws-sdk:s3:copyObject', { Bucket: 'bucket', Key: 'copy', CopySource: 'bucket/a/d.json' }],
    ['aws-sdk:s3:listObjectsV2', { Bucket: 'bucket', Delimiter: '/' }],
    ['aws-sdk:s3:deleteObjects', { Bucket: 'bucket', Delete: { Objects: [{ Key: 'copy' }] } }],
    ['aws-sdk:s3:listBuckets', {}],
  ], args, env);
  assert.equal(out.r3.Body, 'hello');
  assert.equal(out.r3.Metadata.m, '1');
  assert.equal(out.r3.ContentLength, 5);
  assert.equal(out.r4.ContentLength, 7);
  assert.match(out.r5.CopyObjectResult.ETag, /^"[0-9a-f]{32}"$/);
  assert.deepEqual(out.r6.CommonPrefixes, [{ Prefix: 'a/' }]);
  assert.equal(out.r7.Deleted[0].Key, 'copy');
  assert.equal(out.r8.Buckets[0].Name, 'bucket');
  const missing = await fail([['aws-sdk:s3:getObject', { Bucket: 'bucket', Key: 'none' }]], args, env);
  assert.equal(missing.error, 'S3.NoSuchKeyException');
  const head = await fail([['aws-sdk:s3:headObject', { Bucket: 'bucket', Key: 'none' }]], args, env);
  assert.equal(head.error, 'S3.NoSuchKeyException');
  const wrong = await fail([['aws-sdk:s3:listBuckets', {}]], args);
  assert.equal(wrong.error, 'S3.S3Exception');
});

test('sqslite: the query protocol by an independent server, with Debian\'s models', async () => {
  assert.ok(fs.existsSync(BOTOCORE), 'install python3-botocore');
  // It knows its own queues by a URL with "localhost" alone.
  const port = await freePort();
  await start(process.execPath, [path.join(MODULES, 'sqslite', 'bin', 'cli.js'), '--host', 'localhost', '--port',
    String(port)], /listening/i);
  const args = ['--endpoint', `sqs=http://localhost:${port}`, '--models', BOTOCORE];
  const created = await succeed([['aws-sdk:sqs:createQueue', { QueueName: 'q',
    Attributes: { DelaySeconds: '0' } }]], args);
  const url = created.r0.QueueUrl;
  const out = await succeed([
    ['sqs:sendMessage', { QueueUrl: url, MessageBody: { a: '<&>' },
      MessageAttributes: { k: { DataType: 'String', StringValue: 'v' } } }],
    ['aws-sdk:sqs:receiveMessage', { QueueUrl: url, MaxNumberOfMessages: 1,
      MessageAttributeNames: ['All'] }],
    ['aws-sdk:sqs:getQueueAttributes', { QueueUrl: url, AttributeNames: ['All'] }],
    ['aws-sdk:sqs:listQueues', {}],
  ], args);
  assert.match(out.r0.MessageId, /^[0-9a-f-]{36}$/);
  assert.equal(out.r0.SdkHttpMetadata.HttpStatusCode, 200);
  assert.equal(out.r1.Messages[0].Body, '{"a":"<&>"}');
  assert.equal(out.r2.Attributes.DelaySeconds, '0');
  assert.equal(out.r3.QueueUrls.length, 1);
});

test('aws-ses-v2-local: REST and JSON by an independent server, with Debian\'s models', async () => {
  assert.ok(fs.existsSync(BOTOCORE), 'install python3-botocore');
  const port = await freePort();
  await start(process.execPath, [path.join(MODULES, 'aws-ses-v2-local', 'dist', 'cli.js'), '--host', '127.0.0.1',
    '--port', String(port)], /server running/);
  const url = `http://127.0.0.1:${port}`;
  const args = ['--endpoint', `sesv2=${url}`, '--endpoint', `ses=${url}`, '--models', BOTOCORE];
  const content = { Subject: 'Hello ü', Text: 'Dear {{name}}' };
  const text = (Data) => ({ Data });
  const out = await succeed([
    ['aws-sdk:sesv2:createEmailTemplate', { TemplateName: 'a', TemplateContent: content }],
    ['aws-sdk:sesv2:createEmailTemplate', { TemplateName: 'b c', TemplateContent: content }],
    ['aws-sdk:sesv2:getEmailTemplate', { TemplateName: 'b c' }],
    ['aws-sdk:sesv2:deleteEmailTemplate', { TemplateName: 'a' }],
    ['aws-sdk:sesv2:listEmailTemplates', { PageSize: 5 }],
    ['aws-sdk:sesv2:sendEmail', { FromEmailAddress: 'from@example.com',
      Destination: { ToAddresses: ['to@example.com'] },
      Content: { Simple: { Subject: text('by REST'), Body: { Text: text('<&>"') } } } }],
    // The same server by its older API, in the query protocol.
    ['aws-sdk:ses:sendEmail', { Source: 'from@example.com', Destination: { ToAddresses: ['to@example.com'] },
      Message: { Subject: text('by query'), Body: { Text: text('<&>"') } } }],
  ], args);
  assert.equal(out.r2.TemplateContent.Subject, 'Hello ü');
  assert.deepEqual(out.r4.TemplatesMetadata.map((each) => each.TemplateName), ['b c']);
  assert.match(out.r4.TemplatesMetadata[0].CreatedTimestamp, /^\d{4}-\d\d-\d\dT.*Z$/);
  const { emails } = await (await fetch(`${url}/store`)).json();
  assert.deepEqual(emails.map((each) => [each.messageId, each.subject, each.body.text, each.destination.to]), [
    [out.r5.MessageId, 'by REST', '<&>"', ['to@example.com']],
    [out.r6.MessageId, 'by query', '<&>"', ['to@example.com']],
  ]);
  const missing = await fail([['aws-sdk:sesv2:deleteEmailTemplate', { TemplateName: 'none' }]], args);
  assert.equal(missing.error, 'SesV2.NotFoundException');
  assert.match(missing.cause, /doesn't exist.*Status Code: 404/);
});

test('SQS and SNS of another pawl in the query protocol, with Debian\'s models', async () => {
  assert.ok(fs.existsSync(BOTOCORE), 'install python3-botocore');
  const args = [...all(), '--models', BOTOCORE];
  const url = `${pawl}/123456789012/older`;
  const out = await succeed([
    ['aws-sdk:sqs:createQueue', { QueueName: 'older', Attributes: { VisibilityTimeout: '7' }, Tags: { t: '1' } }],
    ['sqs:sendMessage', { QueueUrl: url, MessageBody: 'x' }],
    ['aws-sdk:sqs:sendMessageBatch', { QueueUrl: url, Entries: [{ Id: '1', MessageBody: 'y' }, { Id: '2', MessageBody: 'z' }] }],
    ['aws-sdk:sqs:getQueueAttributes', { QueueUrl: url, AttributeNames: ['VisibilityTimeout', 'ApproximateNumberOfMessages'] }],
    ['aws-sdk:sns:listTopics', {}],
  ], args);
  assert.equal(out.r2.Successful.length, 2);
  assert.deepEqual(out.r3.Attributes, { VisibilityTimeout: '7', ApproximateNumberOfMessages: '3' });
  assert.ok(out.r4.Topics.length > 0);
  const missing = await fail([['sqs:sendMessage', { QueueUrl: `${pawl}/1/none`, MessageBody: 'x' }]], args);
  assert.equal(missing.error, 'SQS.QueueDoesNotExistException');
});

test('apigateway:invoke, plain and signed, at an endpoint', async () => {
  const requests = [];
  const api = http.createServer((request, response) => {
    let body = '';
    request.on('data', (data) => { body += data; });
    request.on('end', () => {
      requests.push({ url: request.url, method: request.method, headers: request.headers, body });
      response.statusCode = request.url.startsWith('/prod/missing') ? 404 : 200;
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ ok: response.statusCode === 200 }));
    });
  });
  await new Promise((resolve) => api.listen(0, '127.0.0.1', resolve));
  const args = ['--endpoint', `execute-api=http://127.0.0.1:${api.address().port}`, '--region', 'eu-west-1'];
  const host = 'abc.execute-api.eu-west-1.amazonaws.com';
  try {
    const out = await succeed([
      ['apigateway:invoke', { ApiEndpoint: host, Method: 'POST', Stage: 'prod', Path: '/pets/a b',
        Headers: { 'X-One': ['1', '2'] }, QueryParameters: { q: ['x y', 'z'] },
        RequestBody: { name: 'n', none: null } }],
      ['apigateway:invoke', { ApiEndpoint: host, Method: 'GET', AuthType: 'IAM_ROLE', Path: 'x' }],
    ], args);
    assert.deepEqual(out.r0.ResponseBody, { ok: true });
    assert.equal(out.r0.StatusCode, 200);
    assert.deepEqual(out.r0.Headers['Content-Type'], ['application/json']);
    assert.equal(requests[0].url, '/prod/pets/a%20b?q=x%20y&q=z');
    assert.equal(requests[0].headers.host, host);
    assert.equal(requests[0].headers['x-one'], '1, 2');
    assert.equal(requests[0].body, '{"name":"n"}');
    assert.equal(requests[0].headers.authorization, undefined);
    assert.match(requests[1].headers.authorization,
      /Credential=AKIDREMOTE\/\d{8}\/eu-west-1\/execute-api\/aws4_request/);
    const missing = await fail([['apigateway:invoke', { ApiEndpoint: host, Method: 'GET', Stage: 'prod',
      Path: 'missing' }]], args);
    assert.equal(missing.error, 'ApiGateway.404');
    assert.equal(missing.cause, '{"ok":false}');
    const inside = await fail([['apigateway:invoke', { ApiEndpoint: '127.0.0.1:1', Method: 'GET' }]], []);
    assert.equal(inside.error, 'ApiGateway.SdkClientException');
    assert.match(inside.cause, /--allow-private-endpoints/);
  } finally {
    api.close();
  }
});

test('an HTTP Task with a connection that a Task made, and what TRACE shows of it', async () => {
  const requests = [];
  const api = http.createServer((request, response) => {
    requests.push(request);
    response.setHeader('Content-Type', 'application/json');
    response.end('{"hello":"there"}');
  });
  await new Promise((resolve) => api.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${api.address().port}/p`;
  const data = path.join(directory, 'http-data');
  try {
    const out = await succeed([
      ['aws-sdk:eventbridge:createConnection', { Name: 'c', AuthorizationType: 'API_KEY',
        AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'X-Key', ApiKeyValue: 'hidden' },
          InvocationHttpParameters: { QueryStringParameters: [{ Key: 'k', Value: 'v' }] } } }],
      ['http:invoke', { ApiEndpoint: endpoint, Method: 'GET', InvocationConfig: { 'ConnectionArn.$': '$.r0.ConnectionArn' } }],
    ], ['--data', data, '--allow-private-endpoints']);
    assert.deepEqual(out.r1.ResponseBody, { hello: 'there' });
    assert.equal(requests[0].headers['x-key'], 'hidden');
    assert.equal(requests[0].url, '/p?k=v');
    const state = { Type: 'Task', Resource: 'arn:aws:states:::http:invoke', End: true,
      Parameters: { ApiEndpoint: endpoint, Method: 'GET', InvocationConfig: { ConnectionArn: out.r0.ConnectionArn } } };
    const trace = { Definition: state, RoleArn: 'arn:aws:iam::123456789012:role/r', Input: '{}', InspectionLevel: 'TRACE' };
    const [, at] = await start(options.pawl, ['serve', '--port', '0', '--data', data,
      '--allow-private-endpoints'], /listens on [^ ]*:(\d+)/);
    const traced = await succeed([
      ['aws-sdk:sfn:testState', trace],
      ['aws-sdk:sfn:testState', { ...trace, RevealSecrets: true }],
      ['aws-sdk:sfn:testState', { ...trace, InspectionLevel: 'DEBUG' }],
    ], ['--endpoint', `states=http://127.0.0.1:${at}`]);
    const plain = traced.r0.InspectionData;
    assert.equal(plain.Request.Url, endpoint);
    assert.equal(plain.Request.Method, 'GET');
    assert.equal(plain.Request.Protocol, 'http');
    assert.doesNotMatch(JSON.stringify(plain), /hidden/);
    assert.equal(plain.Response.StatusCode, '200');
    assert.equal(plain.Response.StatusMessage, 'OK');
    assert.equal(plain.Response.Body, '{"hello":"there"}');
    const revealed = traced.r1.InspectionData;
    assert.equal(revealed.Request.Url, `${endpoint}?k=v`);
    assert.match(revealed.Request.Headers, /^\[X-Key: hidden, User-Agent: /);
    assert.equal(traced.r2.InspectionData.Request, undefined);
    const refused = await fail([['http:invoke', { ApiEndpoint: endpoint, Method: 'GET',
      InvocationConfig: { ConnectionArn: out.r0.ConnectionArn } }]], []);
    assert.equal(refused.error, 'States.Runtime');
  } finally {
    api.close();
  }
});

// --- all of them ---

const CREDENTIALS_FILE = path.join(directory, 'server-credentials');
fs.writeFileSync(CREDENTIALS_FILE, `[remote]\naws_access_key_id = ${CREDENTIALS.AWS_ACCESS_KEY_ID}\n`
  + `aws_secret_access_key = ${CREDENTIALS.AWS_SECRET_ACCESS_KEY}\n`
  + '[session]\naws_access_key_id = AKIDSESSION\naws_secret_access_key = s2\n'
  + 'aws_session_token = the/token\n');
const FUNCTIONS = path.join(directory, 'functions');
fs.mkdirSync(path.join(FUNCTIONS, 'hello'), { recursive: true });
fs.writeFileSync(path.join(FUNCTIONS, 'hello', 'lambda_function.py'),
  'def lambda_handler(event, context):\n    if event.get("fail"):\n        raise ValueError("as asked")\n'
  + '    return {"got": event}\n');
const [, port] = await start(options.pawl, ['serve', '--port', '0', '--credentials', CREDENTIALS_FILE,
  '--functions', FUNCTIONS],
  /listens on [^ ]*:(\d+)/);
pawlPort = Number(port);
pawl = `http://127.0.0.1:${pawlPort}`;
let passed = 0;
let failed = 0;
for (const [name, body] of tests) {
  if (options.only && !name.includes(options.only)) continue;
  try {
    await body();
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}\n${error.stack}`);
  }
}
for (const child of children) {
  child.removeAllListeners('exit');
  child.kill();
}
fs.rmSync(directory, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
