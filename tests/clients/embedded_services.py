#!/usr/bin/env python3
"""Drives the embedded services of a `pawl serve` with boto3: the usual operations of each, and their errors.

    tests/clients/embedded_services.py build/bin/pawl [SERVICE ...]

Starts the program on a free port with a data directory of its own, and once more over the same directory, to see
that everything is still there. Exit code 77 where boto3 is missing.
"""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import zipfile

try:
    import boto3
    import botocore.config
    import botocore.exceptions
except ImportError:
    print("boto3 is missing: apt install python3-boto3")
    sys.exit(77)

os.environ.update(AWS_ACCESS_KEY_ID="any", AWS_SECRET_ACCESS_KEY="any", AWS_DEFAULT_REGION="us-east-1")
os.environ.pop("AWS_PROFILE", None)


class Server:
    def __init__(self, program, directory):
        self.process = subprocess.Popen(
            [program, "serve", "--port", "0", "--data", directory], stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PATH": "/usr/bin:/bin"})  # the system's interpreters
        for line in self.process.stderr:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                self.url = found.group(0)
                return
        raise SystemExit("the server did not start")

    def client(self, service, **config):
        return boto3.client(service, endpoint_url=self.url, config=botocore.config.Config(
            retries={"max_attempts": 0}, read_timeout=40, **config))

    def stop(self, kill=False):
        (self.process.kill if kill else self.process.terminate)()
        self.process.wait(20)


def fails(code, call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        got = error.response["Error"]["Code"]
        assert got == code, f"expected {code}, got {got}: {error}"
        return error
    raise AssertionError(f"expected {code}, but it succeeded")


def s3(server):
    client = server.client("s3", s3={"addressing_style": "path"}, signature_version="s3v4")
    client.create_bucket(Bucket="data")
    assert [b["Name"] for b in client.list_buckets()["Buckets"]] == ["data"]
    client.put_object(Bucket="data", Key="a/ü &1", Body=b"hello", Metadata={"who": "me"}, ContentType="text/x")
    got = client.get_object(Bucket="data", Key="a/ü &1")
    assert got["Body"].read() == b"hello" and got["Metadata"] == {"who": "me"} and got["ContentType"] == "text/x"
    assert client.head_object(Bucket="data", Key="a/ü &1")["ContentLength"] == 5
    large = os.urandom(30_000_000)
    client.put_object(Bucket="data", Key="large", Body=large)
    assert client.get_object(Bucket="data", Key="large")["Body"].read() == large
    part = client.get_object(Bucket="data", Key="large", Range="bytes=100-199")
    assert part["Body"].read() == large[100:200] and part["ContentRange"] == "bytes 100-199/30000000"
    client.upload_fileobj(io.BytesIO(large), "data", "parts")  # multipart
    head = client.head_object(Bucket="data", Key="parts")
    assert head["ETag"].endswith('-4"') and head["ContentLength"] == len(large), head
    assert hashlib.md5(client.get_object(Bucket="data", Key="parts")["Body"].read()).digest() == \
        hashlib.md5(large).digest()
    client.copy_object(Bucket="data", Key="copy", CopySource={"Bucket": "data", "Key": "a/ü &1"})
    assert client.get_object(Bucket="data", Key="copy")["Metadata"] == {"who": "me"}
    for i in range(5):
        client.put_object(Bucket="data", Key=f"list/{i}/x", Body=b"")
    pages = list(client.get_paginator("list_objects_v2").paginate(
        Bucket="data", Prefix="list/", Delimiter="/", PaginationConfig={"PageSize": 2}))
    assert [p["Prefix"] for page in pages for p in page["CommonPrefixes"]] == [f"list/{i}/" for i in range(5)]
    assert client.list_objects(Bucket="data", MaxKeys=1)["IsTruncated"]
    fails("NoSuchKey", client.get_object, Bucket="data", Key="none")
    fails("404", client.head_object, Bucket="data", Key="none")
    fails("NoSuchBucket", client.list_objects_v2, Bucket="none")
    fails("BucketNotEmpty", client.delete_bucket, Bucket="data")
    fails("InvalidRange", client.get_object, Bucket="data", Key="copy", Range="bytes=9-")
    fails("PreconditionFailed", client.get_object, Bucket="data", Key="copy", IfMatch='"x"')
    fails("304", client.get_object, Bucket="data", Key="copy", IfNoneMatch=head_etag(client, "copy"))
    upload = client.create_multipart_upload(Bucket="data", Key="u")["UploadId"]
    client.upload_part(Bucket="data", Key="u", UploadId=upload, PartNumber=1, Body=b"x")
    assert client.list_parts(Bucket="data", Key="u", UploadId=upload)["Parts"][0]["Size"] == 1
    assert client.list_multipart_uploads(Bucket="data")["Uploads"][0]["Key"] == "u"
    client.abort_multipart_upload(Bucket="data", Key="u", UploadId=upload)
    gone = client.delete_objects(Bucket="data", Delete={"Objects": [{"Key": "copy"}, {"Key": "none"}]})
    assert len(gone["Deleted"]) == 2
    url = client.generate_presigned_url("get_object", Params={"Bucket": "data", "Key": "large"})
    import urllib.request
    assert urllib.request.urlopen(url).read() == large


def head_etag(client, key):
    return client.head_object(Bucket="data", Key=key)["ETag"]


def s3_again(server):
    client = server.client("s3", s3={"addressing_style": "path"})
    assert client.get_object(Bucket="data", Key="large")["Body"].read()[:0] == b""
    assert client.head_object(Bucket="data", Key="parts")["ContentLength"] == 30_000_000


def sqs(server):
    client = server.client("sqs")
    url = client.create_queue(QueueName="q", tags={"a": "b"})["QueueUrl"]
    sent = client.send_message(QueueUrl=url, MessageBody="ü", MessageAttributes={
        "n": {"DataType": "Number", "StringValue": "1"}, "b": {"DataType": "Binary", "BinaryValue": b"\0"}})
    assert sent["MD5OfMessageBody"] == hashlib.md5("ü".encode()).hexdigest()
    got = client.receive_message(QueueUrl=url, MessageAttributeNames=["All"], AttributeNames=["All"])["Messages"][0]
    assert got["Body"] == "ü" and got["MessageAttributes"]["b"]["BinaryValue"] == b"\0"
    assert got["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    client.change_message_visibility(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)
    got = client.receive_message(QueueUrl=url, WaitTimeSeconds=2)["Messages"][0]
    client.delete_message(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"])
    began = time.monotonic()
    assert "Messages" not in client.receive_message(QueueUrl=url, WaitTimeSeconds=1)
    assert time.monotonic() - began > 0.9
    batch = client.send_message_batch(QueueUrl=url, Entries=[{"Id": str(i), "MessageBody": "m"} for i in range(10)])
    assert len(batch["Successful"]) == 10
    got = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert len(got) == 10
    client.delete_message_batch(QueueUrl=url, Entries=[
        {"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(got)])
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0" and attributes["QueueArn"].endswith(":q")
    client.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5"})
    assert client.list_queues(QueueNamePrefix="q")["QueueUrls"] == [url]
    assert client.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "b"}
    assert client.get_queue_url(QueueName="q")["QueueUrl"] == url
    fails("AWS.SimpleQueueService.NonExistentQueue", client.send_message,
          QueueUrl=url + "x", MessageBody="m")
    try:
        client.get_queue_url(QueueName="none")
    except client.exceptions.QueueDoesNotExist:
        pass
    client.send_message(QueueUrl=url, MessageBody="kept")
    fifo = client.create_queue(QueueName="f.fifo", Attributes={
        "FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
    first = client.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId="g")
    assert client.send_message(QueueUrl=fifo, MessageBody="x", MessageGroupId="g")["MessageId"] == first["MessageId"]
    client.delete_queue(QueueUrl=fifo)


def sqs_again(server):
    client = server.client("sqs")
    url = client.get_queue_url(QueueName="q")["QueueUrl"]
    assert client.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]["Body"] == "kept"


def dynamodb(server):
    client = server.client("dynamodb")
    client.create_table(
        TableName="table", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("id", "at", "kind")],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[{"IndexName": "by_kind", "Projection": {"ProjectionType": "ALL"},
                                 "KeySchema": [{"AttributeName": "kind", "KeyType": "HASH"}]}])
    client.get_waiter("table_exists").wait(TableName="table")
    table = boto3.resource("dynamodb", endpoint_url=server.url).Table("table")
    with table.batch_writer() as batch:
        for i in range(60):
            batch.put_item(Item={"id": f"i{i % 3}", "at": f"{i:03}", "kind": "k", "n": i, "deep": {"l": [1, None, b"x"]}})
    from boto3.dynamodb.conditions import Attr, Key
    page = table.query(KeyConditionExpression=Key("id").eq("i1") & Key("at").between("010", "030"))
    assert [int(i["n"]) for i in page["Items"]] == [10, 13, 16, 19, 22, 25, 28]
    assert table.query(IndexName="by_kind", KeyConditionExpression=Key("kind").eq("k"), Select="COUNT")["Count"] == 60
    assert table.scan(FilterExpression=Attr("n").gte(58) & Attr("deep.l").size().eq(3))["Count"] == 2
    updated = table.update_item(Key={"id": "i1", "at": "010"}, ReturnValues="UPDATED_NEW",
                                UpdateExpression="SET n = n + :one, deep.l[0] = :x ADD tags :t",
                                ExpressionAttributeValues={":one": 1, ":x": "y", ":t": {"a", "b"}})
    assert updated["Attributes"]["n"] == 11 and updated["Attributes"]["tags"] == {"a", "b"}
    fails("ConditionalCheckFailedException", table.put_item, Item={"id": "i1", "at": "010"},
          ConditionExpression=Attr("id").not_exists())
    fails("ResourceNotFoundException", client.get_item, TableName="none", Key={"id": {"S": "x"}})
    fails("ValidationException", table.get_item, Key={"id": "i1"})
    fails("ResourceInUseException", client.create_table, TableName="table", BillingMode="PAY_PER_REQUEST",
          AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
          KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}])
    error = fails("TransactionCanceledException", client.transact_write_items, TransactItems=[
        {"Put": {"TableName": "table", "Item": {"id": {"S": "t"}, "at": {"S": "1"}}}},
        {"ConditionCheck": {"TableName": "table", "Key": {"id": {"S": "i1"}, "at": {"S": "010"}},
                            "ConditionExpression": "attribute_not_exists(id)"}}])
    assert [r["Code"] for r in error.response["CancellationReasons"]] == ["None", "ConditionalCheckFailed"]
    assert "Item" not in table.get_item(Key={"id": "t", "at": "1"})
    assert len(list(client.get_paginator("scan").paginate(TableName="table", PaginationConfig={"PageSize": 25}))) == 3
    assert client.list_tables()["TableNames"] == ["table"]


def dynamodb_again(server):
    assert boto3.resource("dynamodb", endpoint_url=server.url).Table("table").scan(Select="COUNT")["Count"] == 60


def sns(server):
    client, queues = server.client("sns"), server.client("sqs")
    topic = client.create_topic(Name="t")["TopicArn"]
    url = queues.create_queue(QueueName="of-topic")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = client.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True,
                                    Attributes={"FilterPolicy": json.dumps({"kind": ["a"]})})["SubscriptionArn"]
    for kind in "ab":
        client.publish(TopicArn=topic, Message="m", Subject=f"s{kind}", MessageAttributes={
            "kind": {"DataType": "String", "StringValue": kind}})
    got = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)["Messages"]
    assert [json.loads(m["Body"])["Subject"] for m in got] == ["sa"]
    assert client.get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"] == "1"
    assert client.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"][0]["SubscriptionArn"] == subscription
    batch = client.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "1", "Message": "x"}])
    assert batch["Successful"][0]["Id"] == "1"
    assert client.list_topics()["Topics"] == [{"TopicArn": topic}]
    client.unsubscribe(SubscriptionArn=subscription)
    fails("NotFound", client.publish, TopicArn=topic + "x", Message="m")
    fails("InvalidParameter", client.publish, TopicArn=topic, Message="")
    client.delete_topic(TopicArn=topic)


