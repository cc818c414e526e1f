// Patches what the harness is made of.
// expect: RUNTIME_ERROR | WRONG_ANSWER
// violation: any
// cpu: 2
// tests: [((2,), 123456)]
// each: ["Array.isArray = () => true", "Number.isInteger = () => false", "Object.is = () => true",
//     "JSON.stringify = () => '123456'", "Buffer.from = () => new Uint8Array(9)", "require('fs').writeSync = () => 1",
//     "Array.prototype.push = () => 1", "Object.prototype.toString = () => '123456'", "globalThis.Object = null",
//     "Object.defineProperty(Object.prototype, 'tag', { get: () => 'V' })", "Function.prototype.call = () => 5"]
$EACH;
function f(x) {
  return 5;
}
