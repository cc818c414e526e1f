// Fills the heap.
// expect: MEMORY_LIMIT | RUNTIME_ERROR
// violation: no
// cpu: 10
function f(x) {
  const held = [];
  while (true) held.push(new Array(100000).fill(x));
}
