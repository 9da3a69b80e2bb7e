use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

use super::{Cell, Layout, LayoutError, MAX_CELLS, Rectangle};
use crate::presentation::Size;

#[test]
fn a_grid_is_parted_by_rounded_fractions() {
    let size = Size {
        width: 100,
        height: 11,
    };
    let layout = Layout::grid(2, 3).unwrap();
    let found = layout.rectangles(size, 0).unwrap();
    let x: Vec<_> = found.iter().map(|at| (at.x, at.width)).collect();
    assert_eq!(x[..3], [(0, 33), (33, 34), (67, 33)]);
    let y: Vec<_> = found.iter().map(|at| (at.y, at.height)).collect();
    assert_eq!((y[0], y[3]), ((0, 6), (6, 5)));
    let gaps = layout.rectangles(size, 2).unwrap();
    let x: Vec<_> = gaps.iter().map(|at| (at.x, at.width)).collect();
    assert_eq!(x[..3], [(0, 32), (34, 32), (68, 32)]);
}

#[test]
fn pet_ct_has_nine_planes_and_a_column() {
    let layout = Layout::pet_ct();
    let found = layout.rectangles(
        Size {
            width: 1600,
            height: 900,
        },
        0,
    );
    let found = found.unwrap();
    assert_eq!(found.len(), 10);
    let column = Rectangle {
        x: 1200,
        y: 0,
        width: 400,
        height: 900,
    };
    assert_eq!(found[9], column);
    let (rows, columns, cells) = (layout.rows(), layout.columns(), layout.cells().to_vec());
    assert_eq!(Layout::custom("pet-ct", rows, columns, cells), Ok(layout));
}

fn check(rows: u32, columns: u32, cells: Vec<Cell>, expected: &str) {
    let found = Layout::custom("mine", rows, columns, cells).unwrap_err();
    assert_eq!(found.to_string(), expected);
}

#[test]
fn what_is_no_layout_is_refused() {
    check(1, 1, vec![], "a layout has 1 to 64 cells, found 0");
    check(
        0,
        1,
        vec![Cell::at(0, 0)],
        "a layout has 1 to 8 rows and columns, found 0 x 1",
    );
    let wide = Cell {
        column_span: 2,
        ..Cell::at(0, 1)
    };
    check(
        1,
        2,
        vec![Cell::at(0, 0), wide],
        "a cell must lie within 1 rows and 2 columns, found cell 1: Cell { row: 0, column: 1, row_span: 1, column_span: 2 }",
    );
    check(
        2,
        3,
        vec![wide, Cell::at(0, 0), Cell::at(0, 2)],
        "cells must not overlap, found 2 over 0 at row 0, column 2",
    );
    let nothing = Cell {
        row_span: 0,
        ..Cell::at(0, 0)
    };
    assert!(matches!(
        Layout::custom("mine", 2, 2, vec![nothing]),
        Err(LayoutError::Outside { cell: 0, .. })
    ));
    let far = Cell {
        row_span: u32::MAX,
        ..Cell::at(1, 0)
    };
    assert!(Layout::custom("mine", 2, 2, vec![far]).is_err());
    assert_eq!(
        Layout::custom("mine", 8, 8, vec![Cell::at(0, 0); MAX_CELLS + 1]),
        Err(LayoutError::Count(65))
    );
    assert_eq!(
        Layout::custom("", 1, 1, vec![Cell::at(0, 0)]),
        Err(LayoutError::Name(0))
    );
    assert_eq!(Layout::grid(9, 1), Err(LayoutError::Grid { rows: 9, columns: 1 }));
}

#[test]
fn too_small_a_picture_is_refused() {
    let size = |width, height| Size { width, height };
    let found = Layout::grid(1, 4).unwrap().rectangles(size(9, 5), 2).unwrap_err();
    assert_eq!(
        found.to_string(),
        "4 rows or columns with gaps of 2 need at least 10 pixels, found 9"
    );
    let one = Layout::grid(1, 1).unwrap();
    assert!(one.rectangles(size(0, 5), 0).is_err());
    assert!(one.rectangles(size(u32::MAX, u32::MAX), u32::MAX).is_err());
    assert!(one.rectangles(size(u32::MAX, u32::MAX), 0).is_ok());
}

