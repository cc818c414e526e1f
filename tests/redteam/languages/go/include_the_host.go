// Reads the host's files through the compiler, or runs the C compiler.
// expect: COMPILE_ERROR
// violation: any
// tests: [((2,), "x")]
// each: ["import _ \"embed\"\n\n//go:embed /etc/passwd\nvar held string", "import \"C\"\n\nvar held string", "import \"net/../../../etc\"\n\nvar held string"]
package main

$EACH

func f(x int) string { return held }
