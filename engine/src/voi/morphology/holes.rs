//! Background that a set encloses.

use crate::voi::morphology::spans::{Bounds, Span, Spans};

/// Which background counts as outside.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Enclosed {
    /// What no way through faces of voxels leads out of.
    InSpace,
    /// What no way within its slice leads out of.
    InSlice,
}

/// The voxels of `set` and the background that it encloses.
pub(super) fn filled(set: &Spans, enclosed: Enclosed) -> Spans {
    // One voxel of background all around is outside and joins what else is.
    let [columns, rows, slices] = set.bounds().clone().map(|range| range.start - 1..range.end + 1);
    let slices = match enclosed {
        Enclosed::InSpace => slices,
        Enclosed::InSlice => slices.start + 1..slices.end - 1,
    };
    let bounds = [columns, rows, slices];
    let background = set.complement(&bounds);
    let within = within(&background, enclosed);
    background.without(&within).complement(&bounds)
}

/// Whether each span of the background is cut off from the ring around it.
fn within(background: &Spans, enclosed: Enclosed) -> Vec<bool> {
    let [_, rows, slices]: &Bounds = background.bounds();
    let mut sets = Sets::new(background.len());
    for k in slices.clone() {
        for j in rows.clone() {
            sets.join(background, [j, k], [j - 1, k]);
            if enclosed == Enclosed::InSpace {
                sets.join(background, [j, k], [j, k - 1]);
            }
        }
    }
    let mut within = vec![true; background.len()];
    for k in slices.clone() {
        // The first span of each slice is a row of the ring.
        within[sets.root(background.first(rows.start, k))] = false;
    }
    (0..background.len())
        .map(|span| within[sets.root(span)])
        .collect()
}

/// Spans that belong together; each names another of its set, or itself.
struct Sets {
    parent: Vec<usize>,
}

impl Sets {
    fn new(count: usize) -> Self {
        Self {
            parent: (0..count).collect(),
        }
    }

    fn root(&mut self, mut member: usize) -> usize {
        while self.parent[member] != member {
            self.parent[member] = self.parent[self.parent[member]];
            member = self.parent[member];
        }
        member
    }

    /// Joins the spans of two rows (row, slice) that share a column.
    fn join(&mut self, spans: &Spans, a: [i64; 2], b: [i64; 2]) {
        let (row_a, row_b) = (spans.row(a[0], a[1]), spans.row(b[0], b[1]));
        if row_a.is_empty() || row_b.is_empty() {
            return;
        }
        let (first_a, first_b) = (spans.first(a[0], a[1]), spans.first(b[0], b[1]));
        let (mut n, mut m) = (0, 0);
        while let (Some(one), Some(other)) = (row_a.get(n), row_b.get(m)) {
            if share(*one, *other) {
                let (one, other) = (self.root(first_a + n), self.root(first_b + m));
                self.parent[one.max(other)] = one.min(other);
            }
            if one.end <= other.end { n += 1 } else { m += 1 }
        }
    }
}

fn share(a: Span, b: Span) -> bool {
    a.start < b.end && b.start < a.end
}
