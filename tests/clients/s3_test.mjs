// S3 with the AWS SDK for JavaScript: buckets, objects, parts, lists, conditions and their errors.
import crypto from 'node:crypto';
import http from 'node:http';

import { api, assert, pages, refused, run, server } from './harness.mjs';

const md5 = (bytes) => crypto.createHash('md5').update(bytes).digest('hex');

run(() => {
  const s3 = api('s3', { forcePathStyle: true });
  let serial = 0;
  async function bucket() {
    const Bucket = `bucket-${++serial}`;
    await s3.CreateBucket({ Bucket });
    return Bucket;
  }
  const put = (Bucket, Key, Body = 'x', more = {}) => s3.PutObject({ Bucket, Key, Body, ...more });
  const get = async (Bucket, Key, more) => {
    const answer = await s3.GetObject({ Bucket, Key, ...more });
    return { ...answer, bytes: Buffer.from(await answer.Body.transformToByteArray()) };
  };

  return {
    async 'buckets are made, listed and deleted'() {
      const Bucket = await bucket();
      await s3.HeadBucket({ Bucket });
      assert.ok((await s3.ListBuckets()).Buckets.some((one) => one.Name === Bucket && one.CreationDate instanceof Date));
      await s3.GetBucketLocation({ Bucket });
      await put(Bucket, 'a');
      await refused(s3.DeleteBucket({ Bucket }), 'BucketNotEmpty', 409);
      await s3.DeleteObject({ Bucket, Key: 'a' });
      await s3.DeleteBucket({ Bucket });
      await refused(s3.HeadBucket({ Bucket }), 'NotFound', 404);
      await refused(s3.DeleteBucket({ Bucket }), 'NoSuchBucket', 404);
      await refused(s3.CreateBucket({ Bucket: 'Not_A_Name' }), 'InvalidBucketName');
      for (const call of [() => put(Bucket, 'a'), () => get(Bucket, 'a'), () => s3.ListObjectsV2({ Bucket }), () => s3.DeleteObject({ Bucket, Key: 'a' })]) await refused(call(), 'NoSuchBucket', 404);
    },

    async 'an object comes back with everything that was said about it'() {
      const Bucket = await bucket();
      const Key = 'a/ü &?+%/ö"<>.txt';
      const sent = await put(Bucket, Key, 'Grüezi', {
        ContentType: 'text/plain; charset=utf-8', CacheControl: 'max-age=3', ContentDisposition: 'inline', ContentEncoding: 'identity', ContentLanguage: 'de', Metadata: { Who: 'me', n: '1' }, StorageClass: 'STANDARD_IA' });
      assert.equal(sent.ETag, `"${md5('Grüezi')}"`);
      const got = await get(Bucket, Key);
      assert.equal(got.bytes.toString(), 'Grüezi');
      assert.equal(got.ContentType, 'text/plain; charset=utf-8');
      assert.deepEqual([got.CacheControl, got.ContentDisposition, got.ContentLanguage], ['max-age=3', 'inline', 'de']);
      assert.deepEqual(got.Metadata, { who: 'me', n: '1' });
      assert.equal(got.StorageClass, 'STANDARD_IA');
      const head = await s3.HeadObject({ Bucket, Key });
      assert.deepEqual([head.ContentLength, head.ETag], [7, sent.ETag]);
      assert.ok(head.LastModified instanceof Date);
      const dressed = await get(Bucket, Key, { ResponseContentType: 'x/y', ResponseContentDisposition: 'attachment' });
      assert.deepEqual([dressed.ContentType, dressed.ContentDisposition], ['x/y', 'attachment']);
      await put(Bucket, Key, '');
      assert.equal((await get(Bucket, Key)).bytes.length, 0);
      await refused(get(Bucket, 'none'), 'NoSuchKey', 404);
      await refused(s3.HeadObject({ Bucket, Key: 'none' }), 'NotFound', 404);
      await refused(put(Bucket, 'k'.repeat(1025)), 'KeyTooLongError');
      await refused(put(Bucket, 'k', 'x', { Metadata: { big: 'x'.repeat(2100) } }), 'MetadataTooLarge');
      await s3.DeleteObject({ Bucket, Key });
      await s3.DeleteObject({ Bucket, Key });
      await refused(get(Bucket, Key), 'NoSuchKey');
    },

    async 'checksums are verified and kept'() {
      const Bucket = await bucket();
      for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'SHA1', 'SHA256', 'CRC64NVME']) {
        let sent;
        try {
          sent = await put(Bucket, ChecksumAlgorithm, 'hello', { ChecksumAlgorithm });
        } catch (error) {
          if (ChecksumAlgorithm === 'CRC64NVME' && /CRT|CRC64NVME/.test(error.message)) continue; // the SDK lacks its helper
          throw error;
        }
        const got = await get(Bucket, ChecksumAlgorithm, { ChecksumMode: 'ENABLED' });
        assert.equal(got[`Checksum${ChecksumAlgorithm}`], sent[`Checksum${ChecksumAlgorithm}`]);
        assert.ok(got[`Checksum${ChecksumAlgorithm}`]);
      }
      await refused(put(Bucket, 'bad', 'hello', { ContentMD5: Buffer.alloc(16).toString('base64') }), 'BadDigest');
      await refused(put(Bucket, 'bad', 'hello', { ChecksumSHA256: Buffer.alloc(32).toString('base64') }), 'BadDigest');
      await refused(get(Bucket, 'bad'), 'NoSuchKey');
    },

    async 'large objects stream, whole and in ranges'() {
      const Bucket = await bucket();
      const large = crypto.randomBytes(12_000_000);
      await put(Bucket, 'large', large);
      assert.ok((await get(Bucket, 'large')).bytes.equals(large));
      const range = async (Range) => get(Bucket, 'large', { Range });
      const middle = await range('bytes=5000000-5000099');
      assert.ok(middle.bytes.equals(large.subarray(5_000_000, 5_000_100)));
      assert.equal(middle.ContentRange, 'bytes 5000000-5000099/12000000');
      assert.equal(middle.$metadata.httpStatusCode, 206);
      assert.ok((await range('bytes=-10')).bytes.equals(large.subarray(-10)));
      assert.equal((await range('bytes=11999990-')).bytes.length, 10);
      assert.equal((await range('bytes=0-99999999')).bytes.length, 12_000_000);
      await refused(range('bytes=12000000-'), 'InvalidRange', 416);
      // As a stream of unknown content, in signed chunks.
      const { Readable } = await import('node:stream');
      await put(Bucket, 'stream', Readable.from([large.subarray(0, 70_000), large.subarray(70_000, 200_000)]), { ContentLength: 200_000 });
      assert.ok((await get(Bucket, 'stream')).bytes.equals(large.subarray(0, 200_000)));
    },

    async 'conditions of reads and writes'() {
      const Bucket = await bucket();
      const { ETag } = await put(Bucket, 'k', 'one');
      const { LastModified } = await s3.HeadObject({ Bucket, Key: 'k' });
      await refused(get(Bucket, 'k', { IfMatch: '"other"' }), 'PreconditionFailed', 412);
      assert.equal((await get(Bucket, 'k', { IfMatch: ETag })).bytes.toString(), 'one');
      for (const condition of [{ IfNoneMatch: ETag }, { IfModifiedSince: new Date(LastModified.getTime() + 1000) }]) {
        const error = await get(Bucket, 'k', condition).catch((caught) => caught);
        assert.equal(error.$metadata.httpStatusCode, 304);
      }
      await refused(get(Bucket, 'k', { IfUnmodifiedSince: new Date(LastModified.getTime() - 60_000) }), 'PreconditionFailed');
      await refused(put(Bucket, 'k', 'two', { IfNoneMatch: '*' }), 'PreconditionFailed');
      await refused(put(Bucket, 'k', 'two', { IfMatch: '"other"' }), 'PreconditionFailed');
      await refused(put(Bucket, 'new', 'two', { IfMatch: ETag }), 'NoSuchKey');
      await put(Bucket, 'k', 'two', { IfMatch: ETag });
      await put(Bucket, 'new', 'first', { IfNoneMatch: '*' });
      await refused(s3.DeleteObject({ Bucket, Key: 'k', IfMatch: ETag }), 'PreconditionFailed');
      // Of many that make the same object at once one wins.
      const outcomes = await Promise.all(Array.from({ length: 8 }, (_, i) => put(Bucket, 'race', `${i}`, { IfNoneMatch: '*' }).then(() => 'won', (error) => error.name)));
      assert.equal(outcomes.filter((outcome) => outcome === 'won').length, 1);
      assert.equal(outcomes.filter((outcome) => outcome === 'PreconditionFailed').length, 7);
    },

    async 'copies, with or without what was said'() {
      const [from, to] = [await bucket(), await bucket()];
      await put(from, 'a ü', 'body', { Metadata: { a: '1' }, ContentType: 'x/y' });
      const CopySource = `${from}/${encodeURIComponent('a ü')}`;
      const copied = await s3.CopyObject({ Bucket: to, Key: 'b', CopySource });
      assert.equal(copied.CopyObjectResult.ETag, `"${md5('body')}"`);
      assert.deepEqual((await get(to, 'b')).Metadata, { a: '1' });
      await s3.CopyObject({ Bucket: to, Key: 'c', CopySource, MetadataDirective: 'REPLACE', Metadata: { b: '2' }, ContentType: 'q/r' });
      const replaced = await get(to, 'c');
      assert.deepEqual([replaced.Metadata, replaced.ContentType, replaced.bytes.toString()], [{ b: '2' }, 'q/r', 'body']);
      await refused(s3.CopyObject({ Bucket: to, Key: 'd', CopySource: `${from}/none` }), 'NoSuchKey');
      await refused(s3.CopyObject({ Bucket: to, Key: 'd', CopySource: 'nowhere/none' }), 'NoSuchBucket');
      await refused(s3.CopyObject({ Bucket: from, Key: 'a ü', CopySource }), 'InvalidRequest');
      await refused(s3.CopyObject({ Bucket: to, Key: 'd', CopySource, CopySourceIfMatch: '"x"' }), 'PreconditionFailed');
    },

    async 'lists by prefix and delimiter, in pages'() {
      const Bucket = await bucket();
      for (const key of ['a', 'd/1', 'd/2', 'd/e/3', 'f/4', 'ä &']) await put(Bucket, key, key);
      const top = await s3.ListObjectsV2({ Bucket, Delimiter: '/' });
      assert.deepEqual(top.Contents.map((one) => one.Key), ['a', 'ä &']);
      assert.deepEqual(top.CommonPrefixes.map((one) => one.Prefix), ['d/', 'f/']);
      assert.equal(top.KeyCount, 4);
      const below = await s3.ListObjectsV2({ Bucket, Prefix: 'd/', Delimiter: '/', FetchOwner: true });
      assert.deepEqual(below.Contents.map((one) => [one.Key, one.Size]), [['d/1', 3], ['d/2', 3]]);
      assert.ok(below.Contents[0].Owner.ID && below.Contents[0].ETag && below.Contents[0].LastModified instanceof Date);
      const paged = await pages(s3.ListObjectsV2, { Bucket, MaxKeys: 2 }, 'Contents', 'NextContinuationToken', 'ContinuationToken');
      assert.deepEqual([paged.items.length, paged.count], [6, 3]);
      assert.deepEqual((await s3.ListObjectsV2({ Bucket, StartAfter: 'd/2' })).Contents.map((one) => one.Key), ['d/e/3', 'f/4', 'ä &']);
      assert.equal(decodeURIComponent((await s3.ListObjectsV2({ Bucket, EncodingType: 'url' })).Contents.at(-1).Key), 'ä &');
      const old = await s3.ListObjects({ Bucket, MaxKeys: 3, Delimiter: '/' });
      assert.deepEqual([old.IsTruncated, old.NextMarker], [true, 'f/']);
      assert.deepEqual((await s3.ListObjects({ Bucket, Marker: 'f/4' })).Contents.map((one) => one.Key), ['ä &']);
      await refused(s3.ListObjectsV2({ Bucket, ContinuationToken: 'x' }), 'InvalidArgument');
      assert.equal((await s3.ListObjectsV2({ Bucket, MaxKeys: 0 })).Contents, undefined);
      const gone = await s3.DeleteObjects({ Bucket, Delete: { Objects: [{ Key: 'a' }, { Key: 'ä &' }, { Key: 'none' }] } });
      assert.deepEqual(gone.Deleted.map((one) => one.Key).sort(), ['a', 'none', 'ä &']);
      assert.equal((await s3.DeleteObjects({ Bucket, Delete: { Quiet: true, Objects: [{ Key: 'd/1' }] } })).Deleted, undefined);
      assert.equal((await s3.ListObjectsV2({ Bucket })).KeyCount, 3);
    },

    async 'uploads in parts'() {
      const Bucket = await bucket();
      const Key = 'parts';
      const five = crypto.randomBytes(5 * 1024 * 1024);
      const { UploadId } = await s3.CreateMultipartUpload({ Bucket, Key, Metadata: { m: '1' }, ContentType: 'x/y' });
      const parts = [];
      for (const [PartNumber, Body] of [[1, five], [3, 'end']]) {
        const { ETag } = await s3.UploadPart({ Bucket, Key, UploadId, PartNumber, Body });
        parts.push({ PartNumber, ETag });
      }
      await put(Bucket, 'source', 'middle');
      await s3.UploadPart({ Bucket, Key, UploadId, PartNumber: 2, Body: 'small' });
      const copied = await s3.UploadPartCopy({ Bucket, Key, UploadId, PartNumber: 2, CopySource: `${Bucket}/source`, CopySourceRange: 'bytes=0-2' });
      assert.equal(copied.CopyPartResult.ETag, `"${md5('mid')}"`);
      const listed = await pages(s3.ListParts, { Bucket, Key, UploadId, MaxParts: 2 }, 'Parts', 'NextPartNumberMarker', 'PartNumberMarker').catch(() => null);
      assert.ok(listed === null || listed.items.length >= 3);
      assert.equal((await s3.ListParts({ Bucket, Key, UploadId })).Parts.length, 3);
      assert.equal((await s3.ListMultipartUploads({ Bucket })).Uploads[0].UploadId, UploadId);
      const complete = (Parts, more) => s3.CompleteMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more });
      await refused(complete([{ PartNumber: 1, ETag: '"x"' }]), 'InvalidPart');
      await refused(complete([...parts].reverse()), 'InvalidPartOrder');
      await refused(complete([parts[0], { PartNumber: 2, ETag: copied.CopyPartResult.ETag }, parts[1]]), 'EntityTooSmall');
      const whole = await complete(parts);
      const digests = Buffer.concat([five, Buffer.from('end')].map((part) => Buffer.from(md5(part), 'hex')));
      assert.equal(whole.ETag, `"${md5(digests)}-2"`);
      const got = await get(Bucket, Key);
      assert.ok(got.bytes.equals(Buffer.concat([five, Buffer.from('end')])));
      assert.deepEqual([got.Metadata, got.ContentType], [{ m: '1' }, 'x/y']);
      const second = await get(Bucket, Key, { PartNumber: 2 });
      assert.deepEqual([second.bytes.toString(), second.PartsCount], ['end', 2]);
      await refused(complete(parts), 'NoSuchUpload');
      const aborted = await s3.CreateMultipartUpload({ Bucket, Key: 'other' });
      await s3.UploadPart({ Bucket, Key: 'other', UploadId: aborted.UploadId, PartNumber: 1, Body: 'x' });
      await s3.AbortMultipartUpload({ Bucket, Key: 'other', UploadId: aborted.UploadId });
      await refused(s3.ListParts({ Bucket, Key: 'other', UploadId: aborted.UploadId }), 'NoSuchUpload', 404);
      await refused(s3.UploadPart({ Bucket, Key, UploadId: 'none', PartNumber: 1, Body: 'x' }), 'NoSuchUpload');
      await refused(s3.UploadPart({ Bucket, Key, UploadId: 'none', PartNumber: 10_001, Body: 'x' }), 'InvalidArgument');
    },

    async 'tags of objects'() {
      const Bucket = await bucket();
      const Key = 'k';
      await put(Bucket, Key, 'x', { Tagging: 'team=a%20b&empty=' });
      const tags = async () => (await s3.GetObjectTagging({ Bucket, Key })).TagSet;
      assert.deepEqual(await tags(), [{ Key: 'team', Value: 'a b' }, { Key: 'empty', Value: '' }]);
      assert.equal((await s3.GetObject({ Bucket, Key })).TagCount, 2);
      await s3.PutObjectTagging({ Bucket, Key, Tagging: { TagSet: [{ Key: 'new', Value: '<&>' }] } });
      assert.deepEqual(await tags(), [{ Key: 'new', Value: '<&>' }]);
      await s3.CopyObject({ Bucket, Key: 'copy', CopySource: `${Bucket}/${Key}` });
      assert.equal((await s3.GetObjectTagging({ Bucket, Key: 'copy' })).TagSet[0].Key, 'new');
      await s3.CopyObject({ Bucket, Key: 'copy', CopySource: `${Bucket}/${Key}`, TaggingDirective: 'REPLACE', Tagging: 'z=1' });
      assert.deepEqual((await s3.GetObjectTagging({ Bucket, Key: 'copy' })).TagSet, [{ Key: 'z', Value: '1' }]);
      await s3.DeleteObjectTagging({ Bucket, Key });
      assert.deepEqual(await tags(), []);
      await refused(s3.GetObjectTagging({ Bucket, Key: 'none' }), 'NoSuchKey', 404);
      const many = Array.from({ length: 11 }, (_, i) => ({ Key: `${i}`, Value: '' }));
      await refused(s3.PutObjectTagging({ Bucket, Key, Tagging: { TagSet: many } }), 'BadRequest');
      await refused(s3.PutObjectTagging({ Bucket, Key, Tagging: { TagSet: [{ Key: 'a', Value: '' }, { Key: 'a', Value: '' }] } }), 'InvalidTag');
    },

    async 'what is not offered is refused by name'() {
      const Bucket = await bucket();
      await put(Bucket, 'k');
      assert.equal((await s3.GetBucketVersioning({ Bucket })).Status, undefined); // never enabled
      await refused(s3.PutBucketVersioning({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }), 'NotImplemented', 501);
      await refused(s3.PutBucketPolicy({ Bucket, Policy: '{}' }), 'NotImplemented');
      await refused(s3.ListObjectVersions({ Bucket }), 'NotImplemented');
      await refused(get(Bucket, 'k', { VersionId: 'v1' }), 'NoSuchVersion', 404);
      assert.equal((await get(Bucket, 'k', { VersionId: 'null' })).bytes.toString(), 'x'); // of an object without versions
      await refused(s3.DeleteObject({ Bucket, Key: 'k', VersionId: 'v1' }), 'NoSuchVersion');
      assert.equal((await s3.DeleteObjects({ Bucket, Delete: { Objects: [{ Key: 'k', VersionId: 'v1' }] } })).Errors[0].Code, 'NoSuchVersion');
      assert.equal((await get(Bucket, 'k')).bytes.toString(), 'x');
    },

    async 'the bucket may be in the host name'() {
      const Bucket = await bucket();
      await put(Bucket, 'a/b', 'hosted');
      const ask = (host, path) => new Promise((resolve, reject) => {
        http.get({ port: server.port, host: '127.0.0.1', path, headers: { Host: host, Authorization: 'AWS4-HMAC-SHA256 Credential=any/20261126/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0' } }, (response) => {
          let body = '';
          response.on('data', (data) => { body += data; });
          response.on('end', () => resolve({ status: response.statusCode, body }));
        }).on('error', reject);
      });
      for (const host of [`${Bucket}.s3.localhost:${server.port}`, `${Bucket}.localhost:${server.port}`, `${Bucket}.s3.us-east-1.amazonaws.com`]) {
        assert.deepEqual(await ask(host, '/a/b'), { status: 200, body: 'hosted' });
        assert.match((await ask(host, '/?list-type=2')).body, /<Key>a\/b<\/Key>/);
      }
    },

    async 'everything is there after a crash'() {
      const Bucket = await bucket();
      const large = crypto.randomBytes(3_000_000);
      await put(Bucket, 'large', large, { Tagging: 'a=1' });
      const { UploadId } = await s3.CreateMultipartUpload({ Bucket, Key: 'u' });
      const { ETag } = await s3.UploadPart({ Bucket, Key: 'u', UploadId, PartNumber: 1, Body: 'part' });
      await server.restart();
      assert.ok((await get(Bucket, 'large')).bytes.equals(large));
      await s3.CompleteMultipartUpload({ Bucket, Key: 'u', UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } });
      assert.equal((await get(Bucket, 'u')).bytes.toString(), 'part');
    },
  };
});
