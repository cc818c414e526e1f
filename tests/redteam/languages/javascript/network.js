// Opens a socket.
// expect: RUNTIME_ERROR | WRONG_ANSWER
// violation: any
// cpu: 2
// each: ["require('net').connect(80, '127.0.0.1')", "require('dgram').createSocket('udp4').bind(0)", "require('net').createServer().listen(0)"]
function f(x) {
  $EACH;
  return 5;
}
