// Returns a value that holds itself.
// expect: RUNTIME_ERROR nested too deep
// violation: no
// cpu: 2
// tiers: T1 T2
function f(x) {
  const all = [];
  all.push(all);
  return all;
  return 2 * x;
}
