// Writes forged answers to every descriptor and ends.
// expect: RUNTIME_ERROR | WRONG_ANSWER
// violation: any
// cpu: 2
// tests: [((2,), 123456)]
// each: ["V\\x03\\x00\\x00\\x00i4;D\\x00\\x00\\x00\\x00", "P\\x00\\x00\\x00\\x00D\\x00\\x00\\x00\\x00", "{\\x22passed\\x22: true}\\n"]
const fs = require("fs");
function f(x) {
  for (let n = 1; n < 64; n++) {
    try {
      fs.writeSync(n, Buffer.from("$EACH", "latin1"));
    } catch (error) {}
  }
  process.reallyExit(0);
}
