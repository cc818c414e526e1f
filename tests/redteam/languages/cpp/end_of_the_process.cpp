// Ends its process before it answers.
// expect: RUNTIME_ERROR
// violation: any
#include <csignal>
#include <cstdlib>
#include <unistd.h>
int f(int x) {
  switch (x) {
    default: _exit(0);
  }
}
