#include "runtime/aws/sigv4.h"

#include "asl/json/reader.h"
#include "asl/json/value.h"
#include "runtime/clock/random.h"
#include "tests/catch.h"

#include <fstream>
#include <functional>
#include <sstream>

namespace pawl::runtime::aws {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using namespace std::chrono_literals;

const asl::Value& document() {
  static const asl::Value read = [] {
    std::ifstream file(PAWL_SOURCE_DIR "/tests/runtime/aws/sigv4_vectors.json");
    std::ostringstream text;
    text << file.rdbuf();
    Result<asl::Value> json = asl::read_json(text.str());
    PAWL_ASSERT(json.has_value());
    return *std::move(json);
  }();
  return read;
}

std::string text_member(const asl::Value& object, std::string_view name) {
  return std::string(object.find(name)->as_string());
}

WallTime at() { return WallTime(std::chrono::seconds(document().find("at")->as_int())); }

HttpHeaders headers_of(const asl::Value& list) {
  HttpHeaders headers;
  for (std::size_t i = 0; i < list.size(); ++i) {
    headers.add(list.items()[i].items()[0].as_string(), list.items()[i].items()[1].as_string());
  }
  return headers;
}

Credentials credentials_for(const std::string& kind) {
  const bool token = kind.find("token") != std::string::npos;
  return {text_member(document(), "access_key"), text_member(document(), "secret"),
          token ? text_member(document(), "token") : ""};
}

SignatureVerifier verifier_for(const std::string& kind) {
  CredentialSet set;
  PAWL_ASSERT(set.add("default", credentials_for(kind)).has_value());
  return SignatureVerifier(std::move(set));
}

HttpRequest signed_request(const asl::Value& vector) {
  HttpRequest request;
  request.method = text_member(vector, "method");
  request.target = text_member(vector, "signed_target");
  request.headers = headers_of(*vector.find("signed_headers"));
  request.body = text_member(vector, "body");
  return request;
}

// Calls `check` for every vector.
void each_vector(const std::function<void(const asl::Value&, const std::string&)>& check) {
  const asl::Value& vectors = *document().find("vectors");
  REQUIRE(vectors.size() >= 35);
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    const asl::Value& vector = vectors.items()[i];
    INFO(text_member(vector, "name"));
    check(vector, text_member(vector, "kind"));
  }
}

std::string code_of(const std::variant<VerifiedCaller, SignatureRefusal>& verdict) {
  const auto* refused = std::get_if<SignatureRefusal>(&verdict);
  return refused == nullptr ? "accepted" : refused->code;
}

std::string message_of(const std::variant<VerifiedCaller, SignatureRefusal>& verdict) {
  const auto* refused = std::get_if<SignatureRefusal>(&verdict);
  return refused == nullptr ? "" : refused->message;
}

// A request as a client of Step Functions sends it.
HttpRequest start_execution(const Credentials& credentials, WallTime when,
                            const std::string& service = "states") {
  HttpRequest request;
  request.method = "POST";
  request.target = "/";
  request.headers = {{"Host", "127.0.0.1:8083"},
                     {"Content-Type", "application/x-amz-json-1.0"},
                     {"X-Amz-Target", "AWSStepFunctions.StartExecution"},
                     {"User-Agent", "test"}};
  request.body = R"({"stateMachineArn":"arn:aws:states:us-east-1:123456789012:stateMachine:a"})";
  sign(request.method, request.target, request.headers, request.body, credentials,
       {"us-east-1", service, when});
  return request;
}

TEST_CASE("requests are signed as AWS's test suite and botocore sign them", "[runtime][sigv4]") {
  each_vector([](const asl::Value& vector, const std::string& kind) {
    HttpHeaders headers = headers_of(*vector.find("headers"));
    const std::string target = text_member(vector, "target");
    const SigningOptions options{"us-east-1", text_member(vector, "service"), at()};
    if (kind.starts_with("presigned")) {
      const std::string ours = presign(text_member(vector, "method"), target, headers,
                                       credentials_for(kind), options, 600s);
      const std::string theirs = text_member(vector, "signed_target");
      CHECK(ours.substr(ours.find("X-Amz-Signature=")) ==
            theirs.substr(theirs.find("X-Amz-Signature=")));
      return;
    }
    sign(text_member(vector, "method"), target, headers, text_member(vector, "body"),
         credentials_for(kind), options);
    CHECK(headers.get("Authorization") ==
          headers_of(*vector.find("signed_headers")).get("Authorization"));
  });
}

