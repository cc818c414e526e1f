import java.util.List;
import java.util.stream.Collectors;

class Solution {
    record Numbered(long number, String name) {}

    record Named(String name, long number) {}

    static List<Named> swap_pairs(List<Numbered> pairs) {
        return pairs.stream().map(p -> new Named(p.name(), p.number())).collect(Collectors.toList());
    }
}
