// The Node runtime of pawl's local functions: asks for an event, calls the handler, sends the answer.
//
// Embedded in the pawl binary and started as `node -e`. Standard library only. Error documents and
// loading rules are those of AWS Lambda's own runtime, which is what a workflow sees.
'use strict';
(() => {
  const fs = require('fs');
  const http = require('http');
  const path = require('path');
  const { pathToFileURL } = require('url');
  const { createRequire } = require('module');

  const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
  const api = '/2018-06-01/runtime';
  const taskRoot = process.env.LAMBDA_TASK_ROOT;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

  function once(method, target, body, headers) {
    return new Promise((resolve, reject) => {
      const request = http.request(
        { host, port, method, path: api + target, agent, headers: headers || {} },
        (response) => {
          const chunks = [];
          response.on('data', (chunk) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => resolve({
            status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks),
          }));
        });
      request.on('error', reject);
      request.end(body);
    });
  }

  // A kept connection may have been closed while the process was idle: then once more.
  async function call(method, target, body, headers) {
    try {
      return await once(method, target, body, headers);
    } catch (error) {
      if (method !== 'GET') throw error;
      return once(method, target, body, headers);
    }
  }

  function fault(type, message) {
    const error = new Error(message);
    error.name = type;
    error.stack = `${type}: ${message}`;
    return error;
  }

  // A path below the task root is /var/task/... to the workflow, as it would be on AWS.
  const hidePaths = (line) => line.split(`${taskRoot}${path.sep}`).join('/var/task/');

  function describe(error) {
    if (error instanceof Error || Object.prototype.toString.call(error) === '[object Error]') {
      return {
        errorType: error.name,
        errorMessage: error.message,
        trace: String(error.stack).split('\n').map(hidePaths),
      };
    }
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }

  async function postError(target, error, label) {
    let described;
    try {
      described = describe(error);
    } catch (_) {
      described = {
        errorType: 'handled',
        errorMessage: 'callback called with Error argument, but there was a problem while retrieving ' +
          'one or more of its message, name, and stack',
      };
    }
    console.error(label, error instanceof Error ? error.stack : error);
    const type = String(described.errorType).replace(/[^\x21-\x7e]/g, '?');
    await call('POST', target, JSON.stringify(described), {
      'Content-Type': 'application/json',
      'Lambda-Runtime-Function-Error-Type': type,
    });
  }

  const isThenable = (value) => value !== null && typeof value === 'object' && typeof value.then === 'function';

  // Whether a .js file is an ES module: the nearest package.json says so, at most up to the task root.
  function isModulePackage(file) {
    for (let directory = path.dirname(file); ; directory = path.dirname(directory)) {
      const description = path.join(directory, 'package.json');
      if (fs.existsSync(description)) {
        try {
          return JSON.parse(fs.readFileSync(description, 'utf8')).type === 'module';
        } catch (_) {
          return false;
        }
      }
      if (directory === taskRoot || directory === path.dirname(directory)) return false;
    }
  }

  async function loadModule(name) {
    const base = path.resolve(taskRoot, name);
    const load = createRequire(path.join(taskRoot, 'package.json'));
    if (fs.existsSync(`${base}.js`)) {
      return isModulePackage(`${base}.js`) ? import(pathToFileURL(`${base}.js`).href) : load(`${base}.js`);
    }
    if (fs.existsSync(`${base}.mjs`)) return import(pathToFileURL(`${base}.mjs`).href);
    if (fs.existsSync(`${base}.cjs`)) return load(`${base}.cjs`);
    return load(base);
  }

  async function loadHandler() {
    const full = process.env._HANDLER;
    if (full.includes('..')) throw fault('Runtime.MalformedHandlerName', `'${full}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
    const directory = full.slice(0, full.length - path.basename(full).length);
    const match = path.basename(full).match(/^([^.]*)\.(.*)$/);
    if (!match || !match[1]) throw fault('Runtime.MalformedHandlerName', 'Bad handler');
    let loaded;
    try {
      loaded = await loadModule(path.join(directory, match[1]));
    } catch (error) {
      if (error instanceof SyntaxError) throw fault('Runtime.UserCodeSyntaxError', error.stack);
      if (error && (error.code === 'MODULE_NOT_FOUND' || error.code === 'ERR_MODULE_NOT_FOUND')) {
        throw fault('Runtime.ImportModuleError', String(error));
      }
      throw error;
    }
    let handler = loaded;
    for (const part of match[2].split('.')) handler = handler && handler[part];
    if (!handler && loaded.default) {
      handler = loaded.default;
      for (const part of match[2].split('.')) handler = handler && handler[part];
    }
    if (!handler) throw fault('Runtime.HandlerNotFound', `${full} is undefined or not exported`);
    if (typeof handler !== 'function') throw fault('Runtime.HandlerNotFound', `${full} is not a function`);
    return handler;
  }

  function makeContext(headers, finish) {
    const deadline = Number(headers['lambda-runtime-deadline-ms']);
    const parse = (text) => (text ? JSON.parse(text) : undefined);
    const context = {
      callbackWaitsForEmptyEventLoop: true,
      functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
      functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
      memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
      logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
      logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
      clientContext: parse(headers['lambda-runtime-client-context']),
      identity: parse(headers['lambda-runtime-cognito-identity']),
      invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
      awsRequestId: headers['lambda-runtime-aws-request-id'],
      // Not of AWS: the same for every delivery of one attempt of one task.
      pawlIdempotencyKey: headers['pawl-idempotency-key'],
      getRemainingTimeInMillis: () => Math.max(deadline - Date.now(), 0),
    };
    context.done = (error, value) => finish(error, value, !context.callbackWaitsForEmptyEventLoop);
    context.succeed = (value) => finish(null, value, true);
    context.fail = (error) => finish(error === undefined || error === null ? 'handled' : error, undefined, true);
    return context;
  }

  // The answer of one call of the handler: what it returns, resolves, gives to its callback, or
  // nothing once the event loop is empty.
  function runHandler(handler, event, headers) {
    return new Promise((resolve, reject) => {
      let onEmptyLoop = () => resolve(null);
      const whenEmpty = () => onEmptyLoop();
      const settle = (settler) => (value) => {
        process.removeListener('beforeExit', whenEmpty);
        settler(value);
      };
      const succeed = settle(resolve);
      const fail = settle(reject);
      process.on('beforeExit', whenEmpty);
      onEmptyLoop = () => succeed(null);

      const finish = (error, value, now) => {
        if (error !== undefined && error !== null) {
          fail(error);
        } else if (now) {
          succeed(value);
        } else {
          onEmptyLoop = () => succeed(value);
        }
      };
      const context = makeContext(headers, finish);
      const callback = (error, value) => finish(error, value, !context.callbackWaitsForEmptyEventLoop);
      try {
        const result = handler(event, context, callback);
        if (isThenable(result)) result.then(succeed, fail);
      } catch (error) {
        fail(error);
      }
    });
  }

  async function main() {
    let active = '/init/error';
    const die = (code, label) => async (error) => {
      try {
        await postError(active, error, label);
      } finally {
        process.exit(code);
      }
    };
    process.on('uncaughtException', die(129, 'Uncaught Exception'));
    process.on('unhandledRejection', (reason) => {
      const error = fault('Runtime.UnhandledPromiseRejection', String(reason));
      if (reason instanceof Error) error.stack = reason.stack;
      die(128, 'Unhandled Promise Rejection')(error);
    });

    let handler;
    try {
      handler = await loadHandler();
    } catch (error) {
      await postError(active, error, 'Init Error');
      process.exit(1);
    }

    for (;;) {
      const next = await call('GET', '/invocation/next');
      if (next.status !== 200) process.exit(1);
      const id = next.headers['lambda-runtime-aws-request-id'];
      if (next.headers['lambda-runtime-trace-id']) process.env._X_AMZN_TRACE_ID = next.headers['lambda-runtime-trace-id'];
      active = `/invocation/${id}/error`;
      let text;
      try {
        const result = await runHandler(handler, JSON.parse(next.body.toString('utf8')), next.headers);
        try {
          text = JSON.stringify(result === undefined ? null : result);
        } catch (error) {
          throw new Error('Unable to stringify response body');
        }
        if (text === undefined) text = 'null';
      } catch (error) {
        await postError(active, error, 'Invoke Error');
        continue;
      }
      await call('POST', `/invocation/${id}/response`, text, { 'Content-Type': 'application/json' });
    }
  }

  main().catch((error) => {
    console.error(error);
    process.exit(1);
  });
})();
