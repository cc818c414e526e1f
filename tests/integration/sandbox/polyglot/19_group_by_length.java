import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

class Solution {
    static Map<Integer, List<String>> group_by_length(List<String> words) {
        return words.stream().collect(Collectors.groupingBy(word -> word.length()));
    }
}
