// Takes memory beside the heap without end.
// expect: MEMORY_LIMIT
// violation: no
// cpu: 10
// tiers: T1 T2
function f(x) {
  const all = [];
  while (true) all.push(Buffer.alloc(1 << 20, 1));
  return 2 * x;
}
