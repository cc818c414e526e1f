// Writes for ever.
// expect: OUTPUT_LIMIT
// violation: no
// cpu: 10
const fs = require("fs");
function f(x) {
  while (true) fs.writeSync(1, "x".repeat(65536));
}
