/** After all suites. */
export { stopMotos as default } from "./start-moto.mjs";
