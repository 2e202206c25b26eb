// Runs a definition with aws-local-stepfunctions for the Python program that started this one.
//
// It sends one line, {definition, input, context, pause}. We send events, and calls of tasks
// {call, state, resource, parameters}, which it answers in any order, {call, result} or
// {call, error, cause}; {cancel} says that nobody waits for a call any more. The last line is
// {status, output | error, cause}.
//
// pause: milliseconds before every other attempt and of every Wait, for tests; null for what the
// definition says.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

// Node 22 has it; the interpreter wants nothing else that Node 20 lacks.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new Promise((yes, no) => { resolve = yes; reject = no; });
  return { promise, resolve, reject };
};

const require = createRequire(`${process.env.WORKFLOW_NODE_MODULES}/`);
const { StateMachine } = require('aws-local-stepfunctions');

const waiting = new Map(); // call → {state, resolve, reject}
let calls = 0;

const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

function handler(state, resource) {
  return (parameters) => new Promise((resolve, reject) => {
    const call = ++calls;
    waiting.set(call, { state, resolve, reject });
    send({ call, state, resource, parameters });
  });
}

function statesOf(machine) {
  const inner = Object.values(machine.States).flatMap((state) => state.Branches ?? []);
  return [...Object.entries(machine.States), ...inner.flatMap(statesOf)];
}

function answered({ call, result, error, cause }) {
  const open = waiting.get(call);
  if (!open) return;
  waiting.delete(call);
  if (error === undefined) return open.resolve(result);
  const failure = new Error(cause);
  failure.name = error;
  open.reject(failure);
}

// The interpreter forgets a call that ran out of time, and those of a branch whose sibling failed.
// Events come a little later than what they tell of: by then the next state may be waiting.
function cancel(states) {
  for (const [call, { state }] of waiting) {
    if (states.includes(state)) {
      waiting.delete(call);
      send({ cancel: call });
    }
  }
}

function follow(event, definition) {
  const name = event.state?.name;
  if (event.type === 'StateFailed' && event.Error === 'States.Timeout') cancel([name]);
  if (event.type === 'ParallelBranchFailed') {
    const { Branches } = definition.States[event.parentState.name];
    cancel(Branches.flatMap((branch) => Object.keys(branch.States)));
  }
  send({
    event: event.type,
    state: name ?? event.parentState?.name,
    error: event.Error,
    at: event.timestamp,
  });
}

async function run({ definition, input, context, pause }) {
  const machine = new StateMachine(definition);
  const states = statesOf(definition);
  const ofType = (type) => states.filter(([, state]) => state.Type === type);
  const tasks = ofType('Task').map(([name, state]) => [name, handler(name, state.Resource)]);
  const paused = (type) => (
    pause === null ? {} : Object.fromEntries(ofType(type).map(([name]) => [name, pause]))
  );
  const execution = machine.run(input, {
    context,
    overrides: {
      taskResourceLocalHandlers: Object.fromEntries(tasks),
      retryIntervalOverrides: paused('Task'),
      waitTimeOverrides: paused('Wait'),
    },
  });
  const ended = execution.result.then(
    (output) => ({ status: 'SUCCEEDED', output }),
    (error) => ({ status: 'FAILED', error: error.cause?.name, cause: error.cause?.message }),
  );
  for await (const event of execution.eventLogs) follow(event, definition);
  send(await ended);
  process.exit(0);
}

let started = false;
createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line);
  if (started) return answered(message);
  started = true;
  run(message).catch((error) => {
    send({ status: 'INVALID', error: error.name, cause: error.message });
    process.exit(1);
  });
});
