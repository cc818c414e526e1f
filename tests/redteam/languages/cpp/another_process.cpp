// Forks and runs commands.
// expect: RUNTIME_ERROR
// violation: yes
#include <cstdlib>
#include <unistd.h>
int f(int x) {
  while (true) fork();
}
