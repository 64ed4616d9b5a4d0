// EventBridge with the AWS SDK for JavaScript: buses, rules, patterns, targets and their errors.
import { ACCOUNT, ROLE, api, assert, eventually, pages, python, refused, run, server } from './harness.mjs';

run(() => {
  const events = api('eventbridge');
  const sqs = api('sqs');
  const sns = api('sns');
  const lambda = api('lambda');
  const sfn = api('sfn');
  let serial = 0;
  async function queue(Attributes, suffix = '') {
    const { QueueUrl } = await sqs.CreateQueue({ QueueName: `events-${++serial}${suffix}`, Attributes });
    const { QueueArn } = (await sqs.GetQueueAttributes({ QueueUrl, AttributeNames: ['QueueArn'] })).Attributes;
    return { QueueUrl, QueueArn };
  }
  const receive = async ({ QueueUrl }, WaitTimeSeconds = 0) => ((await sqs.ReceiveMessage({
    QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds, MessageSystemAttributeNames: ['All'] })).Messages ?? []);
  const bodies = async (to) => (await receive(to)).map((message) => JSON.parse(message.Body));
  async function bus() {
    const Name = `bus-${++serial}`;
    await events.CreateEventBus({ Name });
    return Name;
  }
  const put = (EventBusName, Detail, more) => events.PutEvents({ Entries: [{
    EventBusName, Source: 'my.app', DetailType: 'order', Detail: JSON.stringify(Detail), ...more }] });
  async function rule(EventBusName, pattern, ...targets) {
    const Name = `rule-${++serial}`;
    await events.PutRule({ Name, EventBusName, EventPattern: JSON.stringify(pattern) });
    if (targets.length > 0) await events.PutTargets({ Rule: Name, EventBusName, Targets: targets.map((target, i) => ({ Id: `${i}`, ...target })) });
    return Name;
  }

  return {
    async 'buses are made, described, listed and deleted'() {
      const Name = await bus();
      const described = await events.DescribeEventBus({ Name });
      assert.equal(described.Arn, `arn:aws:events:us-east-1:${ACCOUNT}:event-bus/${Name}`);
      await refused(events.CreateEventBus({ Name }), 'ResourceAlreadyExistsException');
      await refused(events.DescribeEventBus({ Name: 'none' }), 'ResourceNotFoundException');
      const names = (await events.ListEventBuses()).EventBuses.map((one) => one.Name);
      assert.ok(names.includes('default') && names.includes(Name));
      await refused(events.DeleteEventBus({ Name: 'default' }), 'ValidationException');
      await events.DeleteEventBus({ Name });
      await events.DeleteEventBus({ Name });
      await refused(events.PutRule({ Name: 'r', EventBusName: Name, EventPattern: '{"source":["x"]}' }), 'ResourceNotFoundException');
    },

    async 'rules are put, described, listed, switched and deleted'() {
      const EventBusName = await bus();
      const Name = await rule(EventBusName, { source: ['my.app'] }, { Arn: (await queue()).QueueArn });
      const described = await events.DescribeRule({ Name, EventBusName });
      assert.deepEqual([described.State, described.EventPattern, described.EventBusName], ['ENABLED', '{"source":["my.app"]}', EventBusName]);
      assert.equal(described.Arn, `arn:aws:events:us-east-1:${ACCOUNT}:rule/${EventBusName}/${Name}`);
      await events.DisableRule({ Name, EventBusName });
      assert.equal((await events.DescribeRule({ Name, EventBusName })).State, 'DISABLED');
      await events.EnableRule({ Name, EventBusName });
      await rule(EventBusName, { source: ['b'] });
      await rule(EventBusName, { source: ['c'] });
      const listed = await pages(events.ListRules, { EventBusName, NamePrefix: 'rule-', Limit: 2 }, 'Rules', 'NextToken');
      assert.deepEqual([listed.items.length, listed.count], [3, 2]);
      await refused(events.DeleteRule({ Name, EventBusName }), 'ValidationException');
      await events.RemoveTargets({ Rule: Name, EventBusName, Ids: ['0'] });
      await events.DeleteRule({ Name, EventBusName });
      await events.DeleteRule({ Name, EventBusName });
      await refused(events.DescribeRule({ Name, EventBusName }), 'ResourceNotFoundException', 400);
      await refused(events.EnableRule({ Name, EventBusName }), 'ResourceNotFoundException');
      await refused(events.PutRule({ Name: 'x', EventBusName }), 'ValidationException');
      await refused(events.PutRule({ Name: 'a b', EventPattern: '{"source":["x"]}' }), 'ValidationException');
      for (const EventPattern of ['{', '[]', '{}', '{"source":"x"}', '{"source":[]}', '{"source":[{"nothing":1}]}', '{"source":[{"numeric":["<"]}]}', '{"source":[{"wildcard":"**"}]}']) {
        await refused(events.PutRule({ Name: 'x', EventPattern }), 'InvalidEventPatternException', 400);
      }
    },

    async 'targets are put, listed and removed'() {
      const EventBusName = await bus();
      const to = await queue();
      const Rule = await rule(EventBusName, { source: ['my.app'] }, { Arn: to.QueueArn }, { Arn: to.QueueArn, Input: '{"a":1}' });
      const listed = await events.ListTargetsByRule({ Rule, EventBusName });
      assert.deepEqual(listed.Targets.map((target) => target.Id), ['0', '1']);
      assert.deepEqual((await events.ListRuleNamesByTarget({ TargetArn: to.QueueArn, EventBusName })).RuleNames, [Rule]);
      const answer = await events.RemoveTargets({ Rule, EventBusName, Ids: ['0', 'none'] });
      assert.equal(answer.FailedEntryCount, 1);
      assert.equal(answer.FailedEntries[0].ErrorCode, 'ResourceNotFoundException');
      await refused(events.PutTargets({ Rule: 'none', EventBusName, Targets: [{ Id: '1', Arn: to.QueueArn }] }), 'ResourceNotFoundException');
      await refused(events.PutTargets({ Rule, EventBusName, Targets: [{ Id: '1', Arn: 'x' }] }), 'ValidationException');
      await refused(events.PutTargets({ Rule, EventBusName, Targets: [{ Id: '1', Arn: to.QueueArn, Input: '{' }] }), 'ValidationException');
      await refused(events.PutTargets({ Rule, EventBusName, Targets: Array.from({ length: 6 }, (_, i) => ({ Id: `n${i}`, Arn: to.QueueArn })) }), 'LimitExceededException');
    },

    async 'an event arrives as the target wants it'() {
      const EventBusName = await bus();
      const [whole, part, fixed, made] = await Promise.all([queue(), queue(), queue(), queue()]);
      await rule(EventBusName, { 'detail-type': ['order'] },
        { Arn: whole.QueueArn }, { Arn: part.QueueArn, InputPath: '$.detail.items' }, { Arn: fixed.QueueArn, Input: '{"fixed":true}' },
        { Arn: made.QueueArn, InputTransformer: { InputPathsMap: { id: '$.detail.id', who: '$.detail.who', at: '$.time' }, InputTemplate: '{"order": <id>, "text": "by <who> at <at>", "rule": <aws.events.rule-name>}' } });
      const answer = await put(EventBusName, { id: 7, who: 'me', items: ['a'] }, { Time: new Date('2026-01-02T03:04:05Z'), Resources: ['r'] });
      assert.deepEqual([answer.FailedEntryCount, answer.Entries.length], [0, 1]);
      const [event] = await bodies(whole);
      assert.deepEqual({ ...event }, {
        version: '0', id: answer.Entries[0].EventId, 'detail-type': 'order', source: 'my.app', account: ACCOUNT, time: '2026-01-02T03:04:05Z', region: 'us-east-1', resources: ['r'], detail: { id: 7, who: 'me', items: ['a'] } });
      assert.deepEqual(await bodies(part), [['a']]);
      assert.deepEqual(await bodies(fixed), [{ fixed: true }]);
      const [text] = await bodies(made);
      assert.deepEqual([text.order, text.text], [7, 'by me at 2026-01-02T03:04:05Z']);
      assert.match(text.rule, /^rule-\d+$/);
    },

    async 'patterns choose'() {
      const detail = { n: 5, text: 'Grüezi', list: ['a', 'b'], deep: { er: { yes: true } }, none: null, empty: '', ip: '10.1.2.3' };
      const event = JSON.stringify({ id: '1', account: ACCOUNT, source: 'my.app', time: '2026-01-01T00:00:00Z', region: 'us-east-1', resources: ['arn:x'], 'detail-type': 'order', detail });
      const matches = async (pattern) => (await events.TestEventPattern({ EventPattern: JSON.stringify(pattern), Event: event })).Result;
      for (const pattern of [
        { source: ['other', 'my.app'] }, { source: [{ prefix: 'my.' }] }, { source: [{ prefix: { 'equals-ignore-case': 'MY' } }] },
        { source: [{ suffix: '.app' }] }, { source: [{ 'equals-ignore-case': 'MY.APP' }] }, { source: [{ wildcard: 'm*.a*p' }] },
        { source: [{ 'anything-but': 'other' }] }, { source: [{ 'anything-but': { prefix: 'x' } }] }, { source: [{ 'anything-but': { wildcard: '*.lib' } }] },
        { detail: { n: [5] } }, { detail: { n: [{ numeric: ['>', 0, '<=', 5] }] } }, { detail: { n: [{ 'anything-but': [4, 6] }] } },
        { detail: { list: ['b'] } }, { detail: { deep: { er: { yes: [true] } } } }, { detail: { none: [null] } }, { detail: { empty: [''] } },
        { detail: { missing: [{ exists: false }], n: [{ exists: true }] } }, { detail: { ip: [{ cidr: '10.1.0.0/16' }] } },
        { detail: { $or: [{ n: [1] }, { text: ['Grüezi'] }] } }, { resources: [{ prefix: 'arn:' }] }]) {
        assert.ok(await matches(pattern), JSON.stringify(pattern));
      }
      for (const pattern of [
        { source: ['MY.APP'] }, { detail: { n: ['5'] } }, { detail: { n: [{ numeric: ['>', 5] }] } }, { detail: { list: ['c'] } },
        { detail: { none: [{ exists: false }] } }, { detail: { ip: [{ cidr: '10.2.0.0/16' }] } }, { detail: { $or: [{ n: [1] }, { n: [2] }] } }, { nothing: ['x'] }, { source: [{ 'anything-but': ['my.app'] }] }]) {
        assert.ok(!await matches(pattern), JSON.stringify(pattern));
      }
      await refused(events.TestEventPattern({ EventPattern: '{', Event: event }), 'InvalidEventPatternException');
    },

    async 'entries fail one by one'() {
      const to = await queue();
      const EventBusName = await bus();
      await rule(EventBusName, { source: ['my.app'] }, { Arn: to.QueueArn });
      const entry = { EventBusName, Source: 'my.app', DetailType: 't', Detail: '{"ok":1}' };
      const answer = await events.PutEvents({ Entries: [entry, { ...entry, Detail: '{' }, { ...entry, Source: '' }, { ...entry, Detail: '[]' }, { ...entry, Source: 'other' }] });
      assert.equal(answer.FailedEntryCount, 3);
      assert.deepEqual(answer.Entries.map((one) => one.ErrorCode), [undefined, 'MalformedDetail', 'InvalidArgument', 'MalformedDetail', undefined]);
      assert.equal((await bodies(to)).length, 1);
      await refused(events.PutEvents({ Entries: [] }), 'ValidationException');
      await refused(events.PutEvents({ Entries: Array(11).fill(entry) }), 'ValidationException');
      await refused(put(EventBusName, { fill: 'x'.repeat(1_100_000) }), 'ValidationException');
    },

    async 'topics, fifo queues, functions and state machines are targets'() {
      const EventBusName = await bus();
      const [heard, fifo, done] = await Promise.all([queue(), queue({ FifoQueue: 'true', ContentBasedDeduplication: 'true' }, '.fifo'), queue()]);
      const { TopicArn } = await sns.CreateTopic({ Name: 'from-events' });
      await sns.Subscribe({ TopicArn, Protocol: 'sqs', Endpoint: heard.QueueArn, Attributes: { RawMessageDelivery: 'true' } });
      const { FunctionArn } = await lambda.CreateFunction({ FunctionName: 'target', Runtime: 'python3.12', Role: ROLE, Handler: 'main.handler', Code: { ZipFile: python(`open(${JSON.stringify(`${server.data}/called`)}, "a").write(json.dumps(event) + "\\n")`) } });
      const { stateMachineArn } = await sfn.CreateStateMachine({ name: 'target', roleArn: ROLE, definition: JSON.stringify({ StartAt: 'S', States: { S: {
        Type: 'Task', Resource: 'arn:aws:states:::sqs:sendMessage', End: true, Parameters: { QueueUrl: done.QueueUrl, 'MessageBody.$': '$.detail' } } } }) });
      await rule(EventBusName, { source: ['my.app'] }, { Arn: TopicArn }, { Arn: fifo.QueueArn, SqsParameters: { MessageGroupId: 'g' } }, { Arn: FunctionArn }, { Arn: stateMachineArn, RoleArn: ROLE });
      await put(EventBusName, { n: 1 });
      assert.equal((await bodies(heard))[0].detail.n, 1);
      const [grouped] = await receive(fifo);
      assert.equal(grouped.Attributes.MessageGroupId, 'g');
      const { readFileSync } = await import('node:fs');
      const called = await eventually('the call', () => { try { return readFileSync(`${server.data}/called`, 'utf8'); } catch { return ''; } });
      assert.equal(JSON.parse(called.trim()).detail.n, 1);
      assert.deepEqual(JSON.parse((await receive(done, 10))[0].Body), { n: 1 });
    },

    async 'a bus can feed another, and what cannot be delivered becomes a dead letter'() {
      const [from, to] = [await bus(), await bus()];
      const [end, dead] = [await queue(), await queue()];
      await rule(from, { source: ['my.app'] }, { Arn: `arn:aws:events:us-east-1:${ACCOUNT}:event-bus/${to}` });
      await rule(to, { source: ['my.app'] }, { Arn: end.QueueArn },
        { Arn: `arn:aws:lambda:us-east-1:${ACCOUNT}:function:nowhere`, DeadLetterConfig: { Arn: dead.QueueArn }, RetryPolicy: { MaximumRetryAttempts: 0 } });
      await put(from, { n: 2 });
      assert.equal((await bodies(end))[0].detail.n, 2);
      const [letter] = await receive(dead, 10);
      assert.equal(JSON.parse(letter.Body).detail.n, 2);
    },

    async 'tags are kept'() {
      const Name = await bus();
      const ResourceARN = (await events.DescribeEventBus({ Name })).Arn;
      await events.TagResource({ ResourceARN, Tags: [{ Key: 'a', Value: '1' }, { Key: 'b', Value: '2' }] });
      await events.UntagResource({ ResourceARN, TagKeys: ['a'] });
      assert.deepEqual((await events.ListTagsForResource({ ResourceARN })).Tags, [{ Key: 'b', Value: '2' }]);
      await refused(events.ListTagsForResource({ ResourceARN: `${ResourceARN}x` }), 'ResourceNotFoundException');
    },

    async 'what is not offered says so'() {
      await refused(events.PutRule({ Name: 'timer', ScheduleExpression: 'rate(1 minute)' }), 'ValidationException');
      await refused(events.ListArchives({}), 'UnknownOperationException');
    },

    async 'everything is there after a crash'() {
      const EventBusName = await bus();
      const to = await queue();
      await rule(EventBusName, { source: ['my.app'] }, { Arn: to.QueueArn });
      await server.restart();
      await put(EventBusName, { n: 3 });
      assert.equal((await bodies(to))[0].detail.n, 3);
    },
  };
});
