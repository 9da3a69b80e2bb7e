//! How a screen is parted into views.

use serde::{Deserialize, Serialize};

use crate::presentation::Size;

/// Most rows, and most columns.
pub const MAX_LINES: u32 = 8;

/// Most cells: every place of the largest grid.
pub const MAX_CELLS: usize = 64;

/// Longest name of a layout, in bytes.
const MAX_NAME: usize = 128;

/// Why a screen is not parted so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// No rows or columns, or too many.
    #[error("a layout has 1 to {MAX_LINES} rows and columns, found {rows} x {columns}")]
    Grid {
        /// Rows given.
        rows: u32,
        /// Columns given.
        columns: u32,
    },
    /// No cells, or too many.
    #[error("a layout has 1 to {MAX_CELLS} cells, found {0}")]
    Count(usize),
    /// A name that is empty or too long.
    #[error("the name of a layout has 1 to {MAX_NAME} bytes, found {0}")]
    Name(usize),
    /// A cell that spans nothing or leaves the grid.
    #[error("a cell must lie within {rows} rows and {columns} columns, found cell {cell}: {found:?}")]
    Outside {
        /// Rows of the grid.
        rows: u32,
        /// Columns of the grid.
        columns: u32,
        /// Which cell.
        cell: usize,
        /// What it is.
        found: Cell,
    },
    /// Two cells at one place.
    #[error("cells must not overlap, found {second} over {first} at row {row}, column {column}")]
    Overlap {
        /// The earlier cell.
        first: usize,
        /// The later cell.
        second: usize,
        /// Row of a place that both claim, from 0.
        row: u32,
        /// Its column.
        column: u32,
    },
    /// The picture is too small.
    #[error("{lines} rows or columns with gaps of {gap} need at least {needed} pixels, found {found}")]
    Room {
        /// Rows or columns.
        lines: u32,
        /// Pixels between two.
        gap: u32,
        /// One pixel a line and the gaps.
        needed: u64,
        /// Pixels given.
        found: u32,
    },
}

/// A place of a layout, in rows and columns from 0 at the top left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cell {
    /// First row.
    pub row: u32,
    /// First column.
    pub column: u32,
    /// Rows that it covers.
    #[serde(default = "one")]
    pub row_span: u32,
    /// Columns that it covers.
    #[serde(default = "one")]
    pub column_span: u32,
}

fn one() -> u32 {
    1
}

impl Cell {
    /// A cell of one row and one column.
    #[must_use]
    pub const fn at(row: u32, column: u32) -> Self {
        Self {
            row,
            column,
            row_span: 1,
            column_span: 1,
        }
    }

    fn within(self, rows: u32, columns: u32) -> bool {
        let fits =
            |from: u32, span: u32, all: u32| span > 0 && from.checked_add(span).is_some_and(|end| end <= all);
        fits(self.row, self.row_span, rows) && fits(self.column, self.column_span, columns)
    }
}

/// A part of a picture, in pixels from its top left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rectangle {
    /// First column.
    pub x: u32,
    /// First row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// Cells on a grid that do not overlap; what no cell covers stays empty.
///
/// Read from data it is checked as [`Layout::custom`] does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Layout {
    name: String,
    rows: u32,
    columns: u32,
    cells: Vec<Cell>,
}

/// A layout as it is written, not yet checked. Without cells it is a grid.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename = "Layout")]
struct Written {
    name: String,
    rows: u32,
    columns: u32,
    cells: Option<Vec<Cell>>,
}

impl TryFrom<Written> for Layout {
    type Error = LayoutError;

    fn try_from(written: Written) -> Result<Self, LayoutError> {
        match written.cells {
            Some(cells) => Self::custom(written.name, written.rows, written.columns, cells),
            None => {
                let grid = Self::grid(written.rows, written.columns)?;
                Self::custom(written.name, grid.rows, grid.columns, grid.cells)
            }
        }
    }
}

impl Layout {
    /// Cells of one size, row by row, named by their counts.
    ///
    /// ```
    /// use engine::presentation::Layout;
    /// let layout = Layout::grid(2, 3)?;
    /// assert_eq!((layout.name(), layout.cells().len()), ("2x3", 6));
    /// # Ok::<(), engine::presentation::LayoutError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`LayoutError::Grid`] unless there are 1 to [`MAX_LINES`] of each.
    pub fn grid(rows: u32, columns: u32) -> Result<Self, LayoutError> {
        check_grid(rows, columns)?;
        let row = |row| (0..columns).map(move |column| Cell::at(row, column));
        Self::custom(
            format!("{rows}x{columns}"),
            rows,
            columns,
            (0..rows).flat_map(row).collect(),
        )
    }

