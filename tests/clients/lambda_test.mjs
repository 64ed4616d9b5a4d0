// Lambda with the AWS SDK for JavaScript: functions, versions, aliases, invocations and their errors.
import { readFileSync } from 'node:fs';

import { ACCOUNT, ROLE, api, assert, eventually, pages, python, refused, run, server, zip } from './harness.mjs';

run(() => {
  const lambda = api('lambda');
  const sqs = api('sqs');
  let serial = 0;
  async function make(body, more = {}) {
    const FunctionName = `f${++serial}`;
    const made = await lambda.CreateFunction({
      FunctionName, Runtime: 'python3.12', Role: ROLE, Handler: 'main.handler', Code: { ZipFile: python(...[body].flat()) }, ...more });
    return { FunctionName, made };
  }
  async function invoke(FunctionName, event = {}, more = {}) {
    const answer = await lambda.Invoke({ FunctionName, Payload: Buffer.from(JSON.stringify(event)), ...more });
    const text = Buffer.from(answer.Payload ?? []).toString();
    return { ...answer, value: text ? JSON.parse(text) : undefined };
  }
  const file = (name) => `${server.data}/${name}`;
  const lines = (name) => { try { return readFileSync(file(name), 'utf8').trim().split('\n'); } catch { return []; } };

  return {
    async 'functions are made, described, changed, listed and deleted'() {
      const { FunctionName, made } = await make('return [event, os.environ.get("WHO"), context.function_version]', {
        Environment: { Variables: { WHO: 'me' } }, Timeout: 7, MemorySize: 256, Description: 'd', Tags: { a: '1' } });
      assert.equal(made.FunctionArn, `arn:aws:lambda:us-east-1:${ACCOUNT}:function:${FunctionName}`);
      assert.deepEqual([made.State, made.Version, made.Timeout, made.MemorySize, made.Runtime], ['Active', '$LATEST', 7, 256, 'python3.12']);
      assert.match(made.CodeSha256, /^[A-Za-z0-9+/]{43}=$/);
      assert.deepEqual((await invoke(FunctionName, { n: 1 })).value, [{ n: 1 }, 'me', '$LATEST']);
      await refused(lambda.CreateFunction({ FunctionName, Runtime: 'python3.12', Role: ROLE, Handler: 'main.handler', Code: { ZipFile: python('pass') } }), 'ResourceConflictException', 409);
      const code = await lambda.UpdateFunctionCode({ FunctionName, ZipFile: python('return os.environ["WHO"]'), RevisionId: made.RevisionId });
      assert.notEqual(code.CodeSha256, made.CodeSha256);
      await refused(lambda.UpdateFunctionCode({ FunctionName, ZipFile: python('pass'), RevisionId: made.RevisionId }), 'PreconditionFailedException', 412);
      const changed = await lambda.UpdateFunctionConfiguration({ FunctionName, Environment: { Variables: { WHO: 'you' } }, Timeout: 5 });
      assert.deepEqual([changed.Timeout, changed.MemorySize, changed.LastUpdateStatus], [5, 256, 'Successful']);
      assert.equal((await invoke(FunctionName)).value, 'you');
      const got = await lambda.GetFunction({ FunctionName });
      assert.deepEqual([got.Configuration.Environment.Variables.WHO, got.Tags], ['you', { a: '1' }]);
      assert.ok(got.Code.Location);
      assert.equal((await lambda.GetFunctionConfiguration({ FunctionName: made.FunctionArn })).Description, 'd');
      await make('pass');
      await make('pass');
      const listed = await pages(lambda.ListFunctions, { MaxItems: 1 }, 'Functions', 'NextMarker', 'Marker');
      assert.deepEqual([listed.items.length, listed.count], [3, 3]);
      await lambda.DeleteFunction({ FunctionName });
      for (const call of [() => lambda.GetFunction({ FunctionName }), () => invoke(FunctionName), () => lambda.DeleteFunction({ FunctionName }), () => lambda.UpdateFunctionConfiguration({ FunctionName, Timeout: 1 })]) {
        await refused(call(), 'ResourceNotFoundException', 404);
      }
    },

    async 'what cannot be a function is refused'() {
      const base = { FunctionName: 'bad', Runtime: 'python3.12', Role: ROLE, Handler: 'main.handler', Code: { ZipFile: python('pass') } };
      await refused(lambda.CreateFunction({ ...base, Code: { ZipFile: Buffer.from('no zip') } }), 'InvalidParameterValueException', 400);
      await refused(lambda.CreateFunction({ ...base, Code: { ZipFile: zip({ '../escape.py': 'x' }) } }), 'InvalidParameterValueException');
      await refused(lambda.CreateFunction({ ...base, Runtime: 'cobol85' }), 'InvalidParameterValueException');
      await refused(lambda.CreateFunction({ ...base, Timeout: 901 }), 'InvalidParameterValueException');
      await refused(lambda.CreateFunction({ ...base, MemorySize: 64 }), 'InvalidParameterValueException');
      await refused(lambda.CreateFunction({ ...base, FunctionName: 'a b' }), 'InvalidParameterValueException');
      await refused(lambda.CreateFunction({ ...base, Handler: undefined }), 'InvalidParameterValueException');
      await refused(lambda.GetFunction({ FunctionName: 'bad' }), 'ResourceNotFoundException');
      const { FunctionName } = await make('return 1');
      await refused(lambda.UpdateFunctionCode({ FunctionName, ZipFile: Buffer.from('x') }), 'InvalidParameterValueException');
      await refused(lambda.Invoke({ FunctionName, Payload: Buffer.from('{') }), 'InvalidRequestContentException', 400);
      assert.equal((await invoke(FunctionName)).value, 1);
      assert.equal((await lambda.UpdateFunctionCode({ FunctionName, ZipFile: python('return 2'), DryRun: true })).FunctionName, FunctionName);
      assert.equal((await invoke(FunctionName)).value, 1);
    },

    async 'invocations answer, fail, log and time out'() {
      const { FunctionName } = await make(['print("a line")', 'if event == "fail": raise ValueError("no")', 'if event == "sleep": time.sleep(5)', 'return event'], { Timeout: 1 });
      const good = await invoke(FunctionName, 'x', { LogType: 'Tail' });
      assert.deepEqual([good.StatusCode, good.ExecutedVersion, good.FunctionError, good.value], [200, '$LATEST', undefined, 'x']);
      const log = Buffer.from(good.LogResult, 'base64').toString();
      assert.match(log, /START RequestId[^]*a line[^]*END RequestId[^]*REPORT RequestId/);
      const bad = await invoke(FunctionName, 'fail');
      assert.deepEqual([bad.StatusCode, bad.FunctionError, bad.value.errorType, bad.value.errorMessage], [200, 'Unhandled', 'ValueError', 'no']);
      const late = await invoke(FunctionName, 'sleep');
      assert.equal(late.FunctionError, 'Unhandled');
      assert.match(late.value.errorMessage, /Task timed out after 1.00 seconds/);
      assert.equal((await lambda.Invoke({ FunctionName, InvocationType: 'DryRun' })).StatusCode, 204);
      const context = await make('return context.client_context.custom');
      assert.deepEqual((await invoke(context.FunctionName, {}, { ClientContext: Buffer.from('{"custom":{"a":"b"}}').toString('base64') })).value, { a: 'b' });
      const node = await lambda.CreateFunction({ FunctionName: 'node', Runtime: 'nodejs20.x', Role: ROLE, Handler: 'index.handler', Code: { ZipFile: zip({ 'index.mjs': 'export const handler = async (event) => ({ got: event });' }) } });
      assert.deepEqual((await invoke(node.FunctionArn, [1])).value, { got: [1] });
      const broken = await lambda.CreateFunction({ FunctionName: 'broken', Runtime: 'python3.12', Role: ROLE, Handler: 'main.handler', Code: { ZipFile: zip({ 'main.py': 'import nothing_like_it\n' }) } });
      const failed = await invoke(broken.FunctionName);
      assert.deepEqual([failed.FunctionError, failed.value.errorType], ['Unhandled', 'Runtime.ImportModuleError']);
    },

    async 'versions stay as they were published, aliases point to them'() {
      const { FunctionName, made } = await make('return ["one", context.function_version, context.invoked_function_arn]');
      const first = await lambda.PublishVersion({ FunctionName, Description: 'first' });
      assert.deepEqual([first.Version, first.FunctionArn, first.Description], ['1', `${made.FunctionArn}:1`, 'first']);
      assert.equal((await lambda.PublishVersion({ FunctionName })).Version, '1'); // nothing has changed
      const { CodeSha256 } = await lambda.UpdateFunctionCode({ FunctionName, ZipFile: python('return ["two", context.function_version]') });
      await refused(lambda.PublishVersion({ FunctionName, CodeSha256: 'x' }), 'InvalidParameterValueException');
      assert.equal((await lambda.PublishVersion({ FunctionName, CodeSha256 })).Version, '2');
      await lambda.UpdateFunctionCode({ FunctionName, ZipFile: python('return "latest"') });
      const call = async (Qualifier, name = FunctionName) => invoke(name, {}, { Qualifier });
      assert.deepEqual((await call('1')).value, ['one', '1', `${made.FunctionArn}:1`]);
      assert.deepEqual([(await call('2')).value[0], (await call('2')).ExecutedVersion], ['two', '2']);
      assert.deepEqual([(await call('$LATEST')).value, (await call()).value], ['latest', 'latest']);
      await refused(call('3'), 'ResourceNotFoundException', 404);
      const alias = await lambda.CreateAlias({ FunctionName, Name: 'live', FunctionVersion: '1', Description: 'd' });
      assert.deepEqual([alias.AliasArn, alias.FunctionVersion], [`${made.FunctionArn}:live`, '1']);
      const through = await call('live');
      assert.deepEqual([through.value[0], through.value[2], through.ExecutedVersion], ['one', `${made.FunctionArn}:live`, '1']);
      assert.equal((await invoke(alias.AliasArn)).value[0], 'one');
      assert.equal((await invoke(`${FunctionName}:live`)).value[0], 'one');
      await refused(lambda.CreateAlias({ FunctionName, Name: 'live', FunctionVersion: '1' }), 'ResourceConflictException', 409);
      await refused(lambda.CreateAlias({ FunctionName, Name: '12', FunctionVersion: '1' }), 'InvalidParameterValueException');
      await refused(lambda.CreateAlias({ FunctionName, Name: 'x', FunctionVersion: '9' }), 'ResourceNotFoundException');
      await lambda.UpdateAlias({ FunctionName, Name: 'live', FunctionVersion: '2', RoutingConfig: { AdditionalVersionWeights: { 1: 0.5 } } });
      assert.deepEqual((await lambda.GetAlias({ FunctionName, Name: 'live' })).RoutingConfig, { AdditionalVersionWeights: { 1: 0.5 } });
      const seen = new Set();
      for (let i = 0; i < 60 && seen.size < 2; ++i) seen.add((await call('live')).ExecutedVersion);
      assert.deepEqual([...seen].sort(), ['1', '2']);
      await refused(lambda.UpdateAlias({ FunctionName, Name: 'live', RoutingConfig: { AdditionalVersionWeights: { 1: 2 } } }), 'InvalidParameterValueException');
      assert.deepEqual((await lambda.ListVersionsByFunction({ FunctionName })).Versions.map((one) => one.Version), ['$LATEST', '1', '2']);
      assert.deepEqual((await lambda.ListAliases({ FunctionName })).Aliases.map((one) => one.Name), ['live']);
      assert.equal((await lambda.GetFunctionConfiguration({ FunctionName, Qualifier: 'live' })).Version, '2');
      assert.equal((await lambda.GetFunction({ FunctionName, Qualifier: '1' })).Configuration.Description, 'first');
      await refused(lambda.DeleteFunction({ FunctionName, Qualifier: '2' }), 'ResourceConflictException');
      await refused(lambda.DeleteFunction({ FunctionName, Qualifier: '$LATEST' }), 'InvalidParameterValueException');
      await lambda.DeleteAlias({ FunctionName, Name: 'live' });
      await refused(lambda.GetAlias({ FunctionName, Name: 'live' }), 'ResourceNotFoundException');
      await lambda.DeleteFunction({ FunctionName, Qualifier: '2' });
      await refused(call('2'), 'ResourceNotFoundException');
      assert.equal((await lambda.CreateFunction({ FunctionName: 'published', Publish: true, Runtime: 'python3.12', Role: ROLE, Handler: 'main.handler', Code: { ZipFile: python('return 1') } })).Version, '1');
      await lambda.DeleteFunction({ FunctionName });
      await refused(call('1'), 'ResourceNotFoundException');
    },

    async 'concurrency is reserved, and what is above it is throttled'() {
      const { FunctionName } = await make('time.sleep(0.5); return 1');
      assert.equal((await lambda.GetFunctionConcurrency({ FunctionName })).ReservedConcurrentExecutions, undefined);
      assert.equal((await lambda.PutFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions: 2 })).ReservedConcurrentExecutions, 2);
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => invoke(FunctionName).then((answer) => answer.value, (error) => error.name)));
      assert.deepEqual(outcomes.sort(), [1, 1, 'TooManyRequestsException', 'TooManyRequestsException', 'TooManyRequestsException']);
      await lambda.PutFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions: 0 });
      const error = await refused(invoke(FunctionName), 'TooManyRequestsException', 429);
      assert.equal(error.Reason, 'ReservedFunctionConcurrentInvocationLimitExceeded');
      await lambda.DeleteFunctionConcurrency({ FunctionName });
      assert.equal((await invoke(FunctionName)).value, 1);
      await refused(lambda.PutFunctionConcurrency({ FunctionName: 'none', ReservedConcurrentExecutions: 1 }), 'ResourceNotFoundException');
      await refused(lambda.PutFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions: -1 }), 'InvalidParameterValueException');
    },

    async 'events are retried and their end is told'() {
      const urls = [];
      for (const QueueName of ['good', 'bad', 'dead']) urls.push((await sqs.CreateQueue({ QueueName })).QueueUrl);
      const arn = (name) => `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`;
      const { FunctionName, made } = await make([`open(${JSON.stringify(file('attempts'))}, "a").write(context.aws_request_id + "\\n")`, 'if event["fail"]: raise ValueError("no")', 'return "done"'], { DeadLetterConfig: { TargetArn: arn('dead') } });
      await lambda.PutFunctionEventInvokeConfig({ FunctionName, MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60, DestinationConfig: { OnSuccess: { Destination: arn('good') }, OnFailure: { Destination: arn('bad') } } });
      const config = await lambda.GetFunctionEventInvokeConfig({ FunctionName });
      assert.deepEqual([config.MaximumRetryAttempts, config.DestinationConfig.OnFailure.Destination], [0, arn('bad')]);
      assert.equal((await lambda.Invoke({ FunctionName, InvocationType: 'Event', Payload: Buffer.from('{"fail":false}') })).StatusCode, 202);
      const receive = async (QueueUrl) => JSON.parse((await sqs.ReceiveMessage({ QueueUrl, WaitTimeSeconds: 10, MessageAttributeNames: ['All'] })).Messages[0].Body);
      const good = await receive(urls[0]);
      assert.deepEqual([good.requestContext.condition, good.requestPayload, good.responsePayload, good.responseContext.statusCode], ['Success', { fail: false }, 'done', 200]);
      assert.equal(good.requestContext.functionArn, `${made.FunctionArn}:$LATEST`);
      assert.equal(lines('attempts').length, 1);
      await lambda.Invoke({ FunctionName, InvocationType: 'Event', Payload: Buffer.from('{"fail":true}') });
      const bad = await receive(urls[1]);
      assert.deepEqual([bad.requestContext.condition, bad.requestContext.approximateInvokeCount, bad.responsePayload.errorType, bad.responseContext.functionError], ['RetriesExhausted', 1, 'ValueError', 'Unhandled']);
      assert.deepEqual(await receive(urls[2]), { fail: true }); // the dead letter, the event as it was
      assert.equal(lines('attempts').length, 2);
      await refused(lambda.PutFunctionEventInvokeConfig({ FunctionName, MaximumRetryAttempts: 3 }), 'InvalidParameterValueException');
      await lambda.DeleteFunctionEventInvokeConfig({ FunctionName });
      await refused(lambda.GetFunctionEventInvokeConfig({ FunctionName }), 'ResourceNotFoundException');
    },

    async 'an accepted event runs although the process dies'() {
      const { FunctionName } = await make([`open(${JSON.stringify(file('events'))}, "a").write(str(event) + "\\n")`, `time.sleep(0 if os.path.exists(${JSON.stringify(file('go'))}) else 30)`], { Timeout: 60 });
      await lambda.Invoke({ FunctionName, InvocationType: 'Event', Payload: Buffer.from('7') });
      await eventually('the first run', () => lines('events').length === 1);
      const { writeFileSync } = await import('node:fs');
      writeFileSync(file('go'), '');
      await server.restart();
      await eventually('the second run', () => lines('events').length === 2);
      assert.deepEqual(lines('events'), ['7', '7']);
    },

    async 'tags, policies and settings'() {
      const { FunctionName, made } = await make('return 1');
      const Resource = made.FunctionArn;
      await lambda.TagResource({ Resource, Tags: { a: '1', b: '2' } });
      await lambda.UntagResource({ Resource, TagKeys: ['a'] });
      assert.deepEqual((await lambda.ListTags({ Resource })).Tags, { b: '2' });
      const settings = await lambda.GetAccountSettings();
      assert.ok(settings.AccountLimit.ConcurrentExecutions > 0);
      const added = await lambda.AddPermission({ FunctionName, StatementId: 's', Action: 'lambda:InvokeFunction', Principal: 'sns.amazonaws.com' });
      assert.equal(JSON.parse(added.Statement).Sid, 's');
      await refused(lambda.AddPermission({ FunctionName, StatementId: 's', Action: 'lambda:InvokeFunction', Principal: 'sns.amazonaws.com' }), 'ResourceConflictException');
      assert.equal(JSON.parse((await lambda.GetPolicy({ FunctionName })).Policy).Statement.length, 1);
      await lambda.RemovePermission({ FunctionName, StatementId: 's' });
      await refused(lambda.GetPolicy({ FunctionName }), 'ResourceNotFoundException');
    },

    async 'everything is there after a crash'() {
      const { FunctionName } = await make('return "kept"');
      await lambda.PublishVersion({ FunctionName });
      await lambda.CreateAlias({ FunctionName, Name: 'a', FunctionVersion: '1' });
      await lambda.UpdateFunctionCode({ FunctionName, ZipFile: python('return "new"') });
      await lambda.PutFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions: 1 });
      await server.restart();
      assert.deepEqual([(await invoke(FunctionName)).value, (await invoke(FunctionName, {}, { Qualifier: 'a' })).value], ['new', 'kept']);
      assert.equal((await lambda.GetFunctionConcurrency({ FunctionName })).ReservedConcurrentExecutions, 1);
    },
  };
});
