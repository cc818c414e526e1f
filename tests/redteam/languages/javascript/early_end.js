// Ends in order before it answers.
// expect: RUNTIME_ERROR
// violation: any
// cpu: 2
// each: ["process.exit(0)", "process.reallyExit(0)", "process.exitCode = 0; throw 4", "process.kill(process.pid, 'SIGKILL')",
//     "process.abort()"]
function f(x) {
  $EACH;
}
