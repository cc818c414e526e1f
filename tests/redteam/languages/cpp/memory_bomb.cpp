// Takes all memory.
// expect: MEMORY_LIMIT | RUNTIME_ERROR
// violation: no
// cpu: 5
#include <cstring>
#include <vector>
int f(int x) {
  std::vector<char *> held;
  while (true) held.push_back((char *)std::memset(new char[1 << 20], 1, 1 << 20));
}
