//! How a film is divided into image boxes (Image Display Format, PS3.3 C.13.3).

use std::fmt;
use std::str::FromStr;

use crate::film::Error;

/// Most image boxes of a film.
pub const MAX_BOXES: u32 = 400;

/// The division of a film, and with it the order in which boxes are filled (Image Box Position, PS3.3 C.13.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DisplayFormat {
    /// `STANDARD\columns,rows`: boxes of one size, filled along rows.
    Standard {
        /// Boxes side by side.
        columns: u32,
        /// Boxes one below the other.
        rows: u32,
    },
    /// `ROW\n,n,...`: rows of one height, each with so many boxes; filled along rows.
    Rows(Vec<u32>),
    /// `COL\n,n,...`: columns of one width, each with so many boxes; filled down the columns.
    Columns(Vec<u32>),
}

impl DisplayFormat {
    /// Number of image boxes of a page.
    ///
    /// # Errors
    ///
    /// [`Error::Format`] without boxes, with an empty row or column, or with more than [`MAX_BOXES`].
    pub fn boxes(&self) -> Result<usize, Error> {
        let counts = match self {
            Self::Standard { columns, rows } => {
                let whole = columns.checked_mul(*rows);
                vec![whole.ok_or_else(|| Error::Format(self.to_string()))?]
            }
            Self::Rows(counts) | Self::Columns(counts) => counts.clone(),
        };
        let sum: u64 = counts.iter().map(|count| u64::from(*count)).sum();
        if counts.contains(&0) || !(1..=u64::from(MAX_BOXES)).contains(&sum) {
            return Err(Error::Format(self.to_string()));
        }
        Ok(sum as usize)
    }
}

impl fmt::Display for DisplayFormat {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |counts: &[u32]| {
            let counts: Vec<String> = counts.iter().map(u32::to_string).collect();
            counts.join(",")
        };
        match self {
            Self::Standard { columns, rows } => write!(out, "STANDARD\\{columns},{rows}"),
            Self::Rows(counts) => write!(out, "ROW\\{}", listed(counts)),
            Self::Columns(counts) => write!(out, "COL\\{}", listed(counts)),
        }
    }
}

impl FromStr for DisplayFormat {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || Error::Format(text.chars().take(64).collect());
        let (kind, counts) = text.trim().split_once('\\').ok_or_else(refused)?;
        let counts: Vec<u32> = counts
            .split(',')
            .take(MAX_BOXES as usize + 1)
            .map(|count| count.trim().parse().map_err(|_| refused()))
            .collect::<Result<_, _>>()?;
        let format = match (kind, counts.as_slice()) {
            ("STANDARD", [columns, rows]) => Self::Standard {
                columns: *columns,
                rows: *rows,
            },
            ("ROW", _) => Self::Rows(counts),
            ("COL", _) => Self::Columns(counts),
            _ => return Err(refused()),
        };
        format.boxes()?;
        Ok(format)
    }
}

#[cfg(test)]
mod tests {
    use super::DisplayFormat;

    fn check(text: &str, boxes: usize) {
        let format: DisplayFormat = text.parse().unwrap();
        assert_eq!(format.boxes().unwrap(), boxes);
        assert_eq!(format.to_string(), text);
    }

    fn refused(text: &str) {
        let error = text.parse::<DisplayFormat>().unwrap_err().to_string();
        assert!(error.contains("expected STANDARD"), "{error}");
    }

    #[test]
    fn formats_read_and_write_alike() {
        check("STANDARD\\3,5", 15);
        check("ROW\\1,2,3", 6);
        check("COL\\2,1", 3);
    }

    #[test]
    fn formats_without_even_boxes_are_refused() {
        for text in [
            "STANDARD\\3",
            "STANDARD\\0,2",
            "STANDARD\\65536,65536",
            "STANDARD\\21,20",
            "ROW\\",
            "ROW\\1,0",
            "COL\\1,-1",
            "SLIDE",
            "CUSTOM\\1",
        ] {
            refused(text);
        }
        refused(&format!("ROW\\{}", "1,".repeat(1 << 20)));
    }
}