    /// CT, PET and both, each axial, coronal and sagittal in rows, and a column at the right for a MIP.
    ///
    /// Cells 0 to 8 are the planes row by row, cell 9 is the column.
    #[must_use]
    pub fn pet_ct() -> Self {
        let mut cells: Vec<Cell> = (0..9).map(|n| Cell::at(n / 3, n % 3)).collect();
        cells.push(Cell {
            row_span: 3,
            ..Cell::at(0, 3)
        });
        Self {
            name: "pet-ct".to_owned(),
            rows: 3,
            columns: 4,
            cells,
        }
    }

    /// Makes a layout of its cells.
    ///
    /// # Errors
    ///
    /// [`LayoutError`] when the grid is too large or has nothing, the name is empty, or cells are none, too
    /// many, overlap or leave the grid.
    pub fn custom(
        name: impl Into<String>,
        rows: u32,
        columns: u32,
        cells: Vec<Cell>,
    ) -> Result<Self, LayoutError> {
        let name = name.into();
        if !(1..=MAX_NAME).contains(&name.len()) {
            return Err(LayoutError::Name(name.len()));
        }
        check_grid(rows, columns)?;
        if !(1..=MAX_CELLS).contains(&cells.len()) {
            return Err(LayoutError::Count(cells.len()));
        }
        check_cells(rows, columns, &cells)?;
        Ok(Self {
            name,
            rows,
            columns,
            cells,
        })
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Rows of the grid.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Columns of the grid.
    #[must_use]
    pub fn columns(&self) -> u32 {
        self.columns
    }

    /// The cells, in the order of views.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Where the cells lie in a picture, with `gap_pixels` between neighbours and none at its edges.
    ///
    /// Edges are shared: nothing is lost or covered twice by rounding, and lines differ by one pixel at most.
    ///
    /// # Errors
    ///
    /// [`LayoutError::Room`] when the picture has no pixel for every row and column.
    pub fn rectangles(&self, size: Size, gap_pixels: u32) -> Result<Vec<Rectangle>, LayoutError> {
        let x = edges(size.width, self.columns, gap_pixels)?;
        let y = edges(size.height, self.rows, gap_pixels)?;
        let span = |edges: &[u32], from: u32, count: u32| {
            let start = edges[from as usize];
            let end = edges[(from + count) as usize] - gap_pixels;
            (start, end - start)
        };
        let place = |cell: &Cell| {
            let (x, width) = span(&x, cell.column, cell.column_span);
            let (y, height) = span(&y, cell.row, cell.row_span);
            Rectangle { x, y, width, height }
        };
        Ok(self.cells.iter().map(place).collect())
    }
}

fn check_grid(rows: u32, columns: u32) -> Result<(), LayoutError> {
    let fine = |lines| (1..=MAX_LINES).contains(&lines);
    if fine(rows) && fine(columns) {
        return Ok(());
    }
    Err(LayoutError::Grid { rows, columns })
}

fn check_cells(rows: u32, columns: u32, cells: &[Cell]) -> Result<(), LayoutError> {
    let mut taken = vec![None; (rows * columns) as usize];
    for (n, cell) in cells.iter().enumerate() {
        if !cell.within(rows, columns) {
            return Err(LayoutError::Outside {
                rows,
                columns,
                cell: n,
                found: *cell,
            });
        }
        for row in cell.row..cell.row + cell.row_span {
            for column in cell.column..cell.column + cell.column_span {
                let place = &mut taken[(row * columns + column) as usize];
                if let Some(first) = *place {
                    return Err(LayoutError::Overlap {
                        first,
                        second: n,
                        row,
                        column,
                    });
                }
                *place = Some(n);
            }
        }
    }
    Ok(())
}

/// Where lines begin, gaps counted to the line before; the last is one gap past the end.
fn edges(pixels: u32, lines: u32, gap: u32) -> Result<Vec<u32>, LayoutError> {
    let gaps = u64::from(gap) * u64::from(lines - 1);
    let room = u64::from(pixels).saturating_sub(gaps);
    // Past the end lies one more gap, which must still be a number of pixels.
    if room < u64::from(lines) || u64::from(pixels) + u64::from(gap) > u64::from(u32::MAX) {
        return Err(LayoutError::Room {
            lines,
            gap,
            needed: gaps + u64::from(lines),
            found: pixels,
        });
    }
    let edge = |n: u32| {
        let (n, lines) = (u64::from(n), u64::from(lines));
        // Half up: the fraction n / lines of the room, rounded.
        (2 * n * room + lines) / (2 * lines) + n * u64::from(gap)
    };
    Ok((0..=lines).map(|n| edge(n) as u32).collect())
}

#[cfg(test)]
mod tests;
