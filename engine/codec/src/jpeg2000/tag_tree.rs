//! Tag trees: a grid of numbers, coded from coarse to fine (ITU-T T.800 B.10.2).

use crate::Result;

/// Larger than any value that a tag tree here may hold; a node not yet known has it.
const UNKNOWN: u16 = u16::MAX;

/// What is known of one node.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// The node's value, once known.
    value: u16,
    /// The value is at least this.
    at_least: u16,
    /// For writing: the value has been written in full.
    written: bool,
}

/// A tag tree over a grid of `width` by `height` leaves.
#[derive(Debug, Clone)]
pub(super) struct TagTree {
    nodes: Vec<Node>,
    /// First node and nodes in a row of each level, leaves first.
    levels: Vec<(usize, usize)>,
}

impl TagTree {
    pub(super) fn new(width: u32, height: u32) -> Self {
        let (mut width, mut height) = (width as usize, height as usize);
        let mut levels = Vec::new();
        let mut count = 0;
        if width > 0 && height > 0 {
            loop {
                levels.push((count, width));
                count += width * height;
                if width == 1 && height == 1 {
                    break;
                }
                (width, height) = (width.div_ceil(2), height.div_ceil(2));
            }
        }
        let node = Node {
            value: UNKNOWN,
            at_least: 0,
            written: false,
        };
        Self {
            nodes: vec![node; count],
            levels,
        }
    }

    /// Makes a tree that holds `values`, in reading order, for writing.
    pub(super) fn with_values(width: u32, height: u32, values: &[u16]) -> Self {
        let mut tree = Self::new(width, height);
        for (node, value) in tree.nodes.iter_mut().zip(values) {
            node.value = *value;
        }
        for pair in tree.levels.windows(2) {
            let ((first, row), (parents, parent_row)) = (pair[0], pair[1]);
            for child in 0..parents - first {
                let parent = parents + child / row / 2 * parent_row + child % row / 2;
                tree.nodes[parent].value = tree.nodes[parent].value.min(tree.nodes[first + child].value);
            }
        }
        tree
    }

    /// Reads until it is known whether the leaf's value is below `limit`.
    ///
    /// # Errors
    ///
    /// Those of `bit`, which gives the next bit of the packet header.
    pub(super) fn is_below(
        &mut self,
        (x, y): (u32, u32),
        limit: u16,
        mut bit: impl FnMut() -> Result<bool>,
    ) -> Result<bool> {
        let mut at_least = 0;
        let mut known = false;
        for (level, (first, row)) in self.levels.iter().enumerate().rev() {
            let node = &mut self.nodes[first + (y as usize >> level) * row + (x as usize >> level)];
            at_least = node.at_least.max(at_least);
            while at_least < limit && node.value == UNKNOWN {
                if bit()? {
                    node.value = at_least;
                } else {
                    at_least += 1;
                }
            }
            node.at_least = at_least;
            known = node.value < limit;
        }
        Ok(known)
    }

    /// Writes what a reader needs to know whether the leaf's value is below `limit`.
    pub(super) fn write(&mut self, (x, y): (u32, u32), limit: u16, mut bit: impl FnMut(bool)) {
        let mut at_least = 0;
        for (level, (first, row)) in self.levels.iter().enumerate().rev() {
            let node = &mut self.nodes[first + (y as usize >> level) * row + (x as usize >> level)];
            at_least = node.at_least.max(at_least);
            while at_least < limit {
                if at_least >= node.value {
                    if !node.written {
                        bit(true);
                        node.written = true;
                    }
                    break;
                }
                bit(false);
                at_least += 1;
            }
            node.at_least = at_least;
        }
    }
}
