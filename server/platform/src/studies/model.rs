//! What a list of studies is asked for, by its address.

use pacs::index::{Cursor, StudySearch};

use crate::web::Fields;
use crate::{Error, Result};

/// Characters of what is searched for at most.
const LONGEST: usize = 64;

/// The fields of the address that say which studies, in the order of the form.
const FIELDS: [&str; 7] = ["q", "from", "to", "modality", "id", "accession", "body"];

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The studies.
    pub(crate) search: StudySearch,
    /// The row before the page.
    pub(crate) after: Option<Cursor>,
    fields: Vec<(&'static str, String)>,
}

impl Asked {
    /// Reads the fields of an address.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] for what is no day, too long, or no row of the list.
    pub(crate) fn read(fields: &Fields) -> Result<Self> {
        let mut asked = Self::default();
        for name in FIELDS {
            let typed = fields.get(name).trim();
            if typed.chars().count() > LONGEST {
                return Err(bad(format!("{name}: expected at most {LONGEST} characters")));
            }
            if !typed.is_empty() {
                asked.fields.push((name, typed.to_owned()));
            }
        }
        asked.search = StudySearch {
            name: asked.get("q").to_owned(),
            patient_id: asked.get("id").to_owned(),
            accession: asked.get("accession").to_owned(),
            modality: asked.get("modality").to_ascii_uppercase(),
            body_part: asked.get("body").to_ascii_uppercase(),
            from: day(asked.get("from"))?,
            to: day(asked.get("to"))?,
            study_uids: Vec::new(),
        };
        let after = fields.get("after");
        if !after.is_empty() {
            let cursor = Cursor::from_text(after);
            asked.after = Some(cursor.ok_or_else(|| bad("after: expected what the list gave".to_owned()))?);
        }
        Ok(asked)
    }

    /// What was typed into a field.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(field, _)| *field == name);
        found.map_or("", |(_, typed)| typed.as_str())
    }

    /// Whether one of these fields was filled in.
    pub(crate) fn has(&self, names: &[&str]) -> bool {
        names.iter().any(|name| !self.get(name).is_empty())
    }

    /// The address of a list that is asked for the same, with fields of its own.
    pub(crate) fn address(&self, list: &str, own: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.fields.iter().map(|(name, typed)| (*name, typed.as_str())));
        query.extend_pairs(own.iter().filter(|(_, value)| !value.is_empty()));
        let query = query.finish();
        if query.is_empty() {
            list.to_owned()
        } else {
            format!("{list}?{query}")
        }
    }
}

/// A day as the archive writes it, of one as browsers do.
fn day(typed: &str) -> Result<String> {
    let is_day = typed.is_empty()
        || chrono::NaiveDate::parse_from_str(typed, "%Y-%m-%d").is_ok_and(|day| {
            // What the archive compares has four digits for the year.
            (0..=9999).contains(&chrono::Datelike::year(&day)) && typed.len() == 10
        });
    if is_day {
        Ok(typed.replace('-', ""))
    } else {
        Err(bad("expected a day as 2026-11-30".to_owned()))
    }
}

/// Whether a text is a UID (PS3.5 9.1): digits and dots, 64 at most.
pub(crate) fn is_uid(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 64 && text.split('.').all(is_part)
}

fn bad(words: String) -> Error {
    Error::BadRequest(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Asked> {
        Asked::read(&Fields::parse(query.as_bytes()).unwrap())
    }

    #[test]
    fn what_is_asked_for_comes_back_in_the_address() {
        let asked =
            read("q=+王&modality=pt&from=2026-11-01&to=&body=chest&after=20261130.7&state=x").unwrap();
        assert_eq!(
            asked.search,
            StudySearch {
                name: "王".to_owned(),
                modality: "PT".to_owned(),
                body_part: "CHEST".to_owned(),
                from: "20261101".to_owned(),
                ..StudySearch::default()
            }
        );
        assert_eq!(asked.after.as_ref().unwrap().to_text(), "20261130.7");
        assert_eq!(
            asked.address("/studies", &[("state", "waiting"), ("none", "")]),
            "/studies?q=%E7%8E%8B&from=2026-11-01&modality=pt&body=chest&state=waiting"
        );
        assert_eq!(read("q=&after=").unwrap().address("/studies", &[]), "/studies");
        assert!(asked.has(&["id", "body"]) && !asked.has(&["id"]));
    }

    #[test]
    fn what_is_no_day_no_row_or_too_long_is_refused() {
        let long = format!("q={}", "x".repeat(65));
        for query in [
            "from=20261130",
            "to=2026-02-30",
            "from=+12026-01-01",
            "after=7",
            "after=x.y",
            &long,
        ] {
            assert!(matches!(read(query), Err(Error::BadRequest(_))), "{query}");
        }
    }

    #[test]
    fn a_uid_is_digits_and_dots() {
        for (text, expected) in [
            ("1.2.840", true),
            ("2.25.1", true),
            ("", false),
            ("1..2", false),
            ("1.2.", false),
            ("none", false),
            ("1.2\"", false),
            (&"1".repeat(65), false),
        ] {
            assert_eq!(is_uid(text), expected, "{text}");
        }
    }
}
