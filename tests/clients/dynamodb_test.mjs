// DynamoDB and its streams with the AWS SDK for JavaScript: tables, items, expressions,
// transactions, pages, and the classes of their errors.
import { ACCOUNT, api, assert, eventually, pages, refused, run, server, sleep } from './harness.mjs';

const S = (text) => ({ S: text });
const N = (number) => ({ N: String(number) });

run(() => {
  const db = api('dynamodb');
  const streams = api('dynamodb-streams');
  let serial = 0;

  // A table with the keys `pk` and, unless `simple`, `sk`.
  async function table({ simple = false, attributes = {}, ...more } = {}) {
    const TableName = `table-${++serial}`;
    const key = simple ? ['pk'] : ['pk', 'sk'];
    const types = { pk: 'S', ...(simple ? {} : { sk: 'N' }), ...attributes };
    await db.CreateTable({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: Object.entries(types).map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType })),
      KeySchema: key.map((AttributeName, i) => ({ AttributeName, KeyType: i === 0 ? 'HASH' : 'RANGE' })),
      ...more,
    });
    return TableName;
  }
  const index = (IndexName, hash, range, Projection = { ProjectionType: 'ALL' }) => ({
    IndexName, Projection,
    KeySchema: [{ AttributeName: hash, KeyType: 'HASH' }, ...(range ? [{ AttributeName: range, KeyType: 'RANGE' }] : [])] });
  const put = (TableName, Item, more) => db.PutItem({ TableName, Item, ...more });
  const get = async (TableName, Key, more) => (await db.GetItem({ TableName, Key, ConsistentRead: true, ...more })).Item;
  async function fill(TableName, count, partition = 'p') {
    for (let from = 0; from < count; from += 25) {
      await db.BatchWriteItem({ RequestItems: { [TableName]: Array.from({ length: Math.min(25, count - from) }, (_, i) => ({
        PutRequest: { Item: { pk: S(partition), sk: N(from + i), even: { BOOL: (from + i) % 2 === 0 }, group: S(`g${(from + i) % 3}`) } } })) } });
    }
  }

  return {
    async 'tables are made, described, listed and deleted'() {
      const TableName = await table();
      const { Table } = await db.DescribeTable({ TableName });
      assert.equal(Table.TableStatus, 'ACTIVE');
      assert.equal(Table.TableArn, `arn:aws:dynamodb:us-east-1:${ACCOUNT}:table/${TableName}`);
      assert.equal(Table.BillingModeSummary.BillingMode, 'PAY_PER_REQUEST');
      assert.ok(Table.CreationDateTime instanceof Date);
      assert.deepEqual(Table.KeySchema.map((part) => part.KeyType), ['HASH', 'RANGE']);
      await refused(db.CreateTable({ TableName, BillingMode: 'PAY_PER_REQUEST', AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }], KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }] }), 'ResourceInUseException', 400);
      await refused(db.DescribeTable({ TableName: 'none' }), 'ResourceNotFoundException');
      await refused(db.CreateTable({ TableName: 'x', KeySchema: [], AttributeDefinitions: [] }), 'ValidationException');
      await refused(table({ attributes: { unused: 'S' } }), 'ValidationException');
      await refused(table({ GlobalSecondaryIndexes: [index('i', 'undefined')] }), 'ValidationException');
      await refused(table({ BillingMode: 'PROVISIONED' }), 'ValidationException');
      const described = await db.DeleteTable({ TableName });
      assert.equal(described.TableDescription.TableStatus, 'DELETING');
      await refused(db.DescribeTable({ TableName }), 'ResourceNotFoundException');
      await refused(put(TableName, { pk: S('a'), sk: N(1) }), 'ResourceNotFoundException');
      for (let i = 0; i < 3; ++i) await table({ simple: true });
      const listed = await pages(db.ListTables, { Limit: 1 }, 'TableNames', 'LastEvaluatedTableName', 'ExclusiveStartTableName');
      assert.ok(listed.items.length >= 3 && !listed.items.includes(TableName));
      const limits = await db.DescribeLimits();
      assert.ok(limits.TableMaxReadCapacityUnits > 0);
    },

    async 'a table that is made again is empty'() {
      const TableName = await table({ simple: true });
      await put(TableName, { pk: S('a') });
      await db.DeleteTable({ TableName });
      await db.CreateTable({ TableName, BillingMode: 'PAY_PER_REQUEST', AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }], KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }] });
      assert.equal((await db.Scan({ TableName })).Count, 0);
    },

    async 'every type of value comes back as it went'() {
      const TableName = await table({ simple: true });
      const item = {
        pk: S('a'), text: S('Grüße 🌍'), empty: S(''), number: N('-1.23456789012345678901234567890123456789'.slice(0, 40)), tiny: N('1E-130'), big: N('9.9E+125'),
        bytes: { B: new Uint8Array([0, 1, 255]) }, yes: { BOOL: true }, none: { NULL: true },
        list: { L: [S('x'), N(1), { L: [] }] }, map: { M: { deep: { M: { er: N(2) } } } },
        texts: { SS: ['b', 'a'] }, numbers: { NS: ['1', '2.5'] }, blobs: { BS: [new Uint8Array([7])] } };
      await put(TableName, item);
      const got = await get(TableName, { pk: S('a') });
      assert.equal(Object.keys(got).length, Object.keys(item).length);
      assert.deepEqual(got.list, item.list);
      assert.deepEqual(got.map, item.map);
      assert.deepEqual([...got.bytes.B], [0, 1, 255]);
      assert.deepEqual([...got.texts.SS].sort(), ['a', 'b']);
      assert.equal(got.number.N, item.number.N);
      assert.equal(Number(got.tiny.N), 1e-130);
      await put(TableName, { pk: S('b'), n: N('0012.500') });
      assert.equal((await get(TableName, { pk: S('b') })).n.N, '12.5');
      await refused(put(TableName, { pk: S('c'), n: N('1e126') }), 'ValidationException');
      await refused(put(TableName, { pk: S('c'), n: N('123456789012345678901234567890123456789') }), 'ValidationException');
      await refused(put(TableName, { pk: S('c'), s: { SS: ['a', 'a'] } }), 'ValidationException');
      await refused(put(TableName, { pk: S('c'), s: { SS: [] } }), 'ValidationException');
      await refused(put(TableName, { pk: S('c'), s: { N: 'x' } }), 'ValidationException');
      await refused(put(TableName, { pk: S('') }), 'ValidationException');
      await refused(put(TableName, { pk: N(1) }), 'ValidationException');
      await refused(put(TableName, { other: S('x') }), 'ValidationException');
      await refused(put(TableName, { pk: S('c'), s: S('x'.repeat(410_000)) }), 'ValidationException');
      await refused(db.GetItem({ TableName, Key: { pk: S('a'), sk: N(1) } }), 'ValidationException');
      assert.equal(await get(TableName, { pk: S('none') }), undefined);
    },

    async 'projections choose'() {
      const TableName = await table({ simple: true });
      await put(TableName, { pk: S('a'), numbers: { L: [N(0), N(1), N(2)] }, deep: { M: { x: N(1), y: N(2) } }, size: N(3) });
      const some = await get(TableName, { pk: S('a') }, { ProjectionExpression: 'numbers[1], deep.x, #s', ExpressionAttributeNames: { '#s': 'size' } });
      assert.deepEqual(some, { numbers: { L: [N(1)] }, deep: { M: { x: N(1) } }, size: N(3) });
      await refused(get(TableName, { pk: S('a') }, { ProjectionExpression: 'size' }), 'ValidationException'); // a reserved word
      await refused(get(TableName, { pk: S('a') }, { ProjectionExpression: 'a, a' }), 'ValidationException');
      await refused(get(TableName, { pk: S('a') }, { ProjectionExpression: '#x' }), 'ValidationException');
    },

    async 'updates set, add, remove and delete'() {
      const TableName = await table({ simple: true });
      const Key = { pk: S('a') };
      const update = async (UpdateExpression, values, more) => (await db.UpdateItem({
        TableName, Key, UpdateExpression, ReturnValues: 'ALL_NEW',
        ...(values && { ExpressionAttributeValues: values }), ...more })).Attributes;
      assert.deepEqual(await update('SET a = :a, l = :l', { ':a': N(1), ':l': { L: [N(1)] } }), { pk: S('a'), a: N(1), l: { L: [N(1)] } });
      assert.equal((await update('SET a = a + :one, b = if_not_exists(b, :one)', { ':one': N('0.1') })).a.N, '1.1');
      assert.deepEqual((await update('SET l = list_append(l, :l)', { ':l': { L: [S('x')] } })).l.L, [N(1), S('x')]);
      assert.deepEqual((await update('SET l[9] = :v', { ':v': S('end') })).l.L, [N(1), S('x'), S('end')]);
      await refused(update('SET l = :v, l[0] = :v', { ':v': N(1) }), 'ValidationException');
      await refused(update('SET m.a = :v REMOVE m[0]', { ':v': N(1) }), 'ValidationException');
      assert.deepEqual((await update('REMOVE l[0], b')).l.L, [S('x'), S('end')]);
      assert.equal((await update('ADD hits :n, tags :t', { ':n': N(5), ':t': { SS: ['x', 'y'] } })).hits.N, '5');
      assert.deepEqual((await update('DELETE tags :t', { ':t': { SS: ['x'] } })).tags.SS, ['y']);
      assert.equal((await update('DELETE tags :t', { ':t': { SS: ['y'] } })).tags, undefined);
      await update('SET m = :m', { ':m': { M: {} } });
      assert.deepEqual((await update('SET m.#k = :v', { ':v': N(1) }, { ExpressionAttributeNames: { '#k': 'a.b' } })).m.M, { 'a.b': N(1) });
      assert.deepEqual(await update('SET a = :a', { ':a': N(9) }, { ReturnValues: 'UPDATED_OLD' }), { a: N('1.1') });
      assert.deepEqual(await update('SET a = :a', { ':a': N(10) }, { ReturnValues: 'UPDATED_NEW' }), { a: N(10) });
      assert.equal(await update('SET a = :a', { ':a': N(11) }, { ReturnValues: 'NONE' }), undefined);
      await refused(update('SET no.where = :v', { ':v': N(1) }), 'ValidationException');
      await refused(update('SET pk = :v', { ':v': S('b') }), 'ValidationException');
      await refused(update('SET a = :v, a = :v', { ':v': N(1) }), 'ValidationException');
      await refused(update('SET a = pk + :v', { ':v': N(1) }), 'ValidationException');
      await refused(update('SET a = :v', { ':v': N(1), ':unused': N(1) }), 'ValidationException');
      await refused(update('SETT a = :v', { ':v': N(1) }), 'ValidationException');
      // Without an item it makes one.
      const made = await db.UpdateItem({ TableName, Key: { pk: S('new') }, UpdateExpression: 'SET x = :x', ExpressionAttributeValues: { ':x': N(1) }, ReturnValues: 'ALL_OLD' });
      assert.equal(made.Attributes, undefined);
      assert.deepEqual(await get(TableName, { pk: S('new') }), { pk: S('new'), x: N(1) });
      // As it was before there were expressions.
      await db.UpdateItem({ TableName, Key, AttributeUpdates: { a: { Action: 'ADD', Value: N(1) }, hits: { Action: 'DELETE' }, z: { Value: S('z') } } });
      const legacy = await get(TableName, Key);
      assert.deepEqual([legacy.a, legacy.hits, legacy.z], [N(12), undefined, S('z')]);
    },

    async 'a write whose condition fails changes nothing and says so'() {
      const TableName = await table({ simple: true });
      await put(TableName, { pk: S('a'), v: N(1) });
      await refused(put(TableName, { pk: S('a'), v: N(2) }, { ConditionExpression: 'attribute_not_exists(pk)' }), 'ConditionalCheckFailedException', 400);
      const error = await refused(put(TableName, { pk: S('a'), v: N(2) }, { ConditionExpression: 'v > :v', ExpressionAttributeValues: { ':v': N(5) }, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' }), 'ConditionalCheckFailedException');
      assert.deepEqual(error.Item, { pk: S('a'), v: N(1) });
      await refused(db.DeleteItem({ TableName, Key: { pk: S('a') }, ConditionExpression: 'v = :v', ExpressionAttributeValues: { ':v': N(5) } }), 'ConditionalCheckFailedException');
      await refused(db.UpdateItem({ TableName, Key: { pk: S('b') }, UpdateExpression: 'SET v = :v', ConditionExpression: 'attribute_exists(pk)', ExpressionAttributeValues: { ':v': N(5) } }), 'ConditionalCheckFailedException');
      assert.deepEqual(await get(TableName, { pk: S('a') }), { pk: S('a'), v: N(1) });
      await refused(put(TableName, { pk: S('a') }, { Expected: { v: { Value: N(9) } } }), 'ConditionalCheckFailedException');
      const old = await put(TableName, { pk: S('a'), v: N(2) }, { ConditionExpression: 'v = :one AND NOT contains(#t, :one) OR begins_with(pk, :p) AND size(pk) BETWEEN :one AND :two', ExpressionAttributeNames: { '#t': 'tags' }, ExpressionAttributeValues: { ':one': N(1), ':two': N(2), ':p': S('a') }, ReturnValues: 'ALL_OLD' });
      assert.deepEqual(old.Attributes, { pk: S('a'), v: N(1) });
      const gone = await db.DeleteItem({ TableName, Key: { pk: S('a') }, ConditionExpression: 'v IN (:a, :b) AND attribute_type(v, :t)', ExpressionAttributeValues: { ':a': N(1), ':b': N(2), ':t': S('N') }, ReturnValues: 'ALL_OLD' });
      assert.equal(gone.Attributes.v.N, '2');
      await db.DeleteItem({ TableName, Key: { pk: S('a') } });
      await refused(put(TableName, { pk: S('a') }, { ConditionExpression: 'v = ' }), 'ValidationException');
      await refused(put(TableName, { pk: S('a') }, { ReturnValues: 'ALL_NEW' }), 'ValidationException');
    },

    async 'six writers of one counter count to thirty'() {
      const TableName = await table({ simple: true });
      await put(TableName, { pk: S('c'), n: N(0) });
      let conflicts = 0;
      await Promise.all(Array.from({ length: 6 }, async () => {
        for (let done = 0; done < 5;) {
          const { n } = await get(TableName, { pk: S('c') });
          try {
            await put(TableName, { pk: S('c'), n: N(Number(n.N) + 1) }, { ConditionExpression: 'n = :n', ExpressionAttributeValues: { ':n': n } });
            ++done;
          } catch (error) {
            assert.equal(error.name, 'ConditionalCheckFailedException');
            ++conflicts;
          }
        }
      }));
      assert.equal((await get(TableName, { pk: S('c') })).n.N, '30');
      assert.ok(conflicts > 0);
    },

    async 'queries walk a partition by its sort key'() {
      const TableName = await table();
      await fill(TableName, 30);
      await fill(TableName, 3, 'other');
      const query = (KeyConditionExpression, values, more) => db.Query({
        TableName, KeyConditionExpression, ExpressionAttributeValues: { ':p': S('p'), ...values }, ...more });
      const keys = async (...args) => (await query(...args)).Items.map((item) => Number(item.sk.N));
      assert.equal((await query('pk = :p')).Count, 30);
      assert.deepEqual(await keys('pk = :p AND sk BETWEEN :a AND :b', { ':a': N(8), ':b': N(11) }), [8, 9, 10, 11]);
      assert.deepEqual(await keys('pk = :p AND sk < :a', { ':a': N(2) }), [0, 1]);
      assert.deepEqual(await keys('pk = :p AND sk >= :a', { ':a': N(28) }, { ScanIndexForward: false }), [29, 28]);
      const filtered = await query('pk = :p', { ':f': { BOOL: true } }, { FilterExpression: 'even = :f', Limit: 10 });
      assert.deepEqual([filtered.Count, filtered.ScannedCount], [5, 10]);
      assert.deepEqual(filtered.LastEvaluatedKey, { pk: S('p'), sk: N(9) });
      const paged = await pages(db.Query, { TableName, KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': S('p') }, Limit: 7 }, 'Items', 'LastEvaluatedKey', 'ExclusiveStartKey');
      assert.deepEqual(paged.items.map((item) => Number(item.sk.N)), Array.from({ length: 30 }, (_, i) => i));
      assert.equal((await query('pk = :p', {}, { Select: 'COUNT' })).Items, undefined);
      assert.equal((await query('pk = :p', {}, { ReturnConsumedCapacity: 'TOTAL' })).ConsumedCapacity.TableName, TableName);
      await refused(query('sk = :p'), 'ValidationException');
      await refused(query('pk > :p'), 'ValidationException');
      await refused(query('pk = :p AND even = :x', { ':x': { BOOL: true } }), 'ValidationException');
      await refused(query('pk = :p', { ':x': S('x') }, { FilterExpression: 'sk = :x' }), 'ValidationException');
      await refused(query('pk = :p', {}, { IndexName: 'none' }), 'ValidationException');
      // KeyConditions, from before expressions.
      const legacy = await db.Query({ TableName, KeyConditions: { pk: { ComparisonOperator: 'EQ', AttributeValueList: [S('p')] }, sk: { ComparisonOperator: 'LE', AttributeValueList: [N(1)] } } });
      assert.equal(legacy.Count, 2);
    },

    async 'a page ends at a megabyte'() {
      const TableName = await table();
      for (let i = 0; i < 5; ++i) await put(TableName, { pk: S('p'), sk: N(i), fill: S('x'.repeat(300_000)) });
      const first = await db.Query({ TableName, KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: { ':p': S('p') } });
      assert.equal(first.Count, 4);
      assert.deepEqual(first.LastEvaluatedKey, { pk: S('p'), sk: N(3) });
      const whole = await pages(db.Scan, { TableName, ProjectionExpression: 'sk' }, 'Items', 'LastEvaluatedKey', 'ExclusiveStartKey');
      assert.deepEqual([whole.items.length, whole.count], [5, 2]);
    },

    async 'scans, also in segments'() {
      const TableName = await table();
      for (let i = 0; i < 8; ++i) await fill(TableName, 5, `p${i}`);
      const seen = new Set();
      for (let Segment = 0; Segment < 3; ++Segment) {
        const part = await pages(db.Scan, { TableName, Segment, TotalSegments: 3, Limit: 4 }, 'Items', 'LastEvaluatedKey', 'ExclusiveStartKey');
        for (const item of part.items) {
          const key = `${item.pk.S}/${item.sk.N}`;
          assert.ok(!seen.has(key));
          seen.add(key);
        }
      }
      assert.equal(seen.size, 40);
      const some = await db.Scan({ TableName, FilterExpression: 'sk = :two AND #g <> :x', ExpressionAttributeNames: { '#g': 'group' }, ExpressionAttributeValues: { ':two': N(2), ':x': S('x') }, Select: 'COUNT' });
      assert.deepEqual([some.Count, some.ScannedCount], [8, 40]);
      await refused(db.Scan({ TableName, Segment: 3, TotalSegments: 3 }), 'ValidationException');
    },

    async 'secondary indexes follow their items'() {
      const TableName = await table({
        attributes: { kind: 'S', at: 'N' },
        GlobalSecondaryIndexes: [index('by-kind', 'kind', 'at', { ProjectionType: 'INCLUDE', NonKeyAttributes: ['note'] })],
        LocalSecondaryIndexes: [index('by-at', 'pk', 'at', { ProjectionType: 'KEYS_ONLY' })] });
      for (let i = 0; i < 6; ++i) await put(TableName, { pk: S('p'), sk: N(i), kind: S(i < 3 ? 'x' : 'y'), at: N(10 - i), note: S(`n${i}`), hidden: S('h') });
      await put(TableName, { pk: S('p'), sk: N(9) }); // in no index
      const by = async (IndexName, expression, values, more) => (await db.Query({ TableName, IndexName, KeyConditionExpression: expression, ExpressionAttributeValues: values, ...more })).Items;
      const kind = await by('by-kind', 'kind = :k AND #a > :a', { ':k': S('x'), ':a': N(8) }, { ExpressionAttributeNames: { '#a': 'at' } });
      assert.deepEqual(kind.map((item) => item.at.N), ['9', '10']);
      assert.deepEqual(Object.keys(kind[0]).sort(), ['at', 'kind', 'note', 'pk', 'sk']);
      const local = await by('by-at', 'pk = :p', { ':p': S('p') });
      assert.equal(local.length, 6);
      assert.deepEqual(Object.keys(local[0]).sort(), ['at', 'pk', 'sk']);
      assert.equal((await by('by-at', 'pk = :p', { ':p': S('p') }, { Select: 'ALL_ATTRIBUTES' }))[0].hidden.S, 'h');
      await db.UpdateItem({ TableName, Key: { pk: S('p'), sk: N(0) }, UpdateExpression: 'SET kind = :k', ExpressionAttributeValues: { ':k': S('z') } });
      await db.UpdateItem({ TableName, Key: { pk: S('p'), sk: N(1) }, UpdateExpression: 'REMOVE kind' });
      assert.equal((await by('by-kind', 'kind = :k', { ':k': S('x') })).length, 1);
      assert.equal((await by('by-kind', 'kind = :k', { ':k': S('z') })).length, 1);
      assert.equal((await db.Scan({ TableName, IndexName: 'by-kind' })).Count, 5);
      const paged = await pages(db.Query, { TableName, IndexName: 'by-kind', KeyConditionExpression: 'kind = :k', ExpressionAttributeValues: { ':k': S('y') }, Limit: 1 }, 'Items', 'LastEvaluatedKey', 'ExclusiveStartKey');
      assert.equal(paged.items.length, 3);
      await refused(put(TableName, { pk: S('p'), sk: N(1), kind: N(1) }), 'ValidationException');
      await refused(db.Query({ TableName, IndexName: 'by-kind', ConsistentRead: true, KeyConditionExpression: 'kind = :k', ExpressionAttributeValues: { ':k': S('y') } }), 'ValidationException');
    },

    async 'a table changes: mode, indexes, protection'() {
      const TableName = await table();
      await fill(TableName, 30);
      await refused(db.UpdateTable({ TableName: 'none', BillingMode: 'PAY_PER_REQUEST' }), 'ResourceNotFoundException');
      await refused(db.UpdateTable({ TableName }), 'ValidationException');
      await db.UpdateTable({
        TableName,
        AttributeDefinitions: [{ AttributeName: 'group', AttributeType: 'S' }, { AttributeName: 'pk', AttributeType: 'S' }, { AttributeName: 'sk', AttributeType: 'N' }],
        GlobalSecondaryIndexUpdates: [{ Create: index('by-group', 'group', 'sk') }] });
      await eventually('the index', async () => (await db.DescribeTable({ TableName })).Table.GlobalSecondaryIndexes?.[0].IndexStatus === 'ACTIVE');
      const found = await db.Query({ TableName, IndexName: 'by-group', KeyConditionExpression: '#g = :g', ExpressionAttributeNames: { '#g': 'group' }, ExpressionAttributeValues: { ':g': S('g1') } });
      assert.deepEqual(found.Items.map((item) => Number(item.sk.N)), [1, 4, 7, 10, 13, 16, 19, 22, 25, 28]);
      await put(TableName, { pk: S('q'), sk: N(100), group: S('g1') });
      assert.equal((await db.Scan({ TableName, IndexName: 'by-group' })).Count, 31);
      await refused(db.UpdateTable({ TableName, AttributeDefinitions: [{ AttributeName: 'group', AttributeType: 'S' }], GlobalSecondaryIndexUpdates: [{ Create: index('by-group', 'group') }] }), 'ValidationException');
      await refused(db.UpdateTable({ TableName, GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'none' } }] }), 'ResourceNotFoundException');
      await db.UpdateTable({ TableName, GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'by-group' } }] });
      await eventually('the end of the index', async () => !(await db.DescribeTable({ TableName })).Table.GlobalSecondaryIndexes);
      await refused(db.Scan({ TableName, IndexName: 'by-group' }), 'ValidationException');
      // Made again, under the name and over the items of now.
      await db.DeleteItem({ TableName, Key: { pk: S('q'), sk: N(100) } });
      await db.UpdateTable({ TableName, AttributeDefinitions: [{ AttributeName: 'group', AttributeType: 'S' }], GlobalSecondaryIndexUpdates: [{ Create: index('by-group', 'group') }] });
      await eventually('the second index', async () => (await db.DescribeTable({ TableName })).Table.GlobalSecondaryIndexes[0].IndexStatus === 'ACTIVE');
      assert.equal((await db.Scan({ TableName, IndexName: 'by-group' })).Count, 30);
      const changed = await db.UpdateTable({ TableName, BillingMode: 'PROVISIONED', ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 6 }, DeletionProtectionEnabled: true, GlobalSecondaryIndexUpdates: [{ Update: { IndexName: 'by-group', ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } } }] });
      assert.equal(changed.TableDescription.DeletionProtectionEnabled, true);
      assert.equal((await db.DescribeTable({ TableName })).Table.ProvisionedThroughput.WriteCapacityUnits, 6);
      await refused(db.DeleteTable({ TableName }), 'ValidationException');
      await db.UpdateTable({ TableName, DeletionProtectionEnabled: false });
      await db.DeleteTable({ TableName });
    },

    async 'batches get and write'() {
      const TableName = await table();
      const other = await table({ simple: true });
      await fill(TableName, 10);
      const written = await db.BatchWriteItem({ RequestItems: {
        [other]: [{ PutRequest: { Item: { pk: S('a') } } }], [TableName]: [{ DeleteRequest: { Key: { pk: S('p'), sk: N(0) } } }] } });
      assert.deepEqual(written.UnprocessedItems, {});
      const got = await db.BatchGetItem({ RequestItems: {
        [TableName]: { Keys: [0, 1, 2].map((i) => ({ pk: S('p'), sk: N(i) })), ProjectionExpression: 'sk' }, [other]: { Keys: [{ pk: S('a') }] } } });
      assert.deepEqual(got.Responses[TableName].map((item) => item.sk.N).sort(), ['1', '2']);
      assert.deepEqual(got.Responses[other], [{ pk: S('a') }]);
      await refused(db.BatchGetItem({ RequestItems: { none: { Keys: [{ pk: S('a') }] } } }), 'ResourceNotFoundException');
      await refused(db.BatchGetItem({ RequestItems: { [other]: { Keys: [{ pk: S('a') }, { pk: S('a') }] } } }), 'ValidationException');
      await refused(db.BatchWriteItem({ RequestItems: { [other]: Array.from({ length: 26 }, (_, i) => ({ PutRequest: { Item: { pk: S(`${i}`) } } })) } }), 'ValidationException');
      await refused(db.BatchWriteItem({ RequestItems: { [other]: [{ PutRequest: { Item: { pk: S('x') } } }, { DeleteRequest: { Key: { pk: S('x') } } }] } }), 'ValidationException');
    },

    async 'transactions happen whole or not at all'() {
      const TableName = await table({ simple: true });
      await put(TableName, { pk: S('a'), balance: N(10) });
      await put(TableName, { pk: S('b'), balance: N(0) });
      const move = (amount, more) => db.TransactWriteItems({ TransactItems: [
        { Update: { TableName, Key: { pk: S('a') }, UpdateExpression: 'SET balance = balance - :n', ConditionExpression: 'balance >= :n', ExpressionAttributeValues: { ':n': N(amount) }, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } },
        { Update: { TableName, Key: { pk: S('b') }, UpdateExpression: 'SET balance = balance + :n', ExpressionAttributeValues: { ':n': N(amount) } } },
        { Put: { TableName, Item: { pk: S('log') } } },
        { ConditionCheck: { TableName, Key: { pk: S('locked') }, ConditionExpression: 'attribute_not_exists(pk)' } }], ...more });
      await move(4, { ClientRequestToken: 'once' });
      await move(4, { ClientRequestToken: 'once' });
      await refused(move(5, { ClientRequestToken: 'once' }), 'IdempotentParameterMismatchException');
      const error = await refused(move(7), 'TransactionCanceledException');
      assert.deepEqual(error.CancellationReasons.map((reason) => reason.Code), ['ConditionalCheckFailed', 'None', 'None', 'None']);
      assert.deepEqual(error.CancellationReasons[0].Item, { pk: S('a'), balance: N(6) });
      const read = await db.TransactGetItems({ TransactItems: ['a', 'b', 'none'].map((pk) => ({ Get: { TableName, Key: { pk: S(pk) }, ProjectionExpression: 'balance' } })) });
      assert.deepEqual(read.Responses.map((one) => one.Item?.balance.N), ['6', '4', undefined]);
      await refused(db.TransactWriteItems({ TransactItems: [{ Delete: { TableName, Key: { pk: S('a') } } }, { Put: { TableName, Item: { pk: S('a') } } }] }), 'ValidationException');
      await refused(db.TransactWriteItems({ TransactItems: [{ Delete: { TableName: 'none', Key: { pk: S('a') } } }] }), 'ResourceNotFoundException');
    },

    async 'time to live takes items away'() {
      const TableName = await table({ simple: true });
      assert.equal((await db.DescribeTimeToLive({ TableName })).TimeToLiveDescription.TimeToLiveStatus, 'DISABLED');
      await db.UpdateTimeToLive({ TableName, TimeToLiveSpecification: { AttributeName: 'until', Enabled: true } });
      await refused(db.UpdateTimeToLive({ TableName, TimeToLiveSpecification: { AttributeName: 'until', Enabled: true } }), 'ValidationException');
      assert.deepEqual((await db.DescribeTimeToLive({ TableName })).TimeToLiveDescription, { AttributeName: 'until', TimeToLiveStatus: 'ENABLED' });
      const now = Math.floor(Date.now() / 1000);
      await put(TableName, { pk: S('past'), until: N(now - 10) });
      await put(TableName, { pk: S('future'), until: N(now + 1000) });
      await put(TableName, { pk: S('text'), until: S('never') });
      await put(TableName, { pk: S('ancient'), until: N(1) }); // more than five years ago: kept, as at AWS
      assert.equal(await get(TableName, { pk: S('past') }), undefined);
      assert.deepEqual((await db.Scan({ TableName })).Items.map((item) => item.pk.S).sort(), ['ancient', 'future', 'text']);
      await refused(db.UpdateTimeToLive({ TableName: 'none', TimeToLiveSpecification: { AttributeName: 'x', Enabled: true } }), 'ResourceNotFoundException');
    },

    async 'streams keep what changed'() {
      const TableName = await table({ simple: true, StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } });
      const { Table } = await db.DescribeTable({ TableName });
      assert.match(Table.LatestStreamArn, new RegExp(`:table/${TableName}/stream/`));
      assert.equal(Table.StreamSpecification.StreamViewType, 'NEW_AND_OLD_IMAGES');
      await put(TableName, { pk: S('a'), v: N(1) });
      await put(TableName, { pk: S('a'), v: N(1) }); // nothing changes: no record
      await db.UpdateItem({ TableName, Key: { pk: S('a') }, UpdateExpression: 'SET v = :v', ExpressionAttributeValues: { ':v': N(2) } });
      await db.TransactWriteItems({ TransactItems: [{ Delete: { TableName, Key: { pk: S('a') } } }] });
      const StreamArn = Table.LatestStreamArn;
      assert.deepEqual((await streams.ListStreams({ TableName })).Streams.map((one) => one.StreamArn), [StreamArn]);
      const { StreamDescription } = await streams.DescribeStream({ StreamArn });
      assert.equal(StreamDescription.StreamStatus, 'ENABLED');
      const { ShardId } = StreamDescription.Shards[0];
      const records = async (more) => {
        const { ShardIterator } = await streams.GetShardIterator({ StreamArn, ShardId, ...more });
        return streams.GetRecords({ ShardIterator, Limit: 2 });
      };
      const first = await records({ ShardIteratorType: 'TRIM_HORIZON' });
      assert.deepEqual(first.Records.map((record) => record.eventName), ['INSERT', 'MODIFY']);
      assert.deepEqual(first.Records[1].dynamodb.Keys, { pk: S('a') });
      assert.deepEqual([first.Records[1].dynamodb.OldImage.v, first.Records[1].dynamodb.NewImage.v], [N(1), N(2)]);
      const rest = await streams.GetRecords({ ShardIterator: first.NextShardIterator });
      assert.deepEqual(rest.Records.map((record) => record.eventName), ['REMOVE']);
      assert.equal(rest.Records[0].dynamodb.NewImage, undefined);
      assert.equal((await records({ ShardIteratorType: 'LATEST' })).Records.length, 0);
      const { SequenceNumber } = first.Records[1].dynamodb;
      assert.equal((await records({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', SequenceNumber })).Records[0].eventName, 'MODIFY');
      assert.equal((await records({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber })).Records[0].eventName, 'REMOVE');
      await refused(streams.DescribeStream({ StreamArn: `${StreamArn}x` }), 'ResourceNotFoundException');
      await refused(streams.GetRecords({ ShardIterator: 'x' }), 'ValidationException');
      await refused(db.UpdateTable({ TableName, StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } }), 'ValidationException');
      await db.UpdateTable({ TableName, StreamSpecification: { StreamEnabled: false } });
      assert.equal((await db.DescribeTable({ TableName })).Table.StreamSpecification, undefined);
      await put(TableName, { pk: S('unheard') });
      assert.equal((await records({ ShardIteratorType: 'TRIM_HORIZON' })).Records.length, 2);
      assert.equal((await streams.DescribeStream({ StreamArn })).StreamDescription.StreamStatus, 'DISABLED');
    },

    async 'tags are kept'() {
      const TableName = await table({ simple: true, Tags: [{ Key: 'a', Value: '1' }] });
      const ResourceArn = (await db.DescribeTable({ TableName })).Table.TableArn;
      await db.TagResource({ ResourceArn, Tags: [{ Key: 'b', Value: '2' }] });
      await db.UntagResource({ ResourceArn, TagKeys: ['a'] });
      assert.deepEqual((await db.ListTagsOfResource({ ResourceArn })).Tags, [{ Key: 'b', Value: '2' }]);
      await refused(db.ListTagsOfResource({ ResourceArn: `${ResourceArn}x` }), 'ResourceNotFoundException');
    },

    async 'what is not offered says so'() {
      await refused(db.CreateBackup({ TableName: 't1', BackupName: 'b' }), 'UnknownOperationException');
      await refused(db.ExecuteStatement({ Statement: 'SELECT * FROM t1' }), 'UnknownOperationException');
    },

    async 'everything is there after a crash'() {
      const TableName = await table({ attributes: { group: 'S' }, GlobalSecondaryIndexes: [index('by-group', 'group')], StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' } });
      await fill(TableName, 30);
      await sleep(10);
      await server.restart();
      assert.equal((await db.Scan({ TableName })).Count, 30);
      assert.equal((await db.Scan({ TableName, IndexName: 'by-group' })).Count, 30);
      const StreamArn = (await db.DescribeTable({ TableName })).Table.LatestStreamArn;
      const { ShardId } = (await streams.DescribeStream({ StreamArn })).StreamDescription.Shards[0];
      const { ShardIterator } = await streams.GetShardIterator({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' });
      assert.equal((await streams.GetRecords({ ShardIterator })).Records.length, 30);
    },
  };
});
