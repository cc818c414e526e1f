class Solution {
    static int[][] transpose(int[][] rows) {
        int[][] made = new int[rows[0].length][rows.length];
        for (int i = 0; i < rows.length; i++)
            for (int j = 0; j < rows[0].length; j++) made[j][i] = rows[i][j];
        return made;
    }
}
