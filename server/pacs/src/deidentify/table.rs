//! Table E.1-1 of PS3.15 as data: one row an attribute, one action a column.

use std::collections::HashMap;
use std::sync::LazyLock;

use dicom_core::Tag;

use super::options::{Dates, Options};

const SOURCE: &str = include_str!("table.csv");

/// An action code of the table (PS3.15 E.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// D: replace by a dummy.
    Dummy,
    /// Z: empty, or a dummy.
    Empty,
    /// X: remove.
    Remove,
    /// K: keep; clean within a sequence.
    Keep,
    /// C: clean.
    Clean,
    /// U: replace a UID, the same one always by the same one.
    Uid,
    /// Z/D.
    EmptyOrDummy,
    /// X/Z.
    RemoveOrEmpty,
    /// X/D.
    RemoveOrDummy,
    /// X/Z/D.
    RemoveOrEmptyOrDummy,
    /// X/Z/U*: a sequence whose references are replaced.
    RemoveOrEmptyOrUids,
}

impl Action {
    fn from_code(code: &str) -> Option<Self> {
        Some(match code {
            "D" => Self::Dummy,
            "Z" => Self::Empty,
            "X" => Self::Remove,
            "K" => Self::Keep,
            "C" => Self::Clean,
            "U" => Self::Uid,
            "Z/D" => Self::EmptyOrDummy,
            "X/Z" => Self::RemoveOrEmpty,
            "X/D" => Self::RemoveOrDummy,
            "X/Z/D" => Self::RemoveOrEmptyOrDummy,
            "X/Z/U*" => Self::RemoveOrEmptyOrUids,
            _ => return None,
        })
    }
}

/// Which attributes a row is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pattern {
    /// One attribute.
    One(Tag),
    /// Every attribute of the groups 5000 to 501E, curves.
    Curves,
    /// One element of the groups 6000 to 601E, overlays.
    Overlays(u16),
    /// Attributes of odd groups.
    Private,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// Which attributes it is about.
    pub pattern: Pattern,
    /// The attribute's keyword.
    pub keyword: &'static str,
    /// Basic profile.
    pub profile: Action,
    /// Retain Safe Private.
    pub safe_private: Option<Action>,
    /// Retain UIDs.
    pub uids: Option<Action>,
    /// Retain Device Identity.
    pub device: Option<Action>,
    /// Retain Institution Identity.
    pub institution: Option<Action>,
    /// Retain Patient Characteristics.
    pub patient: Option<Action>,
    /// Retain Longitudinal Temporal Information with Full Dates.
    pub full_dates: Option<Action>,
    /// Retain Longitudinal Temporal Information with Modified Dates.
    pub modified_dates: Option<Action>,
    /// Clean Descriptors.
    pub descriptors: Option<Action>,
    /// Clean Structured Content.
    pub structured: Option<Action>,
    /// Clean Graphics.
    pub graphics: Option<Action>,
    /// Transcriptions of the standard that agree on the row, of three.
    pub sources: u8,
}

impl Row {
    /// Gives what `options` make of the row: an option's Keep or, of dates, Clean; else the basic profile's action.
    ///
    /// Of a date that two options keep, the modified one wins: it tells less.
    #[must_use]
    pub fn action(&self, options: &Options) -> Action {
        match (options.dates, self.modified_dates) {
            (Dates::Shifted, Some(action)) => return action,
            (Dates::Kept, Some(_)) if self.full_dates == Some(Action::Keep) => return Action::Keep,
            _ => {}
        }
        let kept = [
            (options.keep_uids, self.uids),
            (options.keep_device, self.device),
            (options.keep_institution, self.institution),
            (options.keep_patient_characteristics, self.patient),
        ];
        // What an option would clean takes a person's judgement: the basic profile holds.
        let keep = kept.contains(&(true, Some(Action::Keep)));
        if keep { Action::Keep } else { self.profile }
    }
}

/// The table.
#[derive(Debug)]
pub struct Table {
    rows: Vec<Row>,
    by_tag: HashMap<Tag, usize>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let rows: Vec<Row> = SOURCE.lines().skip(1).filter_map(row).collect();
    let one = |(at, row): (usize, &Row)| match row.pattern {
        Pattern::One(tag) => Some((tag, at)),
        _ => None,
    };
    let by_tag = rows.iter().enumerate().filter_map(one).collect();
    Table { rows, by_tag }
});

impl Table {
    /// Gives the table of the edition that the module's documentation names.
    #[must_use]
    pub fn get() -> &'static Self {
        &TABLE
    }

    /// Gives every row.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Gives the row of a standard attribute that is neither of a curve nor of an overlay.
    #[must_use]
    pub fn row(&self, tag: Tag) -> Option<&Row> {
        self.by_tag.get(&tag).map(|at| &self.rows[*at])
    }
}

fn row(line: &'static str) -> Option<Row> {
    let cells: Vec<&'static str> = line.split(',').collect();
    let action = |at: usize| cells.get(at).and_then(|code| Action::from_code(code));
    Some(Row {
        pattern: pattern(cells.first()?)?,
        keyword: cells.get(1)?,
        profile: action(2)?,
        safe_private: action(3),
        uids: action(4),
        device: action(5),
        institution: action(6),
        patient: action(7),
        full_dates: action(8),
        modified_dates: action(9),
        descriptors: action(10),
        structured: action(11),
        graphics: action(12),
        sources: cells.get(13)?.parse().ok()?,
    })
}

fn pattern(text: &str) -> Option<Pattern> {
    let number = |digits: Option<&str>| u16::from_str_radix(digits?, 16).ok();
    Some(match text {
        "private" => Pattern::Private,
        "50xxxxxx" => Pattern::Curves,
        _ if text.starts_with("60xx") => Pattern::Overlays(number(text.get(4..))?),
        _ => Pattern::One(Tag(number(text.get(..4))?, number(text.get(4..))?)),
    })
}

#[cfg(test)]
mod tests {
    use super::{SOURCE, Table};

    /// A line that does not parse would be an attribute that stays.
    #[test]
    fn every_line_is_a_row() {
        assert_eq!(Table::get().rows().len(), 656);
        assert_eq!(SOURCE.lines().count(), 657);
        let patterns = Table::get().rows().len() - Table::get().by_tag.len();
        assert_eq!(patterns, 4, "curves, two of overlays, private");
    }

    #[test]
    fn every_cell_is_an_action() {
        for line in SOURCE.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            assert_eq!(cells.len(), 14, "{line}");
            for cell in &cells[2..13] {
                assert!(
                    cell.is_empty() || super::Action::from_code(cell).is_some(),
                    "{line}"
                );
            }
        }
    }
}
