/** How many calls of AWS a job may cost, of a matrix. What is counted: everything its functions ask of AWS. */

/** All functions together, EC2's own events included. */
export const mostCallsPerJob = 75;
/** Calls that make machines, of one matrix of 60 whose webhooks come at once. */
export const mostCreateFleets = 12;
