import assert from "node:assert/strict";
import { test } from "node:test";
import { afterStep, beginning, nextAction, type Reply, type Saga } from "./saga.ts";

const ok: Reply = { ok: true, unitPriceCents: 500 };
const refused = (code: string, status = 409): Reply => ({ ok: false, refusal: { status, code, message: code } });

/** The actions a saga takes when its steps are answered in turn. */
function play(from: Saga, replies: Reply[]): string[] {
  let saga = from;
  const taken: string[] = [];
  for (;;) {
    const action = nextAction(saga);
    if (action.do === "finish") return [...taken, `finish ${action.as}`];
    taken.push(action.do);
    const reply = replies.shift();
    assert.ok(reply, `no reply left for ${action.do} after ${taken.join(", ")}`);
    saga = afterStep(saga, action.do, reply);
  }
}

const cases: [name: string, from: Saga, replies: Reply[], actions: string[]][] = [
  ["all goes well", beginning("forward", true), [ok, ok, ok], ["reserve", "charge", "confirm", "finish confirmed"]],
  ["a fresh order without stock has nothing to undo", beginning("forward", true), [refused("out_of_stock")], ["reserve", "finish rejected"]],
  [
    "a resumed order without stock may have been charged in its earlier life",
    beginning("forward", false),
    [refused("out_of_stock"), ok, ok],
    ["reserve", "release", "refund", "finish rejected"],
  ],
  ["a refused charge is undone even so: a straggling try may still arrive", beginning("forward", true), [ok, refused("insufficient_credit", 402), ok, ok], ["reserve", "charge", "release", "refund", "finish rejected"]],
  ["an order that was confirmed before its driver died is only written down", beginning("forward", false), [{ ...ok, alreadyConfirmed: true }], ["reserve", "finish confirmed"]],
  ["a reservation that expired is made again", beginning("forward", true), [ok, ok, refused("reservation_expired"), ok, ok], ["reserve", "charge", "confirm", "reserve", "confirm", "finish confirmed"]],
  [
    "a reservation that expired and cannot be made again takes the charge back",
    beginning("forward", true),
    [ok, ok, refused("reservation_expired"), refused("out_of_stock"), ok, ok],
    ["reserve", "charge", "confirm", "reserve", "release", "refund", "finish rejected"],
  ],
  ["an abandoned order is called off", beginning("back", false), [ok, ok], ["release", "refund", "finish cancelled"]],
  [
    "an abandoned order that was confirmed already is completed",
    beginning("back", false),
    [{ ...refused("reservation_confirmed"), confirmedUnitPriceCents: 500 } as Reply],
    ["release", "finish confirmed"],
  ],
];

for (const [name, from, replies, actions] of cases) test(name, () => assert.deepEqual(play(from, replies), actions));

test("the client is told of orders, not of reservations", () => {
  const saga = afterStep(beginning("forward", false), "reserve", refused("reservation_released"));
  assert.equal(saga.refusal?.code, "order_cancelled");
});

test("a release refused for anything else is a mistake that is not passed over", () => {
  assert.throws(() => afterStep(beginning("back", false), "release", refused("no_such_route", 404)), /not for no_such_route/);
});
