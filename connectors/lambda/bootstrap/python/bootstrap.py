"""The Python runtime of pawl's local functions: asks for an event, calls the handler, sends the answer.

Embedded in the pawl binary and started as `python3 -c`. Standard library only. Error documents, their
frames and the text of results are those of AWS Lambda's own runtime, which is what a workflow sees.
"""


def _run():
    import decimal
    import http.client
    import importlib
    import json
    import logging
    import math
    import os
    import re
    import sys
    import time
    import traceback

    address = os.environ["AWS_LAMBDA_RUNTIME_API"]
    api = "/2018-06-01/runtime"
    task_root = os.environ["LAMBDA_TASK_ROOT"]
    # Python 3.12 was the first runtime whose JSON holds characters as they are.
    version = re.search(r"python3\.(\d+)", os.environ.get("AWS_EXECUTION_ENV", ""))
    ensure_ascii = bool(version) and int(version.group(1)) < 12
    response_bytes_max = 6 * 1024 * 1024 + 100

    sys.path[0:0] = [task_root]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)

    class Fault(Exception):
        """What the runtime itself reports: no frames of ours, a type of its own."""

        def __init__(self, error_type, message, trace=()):
            super().__init__(message)
            self.error_type, self.message, self.trace = error_type, message, list(trace)

    class Encoder(json.JSONEncoder):
        def default(self, value):
            if isinstance(value, decimal.Decimal):
                return math.nan if value.is_nan() else str(value)
            return super().default(value)

    encoder = Encoder(ensure_ascii=ensure_ascii)

    class Identity:
        def __init__(self, cognito):
            self.cognito_identity_id = cognito.get("cognitoIdentityId")
            self.cognito_identity_pool_id = cognito.get("cognitoIdentityPoolId")

    class Client:
        names = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")

        def __init__(self, values):
            for name in self.names:
                setattr(self, name, values.get(name))

    class ClientContext:
        def __init__(self, values):
            self.client = Client(values["client"]) if values.get("client") else None
            self.custom, self.env = values.get("custom"), values.get("env")

    class LambdaContext:
        function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        tenant_id = None

        def __init__(self, headers):
            self.aws_request_id = headers.get("Lambda-Runtime-Aws-Request-Id")
            self.invoked_function_arn = headers.get("Lambda-Runtime-Invoked-Function-Arn")
            self._deadline_ms = int(headers.get("Lambda-Runtime-Deadline-Ms", "0"))
            client = headers.get("Lambda-Runtime-Client-Context")
            self.client_context = ClientContext(json.loads(client)) if client else None
            self.identity = Identity(json.loads(headers.get("Lambda-Runtime-Cognito-Identity") or "{}"))
            # Not of AWS: the same for every delivery of one attempt of one task.
            self.pawl_idempotency_key = headers.get("Pawl-Idempotency-Key")

        def get_remaining_time_in_millis(self):
            return max(self._deadline_ms - int(time.time() * 1000), 0)

        def log(self, message):
            sys.stdout.write(str(message))

    current = {"request_id": None}

    class LogHandler(logging.Handler):
        def emit(self, record):
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            sys.stdout.write("[%s]\t%s.%03dZ\t%s\t%s\n" % (
                record.levelname, stamp, record.msecs, current["request_id"] or "", self.format(record)))

    logging.root.addHandler(LogHandler())

    connection = http.client.HTTPConnection(address)

    def call(method, path, body=None, headers=None):
        # A kept connection may have been closed while the process was idle: then once more.
        for last in (False, True):
            try:
                connection.request(method, api + path, body, headers or {})
                response = connection.getresponse()
                return response.status, response.headers, response.read()
            except (http.client.HTTPException, OSError):
                connection.close()
                if last or method != "GET":
                    raise

    def document(message, error_type, trace, request_id):
        return {"errorMessage": message or "", "errorType": error_type or "",
                "requestId": request_id or "", "stackTrace": trace or []}

    def describe(error, request_id):
        if isinstance(error, Fault):
            return document(error.message, error.error_type, error.trace, request_id)
        frames = traceback.extract_tb(error.__traceback__)
        while frames and frames[0].filename == "<string>":  # ours
            del frames[0]
        # A path below the task root is /var/task/... to the workflow, as it would be on AWS.
        prefix = task_root + os.sep
        lines = []
        for frame in frames:
            name = frame.filename
            name = "/var/task/" + name[len(prefix):] if name.startswith(prefix) else name
            if name.startswith("<frozen importlib"):
                continue
            lines.append('  File "%s", line %d, in %s\n' % (name, frame.lineno or 0, frame.name)
                         + ("    %s\n" % frame.line if frame.line else ""))
        return document(str(error), type(error).__name__, lines, request_id)

    def log_error(error, described):
        text = "[ERROR] %s: %s" % (described["errorType"], described["errorMessage"])
        if described["stackTrace"]:
            frames = traceback.extract_tb(error.__traceback__)
            while frames and frames[0].filename == "<string>":
                del frames[0]
            text += "\nTraceback (most recent call last):\n" + "".join(traceback.format_list(frames))
        sys.stdout.flush()
        sys.stderr.write(text.rstrip("\n") + "\n")

    def post_error(path, error, request_id):
        described = describe(error, request_id)
        log_error(error, described)
        call("POST", path, json.dumps(described, ensure_ascii=ensure_ascii).encode("utf-8", "replace"),
             {"Content-Type": "application/json",
              "Lambda-Runtime-Function-Error-Type": described["errorType"].encode("ascii", "replace").decode()})

    def load_handler():
        handler = os.environ["_HANDLER"]
        module_name, dot, function_name = handler.rpartition(".")
        if not dot:
            raise Fault("Runtime.MalformedHandlerName",
                        "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % handler)
        if module_name.split(".")[0] in sys.builtin_module_names:
            raise Fault("Runtime.BuiltInModuleConflict",
                        "Cannot use built-in module %s as a handler module" % module_name)
        try:
            module = importlib.import_module(module_name.replace("/", "."))
        except ImportError as error:
            raise Fault("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, error))
        except SyntaxError as error:
            raise Fault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error),
                        ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)])
        if not hasattr(module, function_name):
            raise Fault("Runtime.HandlerNotFound",
                        "Handler '%s' missing on module '%s'" % (function_name, module_name))
        return getattr(module, function_name)

    def answer(handler, headers, body):
        try:
            event = json.loads(body.decode("utf-8"))
        except ValueError as error:
            raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error)
        result = handler(event, LambdaContext(headers))
        if isinstance(result, bytes):
            return result, "application/unknown"
        try:
            return encoder.encode(result).encode("utf-8", "surrogatepass"), "application/json"
        except Exception as error:
            raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error)

    try:
        handler = load_handler()
    except BaseException as error:
        post_error("/init/error", error, None)
        sys.stdout.flush()
        os._exit(1)

    while True:
        status, headers, body = call("GET", "/invocation/next")
        if status != 200:
            sys.exit(1)
        request_id = headers.get("Lambda-Runtime-Aws-Request-Id")
        current["request_id"] = request_id
        if headers.get("Lambda-Runtime-Trace-Id"):
            os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id")
        path = "/invocation/%s" % request_id
        try:
            result, content_type = answer(handler, headers, body)
            if len(result) > response_bytes_max:
                raise Fault("Function.ResponseSizeTooLarge",
                            "Response payload size exceeded maximum allowed payload size (%d bytes)."
                            % response_bytes_max)
        except Exception as error:
            post_error(path + "/error", error, request_id)
        else:
            sys.stdout.flush()
            call("POST", path + "/response", result, {"Content-Type": content_type})


_run()
