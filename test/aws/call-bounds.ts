/**
 * How many calls of AWS a job may cost: everything its functions ask, with a little room above what was measured. The
 * design (budgets) wants 14 for one job and 10 of a batch: these bounds say what is, so that it does not grow.
 */

/** Of one job: measured 63 and 47 to 51. `cold`: the first of a new fleet, whose functions have read nothing yet. */
export const mostCallsOfOne = { cold: 75, warm: 58 };
/** The same, from its webhook until its enrolment is stored: measured 23 and 10. */
export const mostUntilEnrolment = { cold: 30, warm: 12 };
/** Of each job of a matrix of 24 whose webhooks come at once: measured 49. */
export const mostCallsPerJob = 60;
/** Calls that make its machines: measured 3. */
export const mostCreateFleets = 6;
