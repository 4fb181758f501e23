/** After all suites. */
module.exports = require("./start-moto.cjs").stopMotos;