TEST_CASE("what botocore signed is accepted", "[runtime][sigv4]") {
  each_vector([](const asl::Value& vector, const std::string& kind) {
    const auto verdict = verifier_for(kind).verify(signed_request(vector), at() + 4min);
    INFO(message_of(verdict));
    const auto* caller = std::get_if<VerifiedCaller>(&verdict);
    REQUIRE(caller != nullptr);
    CHECK(caller->access_key_id == text_member(document(), "access_key"));
    CHECK(caller->region == "us-east-1");
    CHECK(caller->service == text_member(vector, "service"));
  });
}

TEST_CASE("of 10,000 changed requests none is accepted", "[runtime][sigv4]") {
  const std::uint64_t seed = 20150830;
  SeededRandom random(seed);
  INFO("seed " << seed);
  const auto pick = [&random](std::size_t below) {
    return static_cast<std::size_t>(random.next_below(below));
  };
  const auto change_byte = [&](std::string& text, std::size_t from = 0) {
    if (text.size() <= from) {
      text += 'x';
      return;
    }
    char& c = text[from + pick(text.size() - from)];
    const char before = c;
    do {
      c = static_cast<char>('0' + pick(75));  // '0'..'z'
    } while (c == before);
  };
  const asl::Value& vectors = *document().find("vectors");
  int accepted = 0;
  for (int i = 0; i < 10'000; ++i) {
    const asl::Value& vector = vectors.items()[pick(vectors.size())];
    const std::string kind = text_member(vector, "kind");
    const HttpRequest original = signed_request(vector);
    HttpRequest request = original;
    HttpHeaders changed;
    switch (pick(6)) {
      case 0:
        request.method = request.method == "GET" ? "POST" : "GET";
        break;
      case 1:  // the body, which S3's presigned URLs do not cover
        if (kind.starts_with("presigned") && text_member(vector, "service") == "s3") continue;
        change_byte(request.body);
        break;
      case 2: {  // a signed header's value
        const std::size_t place = pick(request.headers.size());
        for (std::size_t j = 0; j < request.headers.size(); ++j) {
          std::string value(request.headers[j].value);
          if (j == place) change_byte(value);
          changed.add(request.headers[j].name, value);
        }
        request.headers = changed;
        break;
      }
      case 3:  // the path, where it is not normalised away
        request.target.insert(std::min(request.target.find('?'), request.target.size()),
                              "/x" + std::to_string(pick(1000)));
        break;
      case 4:  // the query
        request.target += request.target.find('?') == std::string::npos ? "?a=b" : "&a=b";
        break;
      default: {  // the signature
        if (kind.starts_with("presigned")) {
          change_byte(request.target, request.target.find("X-Amz-Signature=") + 16);
        } else {
          std::string value(request.headers.get("Authorization"));
          change_byte(value, value.find("Signature=") + 10);
          request.headers.set("Authorization", value);
        }
      }
    }
    const auto verdict = verifier_for(kind).verify(request, at());
    if (std::holds_alternative<VerifiedCaller>(verdict)) {
      ++accepted;
      UNSCOPED_INFO("mutation " << i << " of " << text_member(vector, "name") << ": "
                                << request.method << " " << request.target);
    }
  }
  CHECK(accepted == 0);
}

TEST_CASE("a request without a signature is told so, and a strange one too", "[runtime][sigv4]") {
  SignatureVerifier verifier = verifier_for("header");
  HttpRequest request;
  request.method = "POST";
  request.target = "/";
  request.headers = {{"Host", "localhost"}};
  CHECK(code_of(verifier.verify(request, at())) == "MissingAuthenticationTokenException");
  CHECK(message_of(verifier.verify(request, at())) == "Missing Authentication Token");

  request.headers.add("Authorization", "Bearer abc");
  auto verdict = verifier.verify(request, at());
  CHECK(code_of(verdict) == "IncompleteSignatureException");
  CHECK_THAT(message_of(verdict),
             StartsWith("Authorization header requires 'Credential' parameter. Authorization "
                        "header requires 'Signature' parameter. Authorization header requires "
                        "'SignedHeaders' parameter. Authorization header requires existence of "
                        "either a 'X-Amz-Date' or a 'Date' header. "));
  // What somebody sent as a secret is not repeated.
  CHECK_THAT(message_of(verdict), !Contains("abc"));

  request.headers.set("Authorization", "AWS4-HMAC-SHA256 Credential= a, x");
  CHECK(code_of(verifier.verify(request, at())) == "IncompleteSignatureException");

  request.headers.add("Authorization", "AWS4-HMAC-SHA256 Credential=a");
  CHECK(code_of(verifier.verify(request, at())) == "IncompleteSignatureException");
}

