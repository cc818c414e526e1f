// Writes a file.
// expect: RUNTIME_ERROR
// violation: any
// cpu: 2
// each: ["/tmp/x", "/x", "x", "/dev/shm/x"]
function f(x) {
  require("fs").writeFileSync("$EACH", "x");
  return 4;
}
