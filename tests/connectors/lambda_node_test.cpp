// Node functions.
#include "tests/connectors/functions.h"

namespace pawl::connectors {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the fixture

TEST_CASE("Node functions answer in each of their ways", "[connectors][lambda][process]") {
  if (!installed("node")) return;
  Functions functions;
  const char* common = R"js(
exports.handler = (event, context, callback) => {
  switch (event.way) {
    case 'promise': return Promise.resolve({ way: event.way, left: context.getRemainingTimeInMillis() > 1000 });
    case 'callback': callback(null, event.way); return undefined;
    case 'later': setTimeout(() => callback(null, event.way), 20); return undefined;
    case 'now': context.callbackWaitsForEmptyEventLoop = false; setTimeout(() => {}, 60000).unref();
      callback(null, event.way); return undefined;
    case 'done': context.succeed(context.functionName); return undefined;
    case 'nothing': return undefined;
    case 'undefined': return Promise.resolve(undefined);
    case 'throw': throw new TypeError('thrown');
    case 'reject': return Promise.reject(new RangeError('rejected'));
    case 'error': callback(new Error('called back')); return undefined;
    case 'text': callback('only text'); return undefined;
    case 'cycle': { const o = {}; o.o = o; return Promise.resolve(o); }
  }
};
)js";
  functions.node("common", "index.js", common);
  functions.node("module", "index.mjs",
                 "import path from 'path';\nexport const handler = async (e) => ({ base: "
                 "path.basename('a/b') });\n");
  functions.node("typed", "index.js",
                 "export const handler = async (e, context) => context.awsRequestId;\n");
  functions.directory().write("typed/package.json", R"({"type": "module"})");
  functions.run([&](LocalLambda& lambda) {
    const auto answer = [&](const std::string& way) {
      const InvocationAnswer result = functions.call(lambda, "common", "{\"way\":\"" + way + "\"}");
      return (result.function_error ? "error " : "") + result.payload;
    };
    CHECK(answer("promise") == R"({"way":"promise","left":true})");
    CHECK(answer("callback") == R"("callback")");
    CHECK(answer("later") == R"("later")");
    CHECK(answer("now") == R"("now")");
    CHECK(answer("done") == R"("common")");
    CHECK(answer("nothing") == "null");
    CHECK(answer("undefined") == "null");
    CHECK(answer("throw").starts_with(
        R"(error {"errorType":"TypeError","errorMessage":"thrown","trace":["TypeError: thrown","    at exports.handler (/var/task/index.js:)"));
    CHECK(answer("reject").starts_with(
        R"(error {"errorType":"RangeError","errorMessage":"rejected","trace":[)"));
    CHECK(
        answer("error").starts_with(R"(error {"errorType":"Error","errorMessage":"called back",)"));
    CHECK(answer("text") ==
          R"(error {"errorType":"string","errorMessage":"only text","trace":[]})");
    CHECK(answer("cycle").starts_with(
        R"(error {"errorType":"Error","errorMessage":"Unable to stringify response body")"));
    CHECK(lambda.stats("common").started == 1);

    CHECK(functions.call(lambda, "module", "{}").payload == R"({"base":"b"})");
    CHECK(functions.call(lambda, "typed", "{}", "key").payload ==
          "\"" + request_id_of("key") + "\"");
  });
}

TEST_CASE("Node functions that cannot be loaded or break say why",
          "[connectors][lambda][process]") {
  if (!installed("node")) return;
  Functions functions;
  functions.node("missing", "index.js", "exports.other = async () => 1;\n");
  functions.node("import", "index.js", "require('no-such-package');\n");
  functions.node("syntax", "index.js", "exports.handler = async ( => 1;\n");
  functions.node("nowhere", "other.js", "");
  functions.node("loose", "index.js",
                 "exports.handler = () => { Promise.reject(new Error('dropped')); };\n");
  functions.node("uncaught", "index.js",
                 "exports.handler = (e, c, callback) => { setTimeout(() => { throw new "
                 "Error('late'); }, 5); };\n");
  functions.run([&](LocalLambda& lambda) {
    struct Row {
      const char* name;
      const char* type;
      const char* message;
    };
    for (const Row& row :
         {Row{"missing", "Runtime.HandlerNotFound", "index.handler is undefined or not exported"},
          Row{"import", "Runtime.ImportModuleError", "Error: Cannot find module 'no-such-package'"},
          Row{"syntax", "Runtime.UserCodeSyntaxError", ""},
          Row{"nowhere", "Runtime.ImportModuleError", "Error: Cannot find module"},
          Row{"loose", "Runtime.UnhandledPromiseRejection", "Error: dropped"},
          Row{"uncaught", "Error", "late"}}) {
      CAPTURE(row.name);
      const InvocationAnswer answer = functions.call(lambda, row.name, "{}");
      CAPTURE(answer.payload);
      CHECK(answer.function_error);
      CHECK(member(answer.payload, "errorType") == row.type);
      CHECK(member(answer.payload, "errorMessage").starts_with(row.message));
    }
  });
}

}  // namespace
}  // namespace pawl::connectors
