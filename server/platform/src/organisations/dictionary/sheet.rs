//! Entries as a table of Excel (Office Open XML), written and read.
//!
//! The first row names the columns; columns are told by their place. What a cell holds is text: none is a formula.

use std::io::{Cursor, Read};

use calamine::{DataRef, Reader as _, Xlsx};
use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::model::{Behaviour, Entry, Field, Kind, Rights};
use crate::language::Language;
use crate::web::Fields;

/// Rows of a table at most, without the first.
pub const MAX_ROWS: usize = 10_000;
/// Bytes of a table at most.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;
/// Bytes of what a table packs at most.
const MAX_UNPACKED: u64 = 64 * 1024 * 1024;

/// Why a table is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is none.
    NotASheet,
    /// It is larger than is read.
    TooLarge,
    /// It has more rows than are read.
    TooManyRows,
    /// The first row does not name the columns of this kind.
    OtherColumns,
}

/// The columns of a kind, in a language.
fn columns(kind: Kind, language: Language) -> Vec<String> {
    let fixed = ["dictionary-code", "dictionary-name-zh", "dictionary-name-en"]
        .map(|key| language.say(key).into_owned());
    let own = kind
        .fields()
        .iter()
        .map(|field| language.say(&field.label()).into_owned());
    let retired = language.say("dictionary-is-retired").into_owned();
    fixed.into_iter().chain(own).chain([retired]).collect()
}

/// What a spreadsheet would take for a formula gets an apostrophe before it.
fn escaped(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

fn unescaped(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest,
        _ => text,
    }
}

/// The words of a value of a field: codes as they are, the rest in a language.
pub fn value_words(field: Field, value: &str, language: Language) -> String {
    match field {
        Field::Rights => language.say(&format!("dictionary-rights-{value}")).into_owned(),
        Field::Behaviour => language
            .say(&format!("dictionary-behaviour-{value}"))
            .into_owned(),
        Field::Modality | Field::Reference(_) => value.to_owned(),
    }
}

/// Reads what [`value_words`] wrote, in either language; anything else stays as it is and is refused as a wrong choice.
fn value_of(field: Field, words: &str) -> String {
    let known: Vec<&str> = match field {
        Field::Rights => Rights::ALL.iter().map(|one| one.word()).collect(),
        Field::Behaviour => Behaviour::ALL.iter().map(|one| one.word()).collect(),
        Field::Modality | Field::Reference(_) => Vec::new(),
    };
    let is_said = |value: &&str| {
        Language::ALL
            .iter()
            .any(|language| value_words(field, value, *language) == words)
    };
    known.into_iter().find(is_said).unwrap_or(words).to_owned()
}

/// Writes entries of a kind.
///
/// # Errors
///
/// The crate's, for more rows than Excel has.
pub fn write(kind: Kind, entries: &[Entry], language: Language) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let bold = Format::new().set_bold();
    for (at, name) in (0..).zip(columns(kind, language)) {
        sheet.write_string_with_format(0, at, escaped(&name), &bold)?;
        sheet.set_column_width(at, 24)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (row, entry) in (1..).zip(entries) {
        let mut cells = vec![entry.code.clone(), entry.name_zh.clone(), entry.name_en.clone()];
        for field in kind.fields() {
            let values = entry.detail.values(*field).into_iter();
            cells.push(
                values
                    .map(|value| value_words(*field, value, language))
                    .collect::<Vec<_>>()
                    .join(";"),
            );
        }
        cells.push(
            language
                .say(if entry.retired_ns.is_some() { "yes" } else { "no" })
                .into_owned(),
        );
        for (at, cell) in (0..).zip(&cells) {
            sheet.write_string(row, at, escaped(cell))?;
        }
    }
    workbook.save_to_buffer()
}

/// A row of a table: its number as Excel counts, and its cells as fields of a form.
pub type Row = (usize, Fields);

/// Reads the rows of a table of a kind.
///
/// # Errors
///
/// [`Refused`].
pub fn read(kind: Kind, bytes: &[u8]) -> Result<Vec<Row>, Refused> {
    if bytes.len() > MAX_BYTES {
        return Err(Refused::TooLarge);
    }
    must_unpack(bytes)?;
    let width = columns(kind, Language::Chinese).len();
    let mut cells = cells(bytes, width)?.into_iter();
    let first = cells.next().unwrap_or_default();
    if !Language::ALL
        .iter()
        .any(|language| columns(kind, *language) == first)
    {
        return Err(Refused::OtherColumns);
    }
    let filled = (2..)
        .zip(cells)
        .filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty()));
    Ok(filled
        .map(|(number, cells)| (number, fields(kind, &cells)))
        .collect())
}

