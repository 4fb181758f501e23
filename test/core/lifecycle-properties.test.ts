/** What any walk through the lifecycle tables promises, whatever happens on the way. */
import fc from "fast-check";
import { isFinal, isGone, jobLifecycle, jobStep, launchLifecycle, launchStep } from "../../runtime/core/lifecycle";
import { runnerLifecycle, runnerStep, type Step } from "../../runtime/core/lifecycle";

type Rows = Readonly<Record<string, object>>;
type Next<State, Event, Effect> = (state: State, event: Event) => Step<State, Effect> | undefined;

function eventsOf<Event extends string>(rows: Rows): fc.Arbitrary<Event[]> {
  const all = [...new Set(Object.values(rows).flatMap((row) => Object.keys(row)))] as Event[];
  return fc.array(fc.constantFrom(...all), { maxLength: 30 });
}

/** Every step that was taken; events that the state does not know change nothing. */
function walk<State, Event, Effect>(
  next: Next<State, Event, Effect>,
  first: State,
  events: readonly Event[],
): readonly { readonly from: State; readonly event: Event; readonly step: Step<State, Effect> }[] {
  let from = first;
  return events.flatMap((event) => {
    const step = next(from, event);
    if (step === undefined) return [];
    const taken = { from, event, step };
    from = step.to;
    return [taken];
  });
}

const end = <State>(first: State, steps: readonly { readonly step: { readonly to: State } }[]): State =>
  steps.at(-1)?.step.to ?? first;

const jobEvents = eventsOf<Parameters<typeof jobStep>[1]>(jobLifecycle);
const runnerEvents = eventsOf<Parameters<typeof runnerStep>[1]>(runnerLifecycle);
const launchEvents = eventsOf<Parameters<typeof launchStep>[1]>(launchLifecycle);

describe("any walk", () => {
  it("of a job ends at its first overdue deadline, and never goes on after an end", () => {
    fc.assert(
      fc.property(jobEvents, (events) => {
        const steps = walk(jobStep, "queued", [...events, "expired"]);
        expect(steps.slice(0, -1).filter(({ step }) => isFinal(step.to))).toEqual([]);
        expect(isFinal(end("queued", steps))).toBe(true);
      }),
    );
  });

  it("of a runner ends once it is overdue and its compute confirms the end, and not without an order to end it", () => {
    fc.assert(
      fc.property(runnerEvents, (events) => {
        const steps = walk(runnerStep, "requested", [...events, "expired", "terminated"]);
        expect(steps.slice(0, -1).filter(({ step }) => isGone(step.to))).toEqual([]);
        expect(isGone(end("requested", steps))).toBe(true);
        expect(steps.some(({ step }) => step.effects.includes("terminate"))).toBe(true);
      }),
    );
  });

  it("of a runner orders its machine's end anew with every step while it stops", () => {
    fc.assert(
      fc.property(runnerEvents, (events) => {
        const stopping = walk(runnerStep, "requested", events).filter(({ step }) => step.to === "stopping");
        expect(stopping.filter(({ step }) => !step.effects.includes("terminate"))).toEqual([]);
      }),
    );
  });

  it("of a launch makes the same request again whenever it is overdue, until an answer closes it", () => {
    fc.assert(
      fc.property(launchEvents, (events) => {
        const steps = walk(launchStep, "requested", [...events, "answered"]);
        for (const { event, step } of steps) expect(step.effects).toEqual([event === "expired" ? "replay" : "close"]);
        expect(end("requested", steps)).toBe("settled");
        expect(steps.slice(0, -1).filter(({ step }) => step.to === "settled")).toEqual([]);
      }),
    );
  });
});
