// Is no program.
// expect: COMPILE_ERROR
// violation: no
// cpu: 2
function f(x { return 4;
