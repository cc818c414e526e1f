// Starts a process.
// expect: RUNTIME_ERROR
// violation: any
// cpu: 2
// each: ["execSync('true')", "spawnSync('true').pid.x.y", "execFileSync('/usr/bin/true')"]
function f(x) {
  require("child_process").$EACH;
  throw new Error("no");
}