#[test]
fn layouts_are_read_and_checked() {
    let read = |text: &str| serde_json::from_str::<Layout>(text);
    let text = r#"{"name":"two","rows":1,"columns":2,"cells":[{"row":0,"column":0},{"row":0,"column":1}]}"#;
    let layout = read(text).unwrap();
    assert_eq!(layout.cells(), [Cell::at(0, 0), Cell::at(0, 1)]);
    assert_eq!(read(&serde_json::to_string(&layout).unwrap()).unwrap(), layout);
    let grid = read(r#"{"name":"four","rows":2,"columns":2}"#).unwrap();
    assert_eq!(grid.cells(), Layout::grid(2, 2).unwrap().cells());
    let overlap = text.replace(r#""column":1"#, r#""column":0"#);
    assert!(
        read(&overlap)
            .unwrap_err()
            .to_string()
            .contains("must not overlap")
    );
    let unknown = text.replace(r#""rows""#, r#""tilt":3,"rows""#);
    assert!(
        read(&unknown)
            .unwrap_err()
            .to_string()
            .contains("unknown field `tilt`")
    );
    assert!(read(r#"{"name":"none","rows":1,"columns":1,"cells":[]}"#).is_err());
}

/// Layouts that cover their grid, made by joining places at random.
fn covering() -> impl Strategy<Value = Layout> {
    (1..=8u32, 1..=8u32, any::<u64>()).prop_map(|(rows, columns, seed)| {
        let mut free = vec![true; (rows * columns) as usize];
        let mut cells = Vec::new();
        let mut random = seed;
        for row in 0..rows {
            for column in 0..columns {
                if !free[(row * columns + column) as usize] {
                    continue;
                }
                let room = (column..columns)
                    .take_while(|&at| free[(row * columns + at) as usize])
                    .count() as u64;
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let row_span = 1 + ((random >> 33) % u64::from(rows - row)) as u32;
                let column_span = 1 + ((random >> 40) % room) as u32;
                for y in row..row + row_span {
                    for x in column..column + column_span {
                        free[(y * columns + x) as usize] = false;
                    }
                }
                cells.push(Cell {
                    row,
                    column,
                    row_span,
                    column_span,
                });
            }
        }
        Layout::custom("random", rows, columns, cells).unwrap()
    })
}

proptest! {
    #[test]
    fn cells_are_apart_inside_and_cover_all(
        layout in covering(),
        width in 8..700u32,
        height in 8..700u32,
    ) {
        let found = layout.rectangles(Size { width, height }, 0).unwrap();
        let mut count = vec![0u8; (width * height) as usize];
        for at in &found {
            prop_assert!(at.width > 0 && at.height > 0);
            prop_assert!(at.x + at.width <= width && at.y + at.height <= height);
            for y in at.y..at.y + at.height {
                for x in at.x..at.x + at.width {
                    count[(y * width + x) as usize] += 1;
                }
            }
        }
        prop_assert!(count.iter().all(|&times| times == 1));
    }

    #[test]
    fn gaps_are_as_wide_as_asked(layout in covering(), width in 64..4000u32, gap in 0..8u32) {
        let found = layout.rectangles(Size { width, height: 100 }, gap).unwrap();
        for (a, cell_a) in found.iter().zip(layout.cells()) {
            prop_assert_eq!(cell_a.column == 0, a.x == 0);
            let at_end = cell_a.column + cell_a.column_span == layout.columns();
            prop_assert_eq!(at_end, a.x + a.width == width);
            for (b, cell_b) in found.iter().zip(layout.cells()) {
                if cell_b.column == cell_a.column + cell_a.column_span {
                    prop_assert_eq!(b.x, a.x + a.width + gap);
                }
            }
        }
    }
}
