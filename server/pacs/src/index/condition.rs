//! Tests as SQL, in the two databases' words.

use database::{Backend, Sql};

use super::matching::Test;

/// Writes a test of the compared forms in `columns`.
pub(super) fn condition(sql: &mut Sql, columns: &[String], test: &Test, backend: Backend) {
    let first = columns.first().map_or("NULL", String::as_str);
    match test {
        Test::Always => drop(sql.push("1 = 1")),
        Test::Never => drop(sql.push("1 = 0")),
        Test::Equals(value) => drop(sql.push(&format!("{first} = ")).bind(without_nul(value))),
        Test::OneOf(values) => {
            sql.push(&format!("{first} IN ("));
            sql.bind_all(values.iter().map(|value| without_nul(value)))
                .push(")");
        }
        Test::Between(from, to) => {
            let ends = [(">=", from), ("<=", to)];
            let ends = ends
                .into_iter()
                .filter_map(|(sign, end)| Some((sign, end.as_deref()?)));
            for (number, (sign, end)) in ends.enumerate() {
                let and = if number > 0 { " AND " } else { "" };
                sql.push(&format!("{and}{first} {sign} ")).bind(without_nul(end));
            }
        }
        Test::Within(from, to) => {
            let ends = [(">=", from), ("<=", to)];
            let ends = ends.into_iter().filter_map(|(sign, end)| Some((sign, (*end)?)));
            for (number, (sign, end)) in ends.enumerate() {
                let and = if number > 0 { " AND " } else { "" };
                sql.push(&format!("{and}{first} {sign} ")).bind(end);
            }
        }
        Test::Like(pattern) => like(sql, first, &without_nul(pattern), backend),
        Test::Each(tests) => {
            sql.push("(1 = 1");
            for (number, test) in tests {
                sql.push(" AND ");
                condition(sql, &columns[*number..=*number], test, backend);
            }
            sql.push(")");
        }
        Test::AnyOf(tests) => {
            sql.push("(");
            for (number, test) in tests.iter().enumerate() {
                sql.push(if number > 0 { " OR " } else { "" });
                condition(sql, columns, test, backend);
            }
            sql.push(")");
        }
        // Words are not in columns.
        Test::Words(_) => drop(sql.push("1 = 0")),
        // Nothing but the alternatives: SQLite then uses an index for each.
        Test::Any(test) => {
            sql.push("(");
            for (number, column) in columns.iter().enumerate() {
                sql.push(if number > 0 { " OR " } else { "" });
                condition(sql, std::slice::from_ref(column), test, backend);
            }
            sql.push(")");
        }
    }
}

/// PostgreSQL takes no NUL; no value has one, so the character that stands for it here matches nothing either.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{FFFF}")
}

fn like(sql: &mut Sql, column: &str, pattern: &str, backend: Backend) {
    let literal: String = pattern.chars().take_while(|c| !matches!(c, '*' | '?')).collect();
    sql.push("(");
    // What comes before the first wildcard is a range of the index.
    if !literal.is_empty() {
        begins_with(sql, column, &literal);
        sql.push(" AND ");
    }
    if backend == Backend::Postgres {
        let mut escaped = String::new();
        for c in pattern.chars() {
            match c {
                '*' => escaped.push('%'),
                '?' => escaped.push('_'),
                '%' | '_' | '\\' => escaped.extend(['\\', c]),
                c => escaped.push(c),
            }
        }
        sql.push(&format!("{column} LIKE ")).bind(escaped);
        sql.push(" ESCAPE '\\'");
    } else {
        sql.push(&format!("{column} GLOB "))
            .bind(pattern.replace('[', "[[]"));
    }
    sql.push(")");
}

/// Writes that a column begins with a text, as a range of its index.
pub(super) fn begins_with(sql: &mut Sql, column: &str, text: &str) {
    sql.push(&format!("{column} >= ")).bind(text);
    if let Some(above) = next_prefix(text) {
        sql.push(&format!(" AND {column} < ")).bind(above);
    }
}

/// The first text after all those that begin with `prefix`, in the order of bytes.
fn next_prefix(prefix: &str) -> Option<String> {
    let mut kept: Vec<char> = prefix.chars().collect();
    while let Some(last) = kept.pop() {
        // The range's `step` leaves out the surrogates, which are no characters.
        if let Some(next) = (last..=char::MAX).nth(1) {
            kept.push(next);
            return Some(kept.into_iter().collect());
        }
    }
    None
}
