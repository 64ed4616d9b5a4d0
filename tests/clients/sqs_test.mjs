// SQS with the AWS SDK for JavaScript: every operation of the embedded service, and its errors.
import crypto from 'node:crypto';

import {
  ACCOUNT, api, assert, eventually, pages, refused, run, server, sleep,
} from './harness.mjs';

const md5 = (text) => crypto.createHash('md5').update(text).digest('hex');

run(() => {
  const sqs = api('sqs');
  let serial = 0;
  async function queue(Attributes, suffix = '') {
    const { QueueUrl } = await sqs.CreateQueue({ QueueName: `q${++serial}${suffix}`, Attributes });
    return QueueUrl;
  }
  const fifo = (more) => queue({ FifoQueue: 'true', ...more }, '.fifo');
  const send = (QueueUrl, MessageBody, more) => sqs.SendMessage({ QueueUrl, MessageBody, ...more });
  const receive = async (QueueUrl, more) => (await sqs.ReceiveMessage({
    QueueUrl, MaxNumberOfMessages: 10, ...more })).Messages ?? [];
  const bodies = async (url, more) => (await receive(url, more)).map((message) => message.Body);
  const attributes = async (QueueUrl, names = ['All']) => (await sqs.GetQueueAttributes({
    QueueUrl, AttributeNames: names })).Attributes;

  return {
    async 'queues are made, found, listed, changed and deleted'() {
      const url = await queue({ DelaySeconds: '0', VisibilityTimeout: '40' });
      assert.equal(new URL(url).pathname, `/${ACCOUNT}/q${serial}`);
      // The same again is the same queue; with another value it is refused.
      const name = `q${serial}`;
      assert.equal((await sqs.CreateQueue({ QueueName: name, Attributes: { VisibilityTimeout: '40' } })).QueueUrl, url);
      await refused(sqs.CreateQueue({ QueueName: name, Attributes: { VisibilityTimeout: '41' } }), 'QueueNameExists', 400);
      assert.equal((await sqs.GetQueueUrl({ QueueName: name })).QueueUrl, url);
      const all = await attributes(url);
      assert.equal(all.VisibilityTimeout, '40');
      assert.equal(all.MessageRetentionPeriod, '345600');
      assert.equal(all.QueueArn, `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`);
      assert.equal(all.ApproximateNumberOfMessages, '0');
      assert.equal(all.FifoQueue, undefined);
      assert.deepEqual(Object.keys(await attributes(url, ['DelaySeconds', 'QueueArn'])).sort(), ['DelaySeconds', 'QueueArn']);
      await sqs.SetQueueAttributes({ QueueUrl: url, Attributes: { ReceiveMessageWaitTimeSeconds: '1', DelaySeconds: '2' } });
      assert.equal((await attributes(url)).DelaySeconds, '2');
      await refused(sqs.SetQueueAttributes({ QueueUrl: url, Attributes: { DelaySeconds: '901' } }), 'InvalidAttributeValue');
      await refused(sqs.SetQueueAttributes({ QueueUrl: url, Attributes: { Delay: '1' } }), 'InvalidAttributeName');
      await refused(sqs.GetQueueAttributes({ QueueUrl: url, AttributeNames: ['None'] }), 'InvalidAttributeName');
      await refused(sqs.CreateQueue({ QueueName: 'a b' }), 'InvalidParameterValue');
      await refused(sqs.CreateQueue({ QueueName: 'x.fifo' }), 'InvalidParameterValue');
      await sqs.DeleteQueue({ QueueUrl: url });
      await refused(sqs.GetQueueUrl({ QueueName: name }), 'QueueDoesNotExist', 400);
      await refused(sqs.DeleteQueue({ QueueUrl: url }), 'QueueDoesNotExist');
      await refused(send(url, 'x'), 'QueueDoesNotExist');
      await refused(receive(url), 'QueueDoesNotExist');
      await refused(sqs.PurgeQueue({ QueueUrl: url }), 'QueueDoesNotExist');
    },

    async 'lists come in pages, by prefix'() {
      for (let i = 0; i < 5; ++i) await sqs.CreateQueue({ QueueName: `page-${i}` });
      const listed = await pages(sqs.ListQueues, { QueueNamePrefix: 'page-', MaxResults: 2 }, 'QueueUrls', 'NextToken');
      assert.deepEqual(listed.items.map((url) => url.split('/').pop()), [0, 1, 2, 3, 4].map((i) => `page-${i}`));
      assert.equal(listed.count, 3);
      assert.equal((await sqs.ListQueues({ QueueNamePrefix: 'nothing' })).QueueUrls, undefined);
    },

    async 'tags are kept'() {
      const url = await queue();
      await sqs.TagQueue({ QueueUrl: url, Tags: { a: '1', b: '2' } });
      await sqs.UntagQueue({ QueueUrl: url, TagKeys: ['a'] });
      assert.deepEqual((await sqs.ListQueueTags({ QueueUrl: url })).Tags, { b: '2' });
    },

    async 'a message has its attributes and digests'() {
      const url = await queue();
      const MessageAttributes = {
        text: { DataType: 'String', StringValue: 'grüezi' },
        'n.1': { DataType: 'Number', StringValue: '1.5' },
        bytes: { DataType: 'Binary.png', BinaryValue: new Uint8Array([0, 255, 128]) } };
      const sent = await send(url, 'hello', {
        MessageAttributes,
        MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1-5759e988-bd862e3fe1be46a994272793' } } });
      assert.equal(sent.MD5OfMessageBody, md5('hello'));
      assert.match(sent.MessageId, /^[0-9a-f-]{36}$/);
      const [got] = await receive(url, { MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'] });
      assert.equal(got.MessageId, sent.MessageId);
      assert.equal(got.MD5OfBody, md5('hello'));
      assert.equal(got.MD5OfMessageAttributes, sent.MD5OfMessageAttributes);
      assert.equal(got.MessageAttributes.text.StringValue, 'grüezi');
      assert.deepEqual([...got.MessageAttributes.bytes.BinaryValue], [0, 255, 128]);
      assert.equal(got.Attributes.ApproximateReceiveCount, '1');
      assert.match(got.Attributes.AWSTraceHeader, /^Root=/);
      assert.ok(Math.abs(Number(got.Attributes.SentTimestamp) - Date.now()) < 60_000);
      await sqs.ChangeMessageVisibility({ QueueUrl: url, ReceiptHandle: got.ReceiptHandle, VisibilityTimeout: 0 });
      const [chosen] = await receive(url, { MessageAttributeNames: ['n.*'], MessageSystemAttributeNames: ['ApproximateReceiveCount'] });
      assert.deepEqual(Object.keys(chosen.MessageAttributes), ['n.1']);
      assert.deepEqual(chosen.Attributes, { ApproximateReceiveCount: '2' });
    },

    async 'what cannot be sent is refused'() {
      const url = await queue({ MaximumMessageSize: '1024' });
      await refused(send(url, ''), 'MissingParameter');
      await refused(send(url, 'x'.repeat(1025)), 'InvalidParameterValue');
      await refused(send(url, 'a\u0001b'), 'InvalidMessageContents');
      await refused(send(url, 'x', { DelaySeconds: 901 }), 'InvalidParameterValue');
      await refused(send(url, 'x', { MessageDeduplicationId: 'd' }), 'InvalidParameterValue');
      await refused(send(url, 'x', { MessageAttributes: { a: { DataType: 'Text', StringValue: 'x' } } }), 'InvalidParameterValue');
      await refused(send(url, 'x', { MessageAttributes: { a: { DataType: 'String', StringValue: '' } } }), 'InvalidParameterValue');
      await refused(receive(url, { MaxNumberOfMessages: 11 }), 'InvalidParameterValue');
      await refused(receive(url, { WaitTimeSeconds: 21 }), 'InvalidParameterValue');
      await send(url, 'x'.repeat(1024));
    },

    async 'a message is out of sight until its time is over, or it is given back'() {
      const url = await queue();
      await send(url, 'm');
      const [first] = await receive(url, { VisibilityTimeout: 1 });
      assert.deepEqual(await bodies(url), []);
      const [again] = await receive(url, { WaitTimeSeconds: 5, VisibilityTimeout: 30 });
      assert.equal(again.MessageId, first.MessageId);
      // The first receipt is void: deleting by it does nothing.
      await sqs.DeleteMessage({ QueueUrl: url, ReceiptHandle: first.ReceiptHandle });
      assert.equal((await attributes(url)).ApproximateNumberOfMessagesNotVisible, '1');
      await sqs.ChangeMessageVisibility({ QueueUrl: url, ReceiptHandle: again.ReceiptHandle, VisibilityTimeout: 0 });
      await refused(sqs.ChangeMessageVisibility({ QueueUrl: url, ReceiptHandle: again.ReceiptHandle, VisibilityTimeout: 1 }), 'MessageNotInflight');
      const [third] = await receive(url);
      await sqs.DeleteMessage({ QueueUrl: url, ReceiptHandle: third.ReceiptHandle });
      await sqs.DeleteMessage({ QueueUrl: url, ReceiptHandle: third.ReceiptHandle });
      await refused(sqs.DeleteMessage({ QueueUrl: url, ReceiptHandle: 'nonsense' }), 'ReceiptHandleIsInvalid');
      await refused(sqs.ChangeMessageVisibility({ QueueUrl: url, ReceiptHandle: third.ReceiptHandle, VisibilityTimeout: 43_201 }), 'InvalidParameterValue');
      const counts = await attributes(url);
      assert.equal(counts.ApproximateNumberOfMessages + counts.ApproximateNumberOfMessagesNotVisible, '00');
    },

    async 'a long poll ends with the message, a delayed one comes late'() {
      const url = await queue();
      const began = Date.now();
      const waiting = receive(url, { WaitTimeSeconds: 20 });
      await sleep(150);
      await send(url, 'woken');
      assert.equal((await waiting)[0].Body, 'woken');
      assert.ok(Date.now() - began < 5000);
      await send(url, 'late', { DelaySeconds: 1 });
      assert.deepEqual(await bodies(url), []);
      assert.equal((await attributes(url)).ApproximateNumberOfMessagesDelayed, '1');
      assert.deepEqual(await bodies(url, { WaitTimeSeconds: 5 }), ['late']);
      assert.deepEqual(await bodies(url, { WaitTimeSeconds: 1 }), []);
    },

    async 'batches say what failed'() {
      const url = await queue();
      const sent = await sqs.SendMessageBatch({ QueueUrl: url, Entries: [
        { Id: 'a', MessageBody: 'one' },
        { Id: 'b', MessageBody: 'bad\u0002' },
        { Id: 'c', MessageBody: 'two', DelaySeconds: 0, MessageAttributes: { x: { DataType: 'String', StringValue: 'y' } } }] });
      assert.deepEqual(sent.Successful.map((entry) => entry.Id), ['a', 'c']);
      assert.equal(sent.Successful[0].MD5OfMessageBody, md5('one'));
      assert.deepEqual(sent.Failed.map(({ Id, Code, SenderFault }) => ({ Id, Code, SenderFault })),
        [{ Id: 'b', Code: 'InvalidMessageContents', SenderFault: true }]);
      const got = await receive(url);
      assert.deepEqual(got.map((message) => message.Body).sort(), ['one', 'two']);
      const changed = await sqs.ChangeMessageVisibilityBatch({ QueueUrl: url, Entries: [
        { Id: '1', ReceiptHandle: got[0].ReceiptHandle, VisibilityTimeout: 10 },
        { Id: '2', ReceiptHandle: 'x', VisibilityTimeout: 10 }] });
      assert.deepEqual([changed.Successful[0].Id, changed.Failed[0].Code], ['1', 'ReceiptHandleIsInvalid']);
      const gone = await sqs.DeleteMessageBatch({ QueueUrl: url, Entries: got.map((message, i) => ({ Id: `${i}`, ReceiptHandle: message.ReceiptHandle })) });
      assert.equal(gone.Successful.length, 2);
      await refused(sqs.SendMessageBatch({ QueueUrl: url, Entries: [] }), 'EmptyBatchRequest');
      await refused(sqs.SendMessageBatch({ QueueUrl: url, Entries: [{ Id: 'a', MessageBody: '1' }, { Id: 'a', MessageBody: '2' }] }), 'BatchEntryIdsNotDistinct');
      await refused(sqs.SendMessageBatch({ QueueUrl: url, Entries: [{ Id: 'a b', MessageBody: '1' }] }), 'InvalidBatchEntryId');
      await refused(sqs.SendMessageBatch({ QueueUrl: url, Entries: Array.from({ length: 11 }, (_, i) => ({ Id: `${i}`, MessageBody: 'x' })) }), 'TooManyEntriesInBatchRequest');
      await refused(sqs.SendMessageBatch({ QueueUrl: url, Entries: [{ Id: 'a', MessageBody: 'x'.repeat(600_000) }, { Id: 'b', MessageBody: 'x'.repeat(600_000) }] }), 'BatchRequestTooLong');
    },

    async 'a purge takes everything, and not twice in a minute'() {
      const url = await queue();
      await send(url, 'seen');
      await receive(url);
      await send(url, 'unseen');
      await sqs.PurgeQueue({ QueueUrl: url });
      assert.deepEqual(await bodies(url), []);
      const counts = await attributes(url);
      assert.equal(counts.ApproximateNumberOfMessages + counts.ApproximateNumberOfMessagesNotVisible, '00');
      await refused(sqs.PurgeQueue({ QueueUrl: url }), 'PurgeQueueInProgress', 403);
      await send(url, 'after');
      assert.deepEqual(await bodies(url), ['after']);
    },

    async 'fifo: groups keep their order and wait for their own'() {
      const url = await fifo({ ContentBasedDeduplication: 'true' });
      for (const [group, body] of [['a', 'a1'], ['b', 'b1'], ['a', 'a2'], ['a', 'a3']]) {
        const sent = await send(url, body, { MessageGroupId: group });
        assert.match(sent.SequenceNumber, /^\d{20}$/);
      }
      const [first] = await receive(url, { MaxNumberOfMessages: 1, MessageSystemAttributeNames: ['All'] });
      assert.equal(first.Body, 'a1');
      assert.equal(first.Attributes.MessageGroupId, 'a');
      assert.match(first.Attributes.MessageDeduplicationId, /^[0-9a-f]{64}$/);
      assert.deepEqual(await bodies(url), ['b1']); // group a has a message in flight
      await sqs.DeleteMessage({ QueueUrl: url, ReceiptHandle: first.ReceiptHandle });
      assert.deepEqual(await bodies(url), ['a2', 'a3']);
      assert.equal((await attributes(url)).FifoQueue, 'true');
      await refused(send(url, 'x'), 'MissingParameter');
      await refused(send(url, 'x', { MessageGroupId: 'g', DelaySeconds: 3 }), 'InvalidParameterValue');
    },

    async 'fifo: what was sent already is not sent again'() {
      const url = await fifo();
      await refused(send(url, 'x', { MessageGroupId: 'g' }), 'InvalidParameterValue');
      const one = await send(url, 'x', { MessageGroupId: 'g', MessageDeduplicationId: 'd' });
      const two = await send(url, 'y', { MessageGroupId: 'g', MessageDeduplicationId: 'd' });
      assert.equal(one.MessageId, two.MessageId);
      assert.equal(one.SequenceNumber, two.SequenceNumber);
      const [got] = await receive(url);
      await sqs.DeleteMessage({ QueueUrl: url, ReceiptHandle: got.ReceiptHandle });
      await send(url, 'z', { MessageGroupId: 'g', MessageDeduplicationId: 'd' }); // deleted, and still known
      assert.deepEqual(await bodies(url), []);
    },

    async 'a message that nobody can handle becomes a dead letter, and comes back by a move'() {
      const dead = await queue();
      const deadLetterTargetArn = (await attributes(dead)).QueueArn;
      const url = await queue({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 }) });
      await send(url, 'poison', { MessageAttributes: { k: { DataType: 'String', StringValue: 'v' } } });
      for (let i = 0; i < 2; ++i) assert.deepEqual(await bodies(url, { VisibilityTimeout: 0 }), ['poison']);
      assert.deepEqual(await bodies(url), []);
      const [letter] = await receive(dead, { MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'], VisibilityTimeout: 0 });
      assert.equal(letter.Body, 'poison');
      assert.equal(letter.MessageAttributes.k.StringValue, 'v');
      const SourceArn = (await attributes(url)).QueueArn;
      assert.equal(letter.Attributes.DeadLetterQueueSourceArn, SourceArn);
      assert.deepEqual((await sqs.ListDeadLetterSourceQueues({ QueueUrl: dead })).queueUrls, [url]);
      // Back to where it came from.
      await refused(sqs.StartMessageMoveTask({ SourceArn }), 'InvalidParameterValue');
      await refused(sqs.StartMessageMoveTask({ SourceArn: `${deadLetterTargetArn}x` }), 'ResourceNotFoundException', 404);
      const { TaskHandle } = await sqs.StartMessageMoveTask({ SourceArn: deadLetterTargetArn });
      assert.ok(TaskHandle);
      await eventually('the end of the move', async () => {
        const [task] = (await sqs.ListMessageMoveTasks({ SourceArn: deadLetterTargetArn })).Results;
        return task.Status === 'COMPLETED' && task.ApproximateNumberOfMessagesMoved === 1;
      });
      const [back] = await receive(url, { MessageSystemAttributeNames: ['All'] });
      assert.equal(back.Body, 'poison');
      await refused(sqs.CancelMessageMoveTask({ TaskHandle: 'x' }), 'InvalidParameterValue');
      await refused(queue({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn: `${deadLetterTargetArn}x`, maxReceiveCount: 1 }) }), 'InvalidParameterValue');
      await refused(queue({ RedrivePolicy: '{' }), 'InvalidParameterValue');
    },

    async 'a dead letter of a fifo queue goes to a fifo queue'() {
      const standard = (await attributes(await queue())).QueueArn;
      await refused(fifo({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn: standard, maxReceiveCount: 1 }) }), 'InvalidParameterValue');
      const dead = await fifo();
      const url = await fifo({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn: (await attributes(dead)).QueueArn, maxReceiveCount: 1 }) });
      await send(url, 'p', { MessageGroupId: 'g', MessageDeduplicationId: '1' });
      await send(url, 'q', { MessageGroupId: 'g', MessageDeduplicationId: '2' });
      assert.deepEqual(await bodies(url, { VisibilityTimeout: 0, MaxNumberOfMessages: 1 }), ['p']);
      assert.deepEqual(await bodies(url), ['q']);
      assert.deepEqual(await bodies(dead), ['p']);
    },

    async 'permissions are kept in the policy'() {
      const url = await queue();
      await sqs.AddPermission({ QueueUrl: url, Label: 'l', AWSAccountIds: ['111122223333'], Actions: ['SendMessage'] });
      const policy = JSON.parse((await attributes(url)).Policy);
      assert.equal(policy.Statement[0].Sid, 'l');
      await sqs.RemovePermission({ QueueUrl: url, Label: 'l' });
      assert.equal((await attributes(url)).Policy, undefined);
      await refused(sqs.RemovePermission({ QueueUrl: url, Label: 'l' }), 'InvalidParameterValue');
    },

    async 'everything is there after a crash, and nothing in sight that somebody works on'() {
      const url = await queue();
      const group = await fifo({ ContentBasedDeduplication: 'true' });
      await send(url, 'held');
      const [held] = await receive(url, { VisibilityTimeout: 3 });
      await send(url, 'free');
      await send(group, 'f', { MessageGroupId: 'g' });
      await server.restart();
      assert.deepEqual(await bodies(url, { VisibilityTimeout: 60 }), ['free']);
      await sqs.DeleteMessage({ QueueUrl: url, ReceiptHandle: held.ReceiptHandle });
      await send(group, 'f', { MessageGroupId: 'g' });
      assert.deepEqual(await bodies(group), ['f']);
      assert.deepEqual(await bodies(url, { WaitTimeSeconds: 4 }), []);
    },

    'every operation was called'() {
      const operations = Object.keys(sqs.sdk).filter((name) => name.endsWith('Command') && !name.startsWith('$')).map((name) => name.slice(0, -7));
      const left = operations.filter((name) => !sqs.called.has(name));
      assert.deepEqual(left, ['CancelMessageMoveTask']); // there is nothing to cancel: moves are quick
    },
  };
});
