import java.util.Map;

class Solution {
    static Double lookup(Map<String, Double> prices, String name) {
        return prices.get(name);
    }
}
