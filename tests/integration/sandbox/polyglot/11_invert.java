import java.util.HashMap;
import java.util.Map;

class Solution {
    static Map<Long, String> invert(Map<String, Long> names) {
        Map<Long, String> made = new HashMap<>();
        names.forEach((name, number) -> made.put(number, name));
        return made;
    }
}
