class Solution {
    static boolean[] positive(int[] numbers) {
        boolean[] made = new boolean[numbers.length];
        for (int at = 0; at < numbers.length; at++) made[at] = numbers[at] > 0;
        return made;
    }
}
