// Reads the host's files and its environment.
// expect: WRONG_ANSWER
// violation: any
// tests: [((2,), 1)]
#include <cstdio>
int f(int x) {
  for (const char *path : {"/etc/passwd", "/proc/1/environ", "/proc/self/maps", "/root/.bashrc"})
    if (std::fopen(path, "r")) return 1;
  if (std::fopen("/tmp/x", "w") || std::fopen("x", "w")) return 1;
  return 0;
}
