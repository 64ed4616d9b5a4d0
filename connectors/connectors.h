// connectors/: how Task states reach systems outside the engine. Read this page first.
//
//   registry.h                    which handler serves which Resource: what the engine is given
//   aws_models/aws_models.h       the shapes of AWS's APIs, as data
//   lambda/handler.h              functions, by their ARN and by lambda:invoke
//   lambda/mapping.h                parameters to invocation, answer to outcome; pure
//   lambda/backend.h                who runs functions, as an interface
//   lambda/local_backend.h          ... as local processes: pools (function_pool.h) of processes
//                                   (worker.h) that speak the Runtime API (runtime_api.h)
//   lambda/function_directory.h     functions declared in folders (function_config.h)
//   http/handler.h                http:invoke; which addresses it may reach: http/outside.h
//   apigateway/handler.h          apigateway:invoke
//   remote/services.h             AWS services elsewhere: calls made from models (remote/wire.h)
//   aws/service.h                 AWS services inside this program, for Tasks and clients alike
//   embedded/ledger.h               their rows, and how these change with a Task's outcome
//   embedded/outbox.h               what they promise to functions, state machines, endpoints
//   embedded/services.h             all of them: s3/service.h, ...
//   embedded/resources.h            what a workflow expects to be there
//   mock/mock_handlers.h          one test case of a mock configuration (mock_config.h), in front
//                                 of all other handlers
//
// Every connector keeps its mapping, which is pure and follows recorded behaviour, apart from its
// back ends, which touch the world.
#pragma once

#include "connectors/lambda/function_directory.h"
#include "connectors/lambda/handler.h"
#include "connectors/lambda/local_backend.h"
#include "connectors/mock/mock_handlers.h"
#include "connectors/registry.h"