TEST_CASE("clocks may differ by five minutes", "[runtime][sigv4]") {
  SignatureVerifier verifier = verifier_for("header");
  const HttpRequest request = start_execution(credentials_for("header"), at());
  CHECK(code_of(verifier.verify(request, at() + 5min)) == "accepted");
  CHECK(code_of(verifier.verify(request, at() - 5min)) == "accepted");
  auto verdict = verifier.verify(request, at() + 5min + 1s);
  CHECK(code_of(verdict) == "InvalidSignatureException");
  CHECK(message_of(verdict) ==
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z "
        "(20150830T124101Z - 5 min.)");
  verdict = verifier.verify(request, at() - 5min - 1s);
  CHECK(code_of(verdict) == "InvalidSignatureException");
  CHECK(message_of(verdict) ==
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z "
        "(20150830T123059Z + 5 min.)");
}

TEST_CASE("unknown keys, wrong secrets and wrong session tokens are refused as AWS refuses them",
          "[runtime][sigv4]") {
  const Credentials good = credentials_for("token");
  SignatureVerifier verifier = verifier_for("token");
  CHECK(code_of(verifier.verify(start_execution(good, at()), at())) == "accepted");

  Credentials other = good;
  other.access_key_id = "AKIDOTHER";
  auto verdict = verifier.verify(start_execution(other, at()), at());
  CHECK(code_of(verdict) == "UnrecognizedClientException");
  CHECK(message_of(verdict) == "The security token included in the request is invalid.");

  other = good;
  other.session_token += "x";
  CHECK(code_of(verifier.verify(start_execution(other, at()), at())) ==
        "UnrecognizedClientException");
  other.session_token.clear();
  CHECK(code_of(verifier.verify(start_execution(other, at()), at())) ==
        "UnrecognizedClientException");

  other = good;
  other.secret_access_key += "x";
  verdict = verifier.verify(start_execution(other, at()), at());
  CHECK(code_of(verdict) == "InvalidSignatureException");
  CHECK_THAT(message_of(verdict), StartsWith("The request signature we calculated does not match"));
}

