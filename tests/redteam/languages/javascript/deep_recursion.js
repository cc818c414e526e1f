// Recurses without end.
// expect: RUNTIME_ERROR
// violation: no
// cpu: 4
function f(x) {
  return f(x) + 1;
}
