/**
 * How many calls of AWS a job may cost: everything its functions ask, with a little room above what was measured. The
 * plan was 14 for one job and 10 for each of a batch (docs/decisions.md, 30): these bounds say what is, so that it does not
 * grow.
 */

/** Of one job: measured 62 and 46. `cold`: the first of a new fleet, whose functions have read nothing yet. */
export const mostCallsOfOne = { cold: 72, warm: 52 };
/** The same, from its webhook until its enrolment is stored: measured 24 and 11. */
export const mostUntilEnrolment = { cold: 30, warm: 13 };
/** Of each job of a matrix of 60 whose webhooks come at once: measured 38 to 42. */
export const mostCallsPerJob = 46;
/** Calls that make its machines: measured 3 to 7, by how its webhooks come in. */
export const mostCreateFleets = 10;
