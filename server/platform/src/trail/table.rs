//! Entries as a table that Excel opens: CSV (RFC 4180) in UTF-8 with its mark, and nothing in it that is a formula.

use std::collections::HashMap;

use journal::Stored;

use super::event::at;
use super::kind;
use crate::ui::View;

/// What tells Excel that it is UTF-8.
const MARK: char = '\u{FEFF}';
const COLUMNS: [&str; 16] = [
    "entry-number",
    "time",
    "time-utc",
    "who",
    "name",
    "what",
    "entry-kind",
    "about",
    "study-uid",
    "series-uid",
    "instance-uid",
    "address",
    "entry-organisation",
    "entry-request",
    "entry-detail",
    "entry-chain",
];

/// The mark and the headings.
pub(super) fn head(view: &View) -> String {
    let mut line = String::from(MARK);
    let cells = COLUMNS.map(|key| view.say(key).into_owned());
    write(&mut line, &cells.each_ref().map(String::as_str));
    line
}

/// Adds the line of an entry.
pub(super) fn line(to: &mut String, view: &View, stored: &Stored, names: &HashMap<String, String>) {
    let entry = &stored.entry;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let named: Vec<&str> = entry
        .actor
        .split(' ')
        .filter_map(|part| names.get(part))
        .map(String::as_str)
        .collect();
    let cells: [String; COLUMNS.len()] = [
        stored.id.to_string(),
        view.zone.second(entry.at_ns),
        at(entry.at_ns),
        entry.actor.clone(),
        named.join(" · "),
        kind(view, &entry.kind),
        entry.kind.to_string(),
        text(&entry.subject),
        text(&entry.study_uid),
        text(&entry.series_uid),
        text(&entry.sop_uid),
        text(&entry.address),
        entry.organisation.map_or_else(String::new, |id| id.to_string()),
        text(&entry.request),
        text(&entry.detail),
        stored.chain.to_hex(),
    ];
    write(to, &cells.each_ref().map(String::as_str));
}

fn write(line: &mut String, cells: &[&str]) {
    for (place, cell) in cells.iter().enumerate() {
        line.push_str(if place == 0 { "\"" } else { ",\"" });
        // What a spreadsheet would take for a formula begins with an apostrophe, which it does not show.
        if cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
            line.push('\'');
        }
        line.push_str(&cell.replace('"', "\"\""));
        line.push('"');
    }
    line.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_text_and_nothing_else() {
        for (cell, expected) in [
            ("person:1", "\"person:1\"\r\n"),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\"\r\n"),
            ("-1+2", "\"'-1+2\"\r\n"),
            ("@SUM(A1)", "\"'@SUM(A1)\"\r\n"),
            ("＝1", "\"'＝1\"\r\n"),
            ("a,\"b\"\nc", "\"a,\"\"b\"\"\nc\"\r\n"),
            ("", "\"\"\r\n"),
        ] {
            let mut line = String::new();
            write(&mut line, &[cell]);
            assert_eq!(line, expected, "{cell}");
        }
    }
}
