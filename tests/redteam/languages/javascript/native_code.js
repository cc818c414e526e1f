// Loads native code from where it can write.
// expect: RUNTIME_ERROR
// violation: any
// cpu: 2
// tiers: T1 T2
function f(x) {
  process.dlopen({ exports: {} }, '/tmp/x.node');
  return 2 * x;
}
