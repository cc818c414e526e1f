// Reads what belongs to the host.
// expect: RUNTIME_ERROR
// violation: any
// cpu: 2
// each: ["/etc/passwd", "/proc/1/environ", "/root/.bashrc", "/proc/self/environ"]
function f(x) {
  return require("fs").readFileSync("$EACH", "utf8");
}