/// What is packed is unpacked once and thrown away, so that nothing small becomes larger than memory later.
fn must_unpack(bytes: &[u8]) -> Result<(), Refused> {
    let mut packed = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| Refused::NotASheet)?;
    let mut left = MAX_UNPACKED;
    for number in 0..packed.len() {
        let part = packed.by_index(number).map_err(|_| Refused::NotASheet)?;
        let mut part = part.take(left + 1);
        let count = std::io::copy(&mut part, &mut std::io::sink()).map_err(|_| Refused::NotASheet)?;
        left = left.checked_sub(count).ok_or(Refused::TooLarge)?;
    }
    Ok(())
}

/// The cells of the first sheet, row by row; those beyond the columns are left out.
fn cells(bytes: &[u8], width: usize) -> Result<Vec<Vec<String>>, Refused> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|_| Refused::NotASheet)?;
    let name = book.sheet_names().first().cloned().ok_or(Refused::NotASheet)?;
    let mut reader = book
        .worksheet_cells_reader(&name)
        .map_err(|_| Refused::NotASheet)?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    while let Some(cell) = reader.next_cell().map_err(|_| Refused::NotASheet)? {
        let (row, column) = cell.get_position();
        let (row, column) = (row as usize, column as usize);
        let text = text(cell.get_value());
        if text.is_empty() || column >= width {
            continue;
        }
        // A cell far below is refused before the rows above it are made.
        if row > MAX_ROWS {
            return Err(Refused::TooManyRows);
        }
        if rows.len() <= row {
            rows.resize(row + 1, vec![String::new(); width]);
        }
        rows[row][column] = text;
    }
    Ok(rows)
}

fn text(value: &DataRef<'_>) -> String {
    let text = match value {
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTime(time) => time.as_f64().to_string(),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
        DataRef::Empty => String::new(),
    };
    unescaped(text.trim()).to_owned()
}

fn fields(kind: Kind, cells: &[String]) -> Fields {
    let mut fields = Fields::default();
    let mut cells = cells.iter();
    let mut next = || cells.next().map_or("", String::as_str);
    for name in ["code", "name_zh", "name_en"] {
        fields.set(name, next());
    }
    for field in kind.fields() {
        for words in next().split(';').map(str::trim).filter(|words| !words.is_empty()) {
            fields.set(field.name(), value_of(*field, words));
        }
    }
    fields.set("retired", next());
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_table_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)"] {
            assert_eq!(escaped(text), format!("'{text}"));
            assert_eq!(unescaped(&escaped(text)), text);
        }
        for text in ["甲状腺", "'quoted", "1-2", ""] {
            assert_eq!(unescaped(&escaped(text)), text);
        }
    }

    /// A table of plain cells at some places.
    fn table(cells: &[(u32, u16, &str)]) -> Vec<u8> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (row, column, text) in cells {
            sheet.write_string(*row, *column, *text).unwrap();
        }
        workbook.save_to_buffer().unwrap()
    }

    #[test]
    fn what_is_no_table_of_this_kind_is_refused() {
        let header = columns(Kind::Tag, Language::English);
        let mut far: Vec<(u32, u16, &str)> = (0..)
            .zip(&header)
            .map(|(at, name)| (0, at, name.as_str()))
            .collect();
        for (bytes, expected) in [
            (Vec::new(), Refused::NotASheet),
            (b"code,name".to_vec(), Refused::NotASheet),
            (vec![0; MAX_BYTES + 1], Refused::TooLarge),
            (table(&[(0, 0, "code")]), Refused::OtherColumns),
            (
                write(Kind::Item, &[], Language::Chinese).unwrap(),
                Refused::OtherColumns,
            ),
        ] {
            assert_eq!(read(Kind::Tag, &bytes).err(), Some(expected));
        }
        assert_eq!(read(Kind::Tag, &table(&far)).unwrap().len(), 0);
        far.push((10_000, 0, "LAST"));
        assert_eq!(read(Kind::Tag, &table(&far)).unwrap()[0].0, 10_001);
        far.push((1_048_575, 0, "FAR"));
        assert_eq!(read(Kind::Tag, &table(&far)).err(), Some(Refused::TooManyRows));
    }

    #[test]
    fn what_unpacks_to_more_than_is_read_is_refused() {
        use std::io::Write as _;
        let mut packed = zip::ZipWriter::new(Cursor::new(Vec::new()));
        packed
            .start_file("xl/sharedStrings.xml", zip::write::SimpleFileOptions::default())
            .unwrap();
        for _ in 0..70 {
            packed.write_all(&vec![b' '; 1024 * 1024]).unwrap();
        }
        let bytes = packed.finish().unwrap().into_inner();
        assert!(bytes.len() < 1024 * 1024);
        assert_eq!(read(Kind::Tag, &bytes).err(), Some(Refused::TooLarge));
    }
}
