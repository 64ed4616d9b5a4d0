// SNS with the AWS SDK for JavaScript: topics, subscriptions, filters, fifo, and deliveries to
// queues, functions and HTTP.
import { ACCOUNT, ROLE, api, assert, eventually, listener, pages, python, refused, run, server, sleep } from './harness.mjs';

run(() => {
  const sns = api('sns');
  const sqs = api('sqs');
  const lambda = api('lambda');
  let serial = 0;
  const topic = async (Attributes, suffix = '') => (await sns.CreateTopic({ Name: `t${++serial}${suffix}`, Attributes })).TopicArn;
  async function queue(suffix = '', Attributes) {
    const { QueueUrl } = await sqs.CreateQueue({ QueueName: `sns-${++serial}${suffix}`, Attributes });
    const { QueueArn } = (await sqs.GetQueueAttributes({ QueueUrl, AttributeNames: ['QueueArn'] })).Attributes;
    return { QueueUrl, QueueArn };
  }
  const subscribe = async (TopicArn, Endpoint, Attributes, Protocol = 'sqs') => (await sns.Subscribe({
    TopicArn, Protocol, Endpoint, Attributes, ReturnSubscriptionArn: true })).SubscriptionArn;
  const receive = async ({ QueueUrl }, WaitTimeSeconds = 0) => (await sqs.ReceiveMessage({
    QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds, MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'] })).Messages ?? [];
  const publish = (TopicArn, Message, more) => sns.Publish({ TopicArn, Message, ...more });
  const attributes = (values) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Array.isArray(value)
    ? { DataType: 'String.Array', StringValue: JSON.stringify(value) }
    : { DataType: typeof value === 'number' ? 'Number' : 'String', StringValue: String(value) }]));

  return {
    async 'topics are made, described, listed and deleted'() {
      const TopicArn = await topic({ DisplayName: 'd' });
      assert.equal(TopicArn, `arn:aws:sns:us-east-1:${ACCOUNT}:t${serial}`);
      assert.equal((await sns.CreateTopic({ Name: `t${serial}` })).TopicArn, TopicArn);
      await refused(sns.CreateTopic({ Name: `t${serial}`, Attributes: { DisplayName: 'other' } }), 'InvalidParameterException');
      const described = (await sns.GetTopicAttributes({ TopicArn })).Attributes;
      assert.deepEqual([described.DisplayName, described.SubscriptionsConfirmed, described.Owner, described.TopicArn], ['d', '0', ACCOUNT, TopicArn]);
      assert.ok(JSON.parse(described.EffectiveDeliveryPolicy) && JSON.parse(described.Policy));
      await sns.SetTopicAttributes({ TopicArn, AttributeName: 'DisplayName', AttributeValue: 'e' });
      assert.equal((await sns.GetTopicAttributes({ TopicArn })).Attributes.DisplayName, 'e');
      await refused(sns.SetTopicAttributes({ TopicArn, AttributeName: 'Nothing', AttributeValue: 'e' }), 'InvalidParameterException');
      await refused(sns.CreateTopic({ Name: 'a b' }), 'InvalidParameterException', 400);
      await refused(sns.CreateTopic({ Name: 'x.fifo' }), 'InvalidParameterException');
      await sns.TagResource({ ResourceArn: TopicArn, Tags: [{ Key: 'a', Value: '1' }, { Key: 'b', Value: '2' }] });
      await sns.UntagResource({ ResourceArn: TopicArn, TagKeys: ['a'] });
      assert.deepEqual((await sns.ListTagsForResource({ ResourceArn: TopicArn })).Tags, [{ Key: 'b', Value: '2' }]);
      await refused(sns.ListTagsForResource({ ResourceArn: `${TopicArn}x` }), 'ResourceNotFoundException', 404);
      await sns.DeleteTopic({ TopicArn });
      await sns.DeleteTopic({ TopicArn });
      await refused(sns.GetTopicAttributes({ TopicArn }), 'NotFoundException', 404);
      await refused(publish(TopicArn, 'x'), 'NotFoundException');
      for (let i = 0; i < 105; ++i) await topic();
      const listed = await pages(sns.ListTopics, {}, 'Topics', 'NextToken');
      assert.deepEqual([listed.items.length, listed.count], [105, 2]);
    },

    async 'a queue hears what is published'() {
      const [TopicArn, to] = [await topic(), await queue()];
      const SubscriptionArn = await subscribe(TopicArn, to.QueueArn);
      assert.ok(SubscriptionArn.startsWith(`${TopicArn}:`));
      assert.equal(await subscribe(TopicArn, to.QueueArn), SubscriptionArn);
      const sent = await publish(TopicArn, 'Grüezi', { Subject: 's', MessageAttributes: { ...attributes({ kind: 'a', n: 1.5 }), bin: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2]) } } });
      const [message] = await receive(to);
      const note = JSON.parse(message.Body);
      assert.deepEqual([note.Type, note.MessageId, note.TopicArn, note.Subject, note.Message], ['Notification', sent.MessageId, TopicArn, 's', 'Grüezi']);
      assert.deepEqual(note.MessageAttributes, { kind: { Type: 'String', Value: 'a' }, n: { Type: 'Number', Value: '1.5' }, bin: { Type: 'Binary', Value: 'AQI=' } });
      assert.match(note.Timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      assert.ok(note.UnsubscribeURL.includes(SubscriptionArn));
      const described = (await sns.GetSubscriptionAttributes({ SubscriptionArn })).Attributes;
      assert.deepEqual([described.Protocol, described.Endpoint, described.PendingConfirmation, described.RawMessageDelivery], ['sqs', to.QueueArn, 'false', 'false']);
      assert.equal((await sns.GetTopicAttributes({ TopicArn })).Attributes.SubscriptionsConfirmed, '1');
      assert.ok((await pages(sns.ListSubscriptions, {}, 'Subscriptions', 'NextToken')).items.some((one) => one.SubscriptionArn === SubscriptionArn));
      assert.equal((await sns.ListSubscriptionsByTopic({ TopicArn })).Subscriptions[0].Endpoint, to.QueueArn);
      await sns.Unsubscribe({ SubscriptionArn });
      await publish(TopicArn, 'unheard');
      assert.deepEqual(await receive(to), []);
      await refused(sns.GetSubscriptionAttributes({ SubscriptionArn }), 'NotFoundException', 404);
      await refused(sns.Subscribe({ TopicArn, Protocol: 'pigeon', Endpoint: 'x' }), 'InvalidParameterException');
      await refused(sns.Subscribe({ TopicArn, Protocol: 'sqs', Endpoint: 'not-an-arn' }), 'InvalidParameterException');
      await refused(sns.Subscribe({ TopicArn: `${TopicArn}x`, Protocol: 'sqs', Endpoint: to.QueueArn }), 'NotFoundException');
      await refused(sns.Subscribe({ TopicArn, Protocol: 'sqs', Endpoint: to.QueueArn, Attributes: { Nothing: 'x' } }), 'InvalidParameterException');
    },

    async 'raw delivery leaves the message as it is'() {
      const [TopicArn, to] = [await topic(), await queue()];
      const SubscriptionArn = await subscribe(TopicArn, to.QueueArn, { RawMessageDelivery: 'true' });
      await publish(TopicArn, 'raw', { MessageAttributes: attributes({ kind: 'a' }) });
      const [message] = await receive(to);
      assert.deepEqual([message.Body, message.MessageAttributes.kind.StringValue], ['raw', 'a']);
      await sns.SetSubscriptionAttributes({ SubscriptionArn, AttributeName: 'RawMessageDelivery', AttributeValue: 'false' });
      await publish(TopicArn, JSON.stringify({ default: 'd', sqs: 'for queues' }), { MessageStructure: 'json' });
      assert.equal(JSON.parse((await receive(to))[0].Body).Message, 'for queues');
      await refused(sns.SetSubscriptionAttributes({ SubscriptionArn, AttributeName: 'RawMessageDelivery', AttributeValue: 'perhaps' }), 'InvalidParameterException');
    },

    async 'filter policies choose by attributes or by the body'() {
      const TopicArn = await topic();
      async function heard(FilterPolicy, sent, scope) {
        const to = await queue();
        const arn = await subscribe(TopicArn, to.QueueArn, { FilterPolicy: JSON.stringify(FilterPolicy), RawMessageDelivery: 'true', ...(scope && { FilterPolicyScope: scope }) });
        for (const [name, message, values] of sent) await publish(TopicArn, message ?? name, { MessageAttributes: attributes({ ...values, name }) });
        const got = (await receive(to)).map((message) => message.MessageAttributes.name.StringValue);
        await sns.Unsubscribe({ SubscriptionArn: arn });
        return got.join('');
      }
      const kinds = [['1', null, { kind: 'red' }], ['2', null, { kind: 'green', size: 10 }], ['3', null, { size: 5 }], ['4', null, { kind: 'blue', tags: ['x', 'y'] }], ['5', null, {}]];
      assert.equal(await heard({ kind: ['red', 'blue'] }, kinds), '14');
      assert.equal(await heard({ kind: [{ prefix: 'gr' }] }, kinds), '2');
      assert.equal(await heard({ kind: [{ 'anything-but': ['red'] }] }, kinds), '24');
      assert.equal(await heard({ size: [{ numeric: ['>', 4, '<=', 5] }] }, kinds), '3');
      assert.equal(await heard({ kind: [{ exists: false }] }, kinds), '35');
      assert.equal(await heard({ tags: ['y'] }, kinds), '4');
      assert.equal(await heard({ kind: [{ suffix: 'ue' }], tags: ['x'] }, kinds), '4');
      assert.equal(await heard({ kind: [{ 'equals-ignore-case': 'RED' }] }, kinds), '1');
      assert.equal(await heard({ $or: [{ kind: ['red'] }, { size: [10] }] }, kinds), '12');
      const bodies = [['1', '{"order":{"state":"paid","items":[{"sku":"a"}]}}'], ['2', '{"order":{"state":"new"}}'], ['3', 'no json']];
      assert.equal(await heard({ order: { state: ['paid'] } }, bodies, 'MessageBody'), '1');
      assert.equal(await heard({ order: { items: { sku: ['a'] } } }, bodies, 'MessageBody'), '1');
      const { QueueArn } = await queue();
      for (const FilterPolicy of ['{', '[]', '{"a": "b"}', '{"a": []}', '{"a": [{"nothing": 1}]}', '{"a": {"b": ["nested"]}}']) {
        await refused(subscribe(TopicArn, QueueArn, { FilterPolicy }), 'InvalidParameterException', 400);
      }
      await refused(subscribe(TopicArn, QueueArn, { FilterPolicyScope: 'Everything' }), 'InvalidParameterException');
    },

    async 'what cannot be published is refused'() {
      const TopicArn = await topic();
      await refused(publish(TopicArn, ''), 'InvalidParameterException', 400);
      await refused(publish(TopicArn, 'x'.repeat(262_145)), 'InvalidParameterException');
      await refused(publish(TopicArn, 'x', { Subject: 's'.repeat(101) }), 'InvalidParameterException');
      await refused(publish(TopicArn, 'x', { MessageStructure: 'json' }), 'InvalidParameterException');
      await refused(publish(TopicArn, '{"sqs":"x"}', { MessageStructure: 'json' }), 'InvalidParameterException');
      await refused(publish(TopicArn, 'x', { MessageDeduplicationId: 'x' }), 'InvalidParameterException');
      await refused(publish(TopicArn, 'x', { MessageAttributes: { a: { DataType: 'Text', StringValue: 'x' } } }), 'InvalidParameterValueException');
      await refused(publish(TopicArn, 'x', { MessageAttributes: { a: { DataType: 'String', StringValue: '' } } }), 'InvalidParameterValueException');
      await refused(sns.Publish({ Message: 'x' }), 'InvalidParameterException');
    },

    async 'batches say what failed'() {
      const [TopicArn, to] = [await topic(), await queue()];
      await subscribe(TopicArn, to.QueueArn, { RawMessageDelivery: 'true' });
      const answer = await sns.PublishBatch({ TopicArn, PublishBatchRequestEntries: [
        { Id: 'a', Message: 'one', MessageAttributes: attributes({ k: 'v' }) }, { Id: 'b', Message: '' }, { Id: 'c', Message: 'two' }] });
      assert.deepEqual(answer.Successful.map((entry) => entry.Id), ['a', 'c']);
      assert.deepEqual(answer.Failed.map((entry) => [entry.Id, entry.Code, entry.SenderFault]), [['b', 'InvalidParameter', true]]);
      assert.deepEqual((await receive(to)).map((message) => message.Body).sort(), ['one', 'two']);
      await refused(sns.PublishBatch({ TopicArn, PublishBatchRequestEntries: [] }), 'EmptyBatchRequestException');
      await refused(sns.PublishBatch({ TopicArn, PublishBatchRequestEntries: [{ Id: 'a', Message: 'x' }, { Id: 'a', Message: 'y' }] }), 'BatchEntryIdsNotDistinctException');
      await refused(sns.PublishBatch({ TopicArn, PublishBatchRequestEntries: Array.from({ length: 11 }, (_, i) => ({ Id: `${i}`, Message: 'x' })) }), 'TooManyEntriesInBatchRequestException');
    },

    async 'fifo topics keep order and drop what came already'() {
      const TopicArn = await topic({ FifoTopic: 'true', ContentBasedDeduplication: 'true' }, '.fifo');
      const to = await queue('.fifo', { FifoQueue: 'true' });
      await subscribe(TopicArn, to.QueueArn, { RawMessageDelivery: 'true' });
      for (const body of ['1', '2', '2', '3']) {
        const sent = await publish(TopicArn, body, { MessageGroupId: 'g' });
        assert.match(sent.SequenceNumber, /^\d{20}$/);
      }
      const got = await receive(to);
      assert.deepEqual(got.map((message) => message.Body), ['1', '2', '3']);
      assert.equal(got[0].Attributes.MessageGroupId, 'g');
      await refused(publish(TopicArn, 'x'), 'InvalidParameterException');
      const explicit = await topic({ FifoTopic: 'true' }, '.fifo');
      await refused(publish(explicit, 'x', { MessageGroupId: 'g' }), 'InvalidParameterException');
      await publish(explicit, 'x', { MessageGroupId: 'g', MessageDeduplicationId: 'd' });
      await refused(subscribe(TopicArn, 'http://127.0.0.1:1/', {}, 'http'), 'InvalidParameterException');
    },

    async 'functions are called'() {
      const TopicArn = await topic();
      const to = await queue();
      const { FunctionArn } = await lambda.CreateFunction({ FunctionName: 'heard', Runtime: 'python3.12', Role: ROLE, Handler: 'main.handler',
        Code: { ZipFile: python(`open(${JSON.stringify(`${server.data}/heard`)}, "a").write(json.dumps(event["Records"][0]) + "\\n")`) } });
      await subscribe(TopicArn, FunctionArn, {}, 'lambda');
      await subscribe(TopicArn, to.QueueArn);
      await publish(TopicArn, 'ring', { Subject: 's' });
      const fs = await import('node:fs');
      const record = JSON.parse((await eventually('the call', () => { try { return fs.readFileSync(`${server.data}/heard`, 'utf8'); } catch { return ''; } })).trim());
      assert.deepEqual([record.EventSource, record.Sns.Message, record.Sns.Subject], ['aws:sns', 'ring', 's']);
    },

    async 'HTTP endpoints confirm, hear, and are tried again'() {
      let failures = 2;
      const heard = await listener((request) => (request.headers['x-amz-sns-message-type'] === 'Notification' && failures-- > 0 ? 503 : 200));
      try {
        const TopicArn = await topic();
        const pending = await sns.Subscribe({ TopicArn, Protocol: 'http', Endpoint: heard.url });
        assert.equal(pending.SubscriptionArn, 'pending confirmation');
        assert.equal((await sns.GetTopicAttributes({ TopicArn })).Attributes.SubscriptionsPending, '1');
        const request = await eventually('the confirmation', () => heard.requests[0]);
        assert.equal(request.headers['x-amz-sns-message-type'], 'SubscriptionConfirmation');
        assert.match(request.headers['content-type'], /^text\/plain/);
        const confirmation = JSON.parse(request.body);
        assert.equal(confirmation.Type, 'SubscriptionConfirmation');
        assert.ok(confirmation.SubscribeURL.includes('ConfirmSubscription'));
        await publish(TopicArn, 'too early');
        await refused(sns.ConfirmSubscription({ TopicArn, Token: 'x' }), 'InvalidParameterException');
        // By the link, as receivers do; it works without credentials.
        const confirmed = await (await fetch(confirmation.SubscribeURL)).text();
        const SubscriptionArn = /<SubscriptionArn>(.*)<\/SubscriptionArn>/.exec(confirmed)[1];
        assert.equal((await sns.ConfirmSubscription({ TopicArn, Token: confirmation.Token })).SubscriptionArn, SubscriptionArn);
        await sns.SetSubscriptionAttributes({ SubscriptionArn, AttributeName: 'DeliveryPolicy', AttributeValue: JSON.stringify({ healthyRetryPolicy: { minDelayTarget: 1, maxDelayTarget: 1, numRetries: 3, numMaxDelayRetries: 0, numNoDelayRetries: 2, numMinDelayRetries: 0, backoffFunction: 'linear' } }) });
        const sent = await publish(TopicArn, 'ring', { MessageAttributes: attributes({ k: 'v' }) });
        await eventually('the third attempt', () => heard.requests.length === 4);
        const note = heard.requests.at(-1);
        assert.deepEqual([note.headers['x-amz-sns-message-type'], note.headers['x-amz-sns-message-id'], note.headers['x-amz-sns-topic-arn'], note.headers['x-amz-sns-subscription-arn']],
          ['Notification', sent.MessageId, TopicArn, SubscriptionArn]);
        assert.deepEqual([JSON.parse(note.body).Message, JSON.parse(note.body).MessageAttributes.k.Value], ['ring', 'v']);
        await sns.SetSubscriptionAttributes({ SubscriptionArn, AttributeName: 'RawMessageDelivery', AttributeValue: 'true' });
        await publish(TopicArn, 'raw body');
        await eventually('the raw one', () => heard.requests.length === 5);
        assert.equal(heard.requests[4].body, 'raw body');
        assert.equal(heard.requests[4].headers['x-amz-sns-rawdelivery'], 'true');
      } finally {
        heard.close();
      }
    },

    async 'what cannot be delivered becomes a dead letter'() {
      const TopicArn = await topic();
      const dead = await queue();
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead.QueueArn });
      await subscribe(TopicArn, `arn:aws:sqs:us-east-1:${ACCOUNT}:nowhere`, { RedrivePolicy });
      await subscribe(TopicArn, `arn:aws:lambda:us-east-1:${ACCOUNT}:function:nowhere`, { RedrivePolicy }, 'lambda');
      const sent = await publish(TopicArn, 'lost');
      const letters = [];
      await eventually('both letters', async () => { letters.push(...await receive(dead, 1)); return letters.length === 2; });
      for (const letter of letters) assert.equal(JSON.parse(letter.Body).MessageId ?? JSON.parse(letter.Body).Records[0].Sns.MessageId, sent.MessageId);
      await refused(subscribe(TopicArn, dead.QueueArn, { RedrivePolicy: '{"deadLetterTargetArn":"x"}' }), 'InvalidParameterException');
    },

    async 'a delivery that was not made before a crash is made after it'() {
      let up = false;
      const heard = await listener((request) => (up || request.headers['x-amz-sns-message-type'] !== 'Notification' ? 200 : 500));
      try {
        const TopicArn = await topic();
        const SubscriptionArn = (await sns.Subscribe({ TopicArn, Protocol: 'http', Endpoint: heard.url, ReturnSubscriptionArn: true,
          Attributes: { DeliveryPolicy: JSON.stringify({ healthyRetryPolicy: { minDelayTarget: 1, maxDelayTarget: 1, numRetries: 20 } }) } })).SubscriptionArn;
        const { Token } = JSON.parse((await eventually('the confirmation', () => heard.requests[0])).body);
        await sns.ConfirmSubscription({ TopicArn, Token });
        const sent = await publish(TopicArn, 'durable');
        await eventually('an attempt', () => heard.requests.length >= 2);
        await server.restart();
        up = true;
        const before = heard.requests.length;
        await eventually('the delivery', () => heard.requests.slice(before).some((request) => request.headers['x-amz-sns-message-id'] === sent.MessageId));
        assert.ok((await sns.GetSubscriptionAttributes({ SubscriptionArn })).Attributes.DeliveryPolicy);
        await sleep(1500);
        assert.equal(heard.requests.slice(before).length, 1);
      } finally {
        heard.close();
      }
    },
  };
});
