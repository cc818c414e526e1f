class Solution {
    static long or_default(Long value, long otherwise) {
        return value == null ? otherwise : value;
    }
}