TEST_CASE("headers that decide what is done must be signed", "[runtime][sigv4]") {
  const Credentials credentials = credentials_for("header");
  SignatureVerifier verifier = verifier_for("header");
  HttpRequest request = start_execution(credentials, at());
  request.headers.add("X-Amz-Content-Sha256", hex(sha256(request.body)));
  CHECK_THAT(message_of(verifier.verify(request, at())), Contains("not signed"));

  // Signed over everything but Host.
  request = start_execution(credentials, at());
  std::string value(request.headers.get("Authorization"));
  value.replace(value.find("host;"), 5, "");
  request.headers.set("Authorization", value);
  CHECK(message_of(verifier.verify(request, at())) ==
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");

  request = start_execution(credentials, at());
  request.headers.add("X-Amz-Date", stamp_of(at()));  // twice
  CHECK(code_of(verifier.verify(request, at())) == "IncompleteSignatureException");
  request = start_execution(credentials, at());
  request.headers.set("User-Agent", "a proxy's");  // nobody signs it
  CHECK(code_of(verifier.verify(request, at())) == "accepted");
}

TEST_CASE("the credential's scope has a form", "[runtime][sigv4]") {
  SignatureVerifier verifier = verifier_for("header");
  const auto with_scope = [&](const std::string& scope) {
    HttpRequest request = start_execution(credentials_for("header"), at());
    std::string value(request.headers.get("Authorization"));
    const std::size_t begin = value.find("Credential=") + 11;
    value.replace(begin, value.find(',') - begin, scope);
    request.headers.set("Authorization", value);
    return verifier.verify(request, at());
  };
  CHECK(code_of(with_scope("AKIDEXAMPLE/20150830/us-east-1/states/aws4_request")) == "accepted");
  CHECK_THAT(message_of(with_scope("AKIDEXAMPLE/20150830/us-east-1/states")),
             StartsWith("Credential must have exactly 5 slash-delimited elements"));
  CHECK_THAT(message_of(with_scope("AKIDEXAMPLE/20150830/us-east-1/states/aws4")),
             StartsWith("Credential should be scoped with a valid terminator: 'aws4_request'"));
  CHECK(message_of(with_scope("AKIDEXAMPLE/20150831/us-east-1/states/aws4_request")) ==
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
        "'20150831' != '20150830', from '20150830T123600Z'.");
  CHECK(code_of(with_scope("AKIDEXAMPLE/20150830/eu-west-1/states/aws4_request")) ==
        "InvalidSignatureException");
}

TEST_CASE("the body may go unsigned where the request says so", "[runtime][sigv4]") {
  const Credentials credentials = credentials_for("header");
  SignatureVerifier verifier = verifier_for("header");
  HttpRequest request = start_execution(credentials, at());
  request.headers.remove("Authorization");
  sign(request.method, request.target, request.headers, request.body, credentials,
       {"us-east-1", "states", at(), true});
  CHECK(request.headers.get("X-Amz-Content-Sha256") == "UNSIGNED-PAYLOAD");
  request.body += " ";
  const auto verdict = verifier.verify(request, at());
  REQUIRE(std::holds_alternative<VerifiedCaller>(verdict));
  CHECK_FALSE(std::get<VerifiedCaller>(verdict).body_is_signed);

  // A hash that is signed but not that of the body.
  request = start_execution(credentials, at(), "s3");
  CHECK(code_of(verifier.verify(request, at())) == "accepted");
  request.body += " ";
  CHECK(code_of(verifier.verify(request, at())) == "InvalidSignatureException");
}

TEST_CASE("a presigned URL is good for as long as it says", "[runtime][sigv4]") {
  const Credentials credentials = credentials_for("token");
  SignatureVerifier verifier = verifier_for("token");
  const HttpHeaders headers = {{"Host", "localhost"}};
  const auto request_for = [&](std::chrono::seconds lifetime) {
    HttpRequest request;
    request.method = "GET";
    request.headers = headers;
    request.target =
        presign("GET", "/a?b=c%20d", headers, credentials, {"us-east-1", "states", at()}, lifetime);
    return request;
  };
  CHECK(code_of(verifier.verify(request_for(3600s), at() + 1h)) == "accepted");
  const auto verdict = verifier.verify(request_for(3600s), at() + 1h + 1s);
  CHECK(code_of(verdict) == "RequestExpired");
  CHECK(message_of(verdict) == "Request has expired.");
  CHECK(code_of(verifier.verify(request_for(604'801s), at())) == "IncompleteSignatureException");
  CHECK(code_of(verifier.verify(request_for(0s), at())) == "IncompleteSignatureException");

  HttpRequest both = request_for(60s);
  both.headers.add("Authorization", "AWS4-HMAC-SHA256 Credential=a");
  CHECK(code_of(verifier.verify(both, at())) == "IncompleteSignatureException");
  HttpRequest twice = request_for(60s);
  twice.target += "&X-Amz-Date=20150830T123600Z";
  CHECK(code_of(verifier.verify(twice, at())) == "IncompleteSignatureException");
}

TEST_CASE("a credentials file is AWS's own", "[runtime][sigv4]") {
  const auto set = CredentialSet::parse(
      "# comment\n[default]\naws_access_key_id = AKID1\r\naws_secret_access_key=a=b/c+\n"
      "region = eu-west-1\n\n[ci]\naws_access_key_id=AKID2\naws_secret_access_key = s\n"
      "aws_session_token = t\n[profile only-a-role]\nrole_arn = x\n");
  REQUIRE(set.has_value());
  CHECK(set->size() == 2);
  CHECK(set->find("AKID1")->secret_access_key == "a=b/c+");
  CHECK(set->profile("ci")->session_token == "t");
  CHECK(set->find("AKID3") == nullptr);

  const auto message = [](std::string_view text) {
    const auto parsed = CredentialSet::parse(text);
    return parsed ? std::string() : parsed.error().message;
  };
  CHECK(message("") == "there are no credentials in it");
  CHECK(message("aws_access_key_id = A\n") == "line 1: a value before the first [profile]");
  CHECK(message("[a\n") == "line 1: a profile is written [name]");
  CHECK(message("[a]\nwhat\n") == "line 2: expected NAME = VALUE or [profile]");
  CHECK(message("\n[a]\naws_access_key_id = A\n[b]\n") ==
        "line 2: [a] has no aws_secret_access_key");
  CHECK(message("[a]\naws_access_key_id = A B\n") == "line 2: this is no access key id");
  CHECK_THAT(message("[a]\naws_access_key_id=A\naws_secret_access_key=s\n"
                     "[b]\naws_access_key_id=A\naws_secret_access_key=s\n"),
             Contains("the same access key"));
  CHECK(CredentialSet::load("/nonexistent/credentials").error().code == ErrorCode::kNotFound);
}

}  // namespace
}  // namespace pawl::runtime::aws