def events(server):
    client, queues = server.client("events"), server.client("sqs")
    url = queues.create_queue(QueueName="of-rule")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client.create_event_bus(Name="bus")
    client.put_rule(Name="r", EventBusName="bus", EventPattern=json.dumps({"source": [{"prefix": "my."}]}))
    client.put_targets(Rule="r", EventBusName="bus", Targets=[{"Id": "1", "Arn": arn}])
    put = client.put_events(Entries=[
        {"Source": "my.app", "DetailType": "t", "Detail": '{"a": 1}', "EventBusName": "bus"},
        {"Source": "other", "DetailType": "t", "Detail": "{}", "EventBusName": "bus"},
        {"Source": "my.app", "DetailType": "t", "Detail": "x", "EventBusName": "bus"}])
    assert put["FailedEntryCount"] == 1 and put["Entries"][2]["ErrorCode"] == "MalformedDetail"
    got = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)["Messages"]
    assert len(got) == 1 and json.loads(got[0]["Body"])["detail"] == {"a": 1}
    assert client.list_rules(EventBusName="bus")["Rules"][0]["Name"] == "r"
    fails("ResourceNotFoundException", client.describe_rule, Name="none")
    fails("InvalidEventPatternException", client.put_rule, Name="x", EventPattern='{"a": "b"}')
    fails("ValidationException", client.delete_rule, Name="r", EventBusName="bus")

    basic = {"BasicAuthParameters": {"Username": "u", "Password": "p"}}
    made = client.create_connection(Name="c", AuthorizationType="BASIC", AuthParameters=basic)
    assert made["ConnectionState"] == "AUTHORIZED" and made["CreationTime"].year > 2000
    fails("ResourceAlreadyExistsException", client.create_connection, Name="c",
          AuthorizationType="BASIC", AuthParameters=basic)
    fails("ValidationException", client.create_connection, Name="d", AuthorizationType="API_KEY",
          AuthParameters=basic)
    shown = client.describe_connection(Name="c")
    assert shown["AuthParameters"] == {"BasicAuthParameters": {"Username": "u"}}
    assert shown["ConnectionArn"] == made["ConnectionArn"] and ":secret:" in shown["SecretArn"]
    client.update_connection(Name="c", AuthorizationType="API_KEY", AuthParameters={
        "ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}})
    for name in ("c2", "c3"):
        client.create_connection(Name=name, AuthorizationType="BASIC", AuthParameters=basic)
    page = client.list_connections(NamePrefix="c", Limit=2)
    assert [one["Name"] for one in page["Connections"]] == ["c", "c2"]
    page = client.list_connections(NamePrefix="c", Limit=2, NextToken=page["NextToken"])
    assert [one["Name"] for one in page["Connections"]] == ["c3"] and "NextToken" not in page
    assert client.deauthorize_connection(Name="c2")["ConnectionState"] == "DEAUTHORIZING"
    assert client.list_connections(ConnectionState="DEAUTHORIZED")["Connections"][0]["Name"] == "c2"
    assert client.delete_connection(Name="c3")["ConnectionState"] == "DELETING"
    fails("ResourceNotFoundException", client.describe_connection, Name="c3")


def events_again(server):
    shown = server.client("events").describe_connection(Name="c")
    assert shown["AuthParameters"] == {"ApiKeyAuthParameters": {"ApiKeyName": "k"}}
    secret = server.client("secretsmanager").get_secret_value(SecretId=shown["SecretArn"])
    assert json.loads(secret["SecretString"])["ApiKeyAuthParameters"]["ApiKeyValue"] == "v"


def secretsmanager(server):
    client = server.client("secretsmanager")
    arn = client.create_secret(Name="s", SecretString="one")["ARN"]
    client.put_secret_value(SecretId="s", SecretString="two")
    assert client.get_secret_value(SecretId=arn)["SecretString"] == "two"
    assert client.get_secret_value(SecretId="s", VersionStage="AWSPREVIOUS")["SecretString"] == "one"
    assert "s" in [one["Name"] for one in client.list_secrets()["SecretList"]]
    fails("ResourceNotFoundException", client.get_secret_value, SecretId="none")
    fails("ResourceExistsException", client.create_secret, Name="s")


def archive(source):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("main.py", source)
    return buffer.getvalue()


def lambda_(server):
    client = server.client("lambda")
    made = client.create_function(
        FunctionName="f", Runtime="python3.12", Role="arn:aws:iam::123456789012:role/r", Handler="main.handler",
        Timeout=10, Environment={"Variables": {"WHO": "me"}},
        Code={"ZipFile": archive("import os\ndef handler(e, c):\n    return [e, os.environ['WHO']]\n")})
    assert made["State"] == "Active"
    got = client.invoke(FunctionName="f", Payload=b'{"a": 1}', LogType="Tail")
    assert json.load(got["Payload"]) == [{"a": 1}, "me"] and got["StatusCode"] == 200 and got["LogResult"]
    client.update_function_code(FunctionName="f", ZipFile=archive("def handler(e, c):\n    raise ValueError('no')\n"))
    got = client.invoke(FunctionName=made["FunctionArn"], Payload=b"{}")
    assert got["FunctionError"] == "Unhandled" and json.load(got["Payload"])["errorType"] == "ValueError"
    client.update_function_configuration(FunctionName="f", MemorySize=256)
    assert client.get_function(FunctionName="f")["Configuration"]["MemorySize"] == 256
    assert [f["FunctionName"] for f in client.list_functions()["Functions"]] == ["f"]
    fails("ResourceConflictException", client.create_function, FunctionName="f", Runtime="python3.12",
          Role="arn:aws:iam::123456789012:role/r", Handler="main.handler", Code={"ZipFile": archive("")})
    fails("InvalidParameterValueException", client.update_function_code, FunctionName="f", ZipFile=b"no zip")
    fails("ResourceNotFoundException", client.invoke, FunctionName="none")
    client.update_function_code(FunctionName="f", ZipFile=archive("def handler(e, c):\n    return 'kept'\n"))


def lambda_again(server):
    client = server.client("lambda")
    assert json.load(client.invoke(FunctionName="f")["Payload"]) == "kept"
    client.delete_function(FunctionName="f")
    fails("ResourceNotFoundException", client.get_function, FunctionName="f")


FIRST = {"s3": s3, "sqs": sqs, "dynamodb": dynamodb, "sns": sns, "events": events,
         "secretsmanager": secretsmanager, "lambda": lambda_}
AGAIN = {"s3": s3_again, "sqs": sqs_again, "dynamodb": dynamodb_again, "events": events_again,
         "lambda": lambda_again}


def main():
    program, chosen = sys.argv[1], sys.argv[2:] or list(FIRST)
    failures = 0
    with tempfile.TemporaryDirectory() as directory:
        for tests, kill in ((FIRST, True), (AGAIN, False)):
            server = Server(program, os.path.join(directory, "data"))
            for name in chosen:
                if name not in tests:
                    continue
                try:
                    tests[name](server)
                    print(f"ok      {name}{' after a kill' if tests is AGAIN else ''}")
                except Exception as error:  # the next service is tested all the same
                    failures += 1
                    place = error.__traceback__
                    while place.tb_next and place.tb_next.tb_frame.f_code.co_filename == __file__:
                        place = place.tb_next
                    print(f"FAILED  {name}, line {place.tb_lineno}: {type(error).__name__}: {error}")
            server.stop(kill)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
