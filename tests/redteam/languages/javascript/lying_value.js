// Returns an object that says whatever it is asked for.
// expect: RUNTIME_ERROR | WRONG_ANSWER
// violation: any
// cpu: 2
// tests: [((2,), 5)]
// each: ["{ valueOf: () => 5, toString: () => '5', toJSON: () => 5 }", "new Proxy({}, { get: () => 5 })", "new Number(6)",
//     "NaN", "'5'", "[5]", "undefined", "null", "Symbol('5')", "() => 5", "5.5", "Infinity", "true"]
function f(x) {
  return $EACH;
}
