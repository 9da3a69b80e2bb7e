//! One-to-one pairs with the largest total worth.

/// Chooses pairs (row, column), no row or column twice, so that the sum of `worth` is largest; pairs without worth
/// are left apart. `worth` has `rows` rows of `columns` values, none negative.
///
/// The Hungarian method with row and column potentials: O(rows² columns) for rows ≤ columns. Kuhn HW, Naval Research
/// Logistics Quarterly 1955;2:83.
pub(super) fn best_pairs(
    rows: usize,
    columns: usize,
    worth: &dyn Fn(usize, usize) -> f64,
) -> Vec<(usize, usize)> {
    if rows > columns {
        let turned = best_pairs(columns, rows, &|row, column| worth(column, row));
        let mut pairs: Vec<_> = turned.into_iter().map(|(row, column)| (column, row)).collect();
        pairs.sort_unstable();
        return pairs;
    }
    let mut search = Search::new(rows, columns);
    for row in 0..rows {
        search.add(row, worth);
    }
    let mut pairs: Vec<_> = (0..columns)
        .filter_map(|column| search.row_of[column].map(|row| (row, column)))
        .filter(|&(row, column)| worth(row, column) > 0.0)
        .collect();
    pairs.sort_unstable();
    pairs
}

/// Potentials and pairs so far; the column after the last is where a search starts.
struct Search {
    columns: usize,
    of_row: Vec<f64>,
    of_column: Vec<f64>,
    row_of: Vec<Option<usize>>,
}

impl Search {
    fn new(rows: usize, columns: usize) -> Self {
        Self {
            columns,
            of_row: vec![0.0; rows],
            of_column: vec![0.0; columns + 1],
            row_of: vec![None; columns + 1],
        }
    }

    /// Gives `row` a column, moving others along the cheapest alternating path.
    fn add(&mut self, row: usize, worth: &dyn Fn(usize, usize) -> f64) {
        let start = self.columns;
        self.row_of[start] = Some(row);
        let mut least = vec![f64::INFINITY; self.columns];
        let mut came_from = vec![start; self.columns];
        let mut used = vec![false; self.columns + 1];
        let mut column = start;
        while let Some(row) = self.row_of[column] {
            used[column] = true;
            let (mut step, mut next) = (f64::INFINITY, start);
            for other in (0..self.columns).filter(|&other| !used[other]) {
                let slack = -worth(row, other) - self.of_row[row] - self.of_column[other];
                if slack < least[other] {
                    (least[other], came_from[other]) = (slack, column);
                }
                if least[other] < step {
                    (step, next) = (least[other], other);
                }
            }
            self.shift(&used, &mut least, step);
            column = next;
        }
        while column != start {
            let before = came_from[column];
            self.row_of[column] = self.row_of[before];
            column = before;
        }
        self.row_of[start] = None;
    }

    fn shift(&mut self, used: &[bool], least: &mut [f64], step: f64) {
        for (column, used) in used.iter().enumerate() {
            match (*used, self.row_of[column]) {
                (true, Some(row)) => {
                    self.of_row[row] += step;
                    self.of_column[column] -= step;
                }
                (false, _) if column < least.len() => least[column] -= step,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::best_pairs;

    /// The largest total of any choice of pairs, by trying all.
    fn largest(worth: &[Vec<f64>], row: usize, taken: u32) -> f64 {
        let Some(of_row) = worth.get(row) else { return 0.0 };
        let apart = largest(worth, row + 1, taken);
        let pairs = of_row
            .iter()
            .enumerate()
            .filter(|(column, _)| taken >> column & 1 == 0);
        pairs
            .map(|(column, value)| value + largest(worth, row + 1, taken | 1 << column))
            .fold(apart, f64::max)
    }

    #[test]
    fn a_close_pair_is_not_torn_apart() {
        let worth = [[14.0, 1.0], [1.0, 0.0]];
        assert_eq!(best_pairs(2, 2, &|row, column| worth[row][column]), [(0, 0)]);
    }

    #[test]
    fn nothing_to_pair() {
        assert!(best_pairs(0, 3, &|_, _| 1.0).is_empty());
        assert!(best_pairs(3, 0, &|_, _| 1.0).is_empty());
    }

    proptest! {
        #[test]
        fn no_choice_is_worth_more(
            columns in 1..6usize,
            worth in prop::collection::vec(prop::collection::vec(prop_oneof![Just(0.0), 0.0..20.0f64], 6), 0..6),
        ) {
            let worth: Vec<Vec<f64>> = worth.into_iter().map(|row| row[..columns].to_vec()).collect();
            let pairs = best_pairs(worth.len(), columns, &|row, column| worth[row][column]);
            let total: f64 = pairs.iter().map(|&(row, column)| worth[row][column]).sum();
            prop_assert!((total - largest(&worth, 0, 0)).abs() < 1e-9);
            for (n, &(row, column)) in pairs.iter().enumerate() {
                prop_assert!(pairs[..n].iter().all(|&(r, c)| r != row && c != column));
            }
        }
    }
}
