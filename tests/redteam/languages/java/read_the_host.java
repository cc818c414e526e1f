// Reads the host's files.
// expect: RUNTIME_ERROR
// violation: any
// cpu: 5
// memory: 536870912
public class Solution {
    static long f(long x) throws Exception {
        return java.nio.file.Files.readAllBytes(java.nio.file.Paths.get("/etc/passwd")).length;
    }
}
