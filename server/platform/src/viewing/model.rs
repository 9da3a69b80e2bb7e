//! What a page with a viewer is asked for, by its address.

use crate::permissions::Permission;
use crate::studies::is_uid;
use crate::web::Fields;
use crate::{Error, Result};

/// The tools of a viewer: each has all of those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tools {
    /// For patients: looking.
    Patient,
    /// For clinicians: fusion, probe, regions, palettes too.
    Clinic,
    /// For those who read.
    Full,
}

impl Tools {
    /// The word of the address and of the element.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Clinic => "clinic",
            Self::Full => "full",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        let mut all = [Self::Patient, Self::Clinic, Self::Full].into_iter();
        all.find(|tools| tools.word() == word)
    }

    /// Those that a role can have: all for whoever reads, those of clinicians for others.
    pub(super) fn of(held: &[Permission]) -> Self {
        let reads = [Permission::ReportsWrite, Permission::ReportsReview];
        if reads.iter().any(|permission| held.contains(permission)) {
            Self::Full
        } else {
            Self::Clinic
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// The study.
    pub(super) study_uid: String,
    /// Others beside it, in the order that they were named.
    pub(super) with: Vec<String>,
    /// The series that is shown alone.
    pub(super) series_uid: Option<String>,
    /// Fewer tools.
    pub(super) tools: Option<Tools>,
    /// Whether who the patient is stays hidden.
    pub(super) hides_patient: bool,
    /// Whether this is the window on the second screen.
    pub(super) is_second: bool,
    /// The session of somebody who lets others take part.
    pub(super) session: Option<String>,
}

impl Asked {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] for what is none of the words, or no UID.
    pub(super) fn read(study_uid: String, fields: &Fields) -> Result<Self> {
        let mut with: Vec<String> = Vec::new();
        for other in fields.all("with") {
            if other != study_uid && !with.iter().any(|known| known == other) {
                with.push(uid("with", other)?);
            }
        }
        let series = Some(fields.get("series")).filter(|text| !text.is_empty());
        let session = word(fields, "session", "the name of a session", |word| {
            is_session(word).then(|| word.to_owned())
        })?;
        Ok(Self {
            series_uid: series.map(|text| uid("series", text)).transpose()?,
            tools: word(fields, "tools", "patient, clinic or full", Tools::from_word)?,
            hides_patient: word(fields, "patient", "hidden", |word| {
                (word == "hidden").then_some(())
            })?
            .is_some(),
            is_second: word(fields, "screen", "1 or 2", |word| match word {
                "1" => Some(false),
                "2" => Some(true),
                _ => None,
            })?
            .unwrap_or(false),
            session,
            study_uid,
            with,
        })
    }

    /// All studies, the current one first.
    pub(super) fn study_uids(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.study_uid)
            .chain(&self.with)
            .map(String::as_str)
    }

    /// The tools for a role that can have some.
    pub(super) fn tools(&self, most: Tools) -> Tools {
        self.tools.map_or(most, |asked| asked.min(most))
    }

    /// The address of this page.
    pub(super) fn address(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.with.iter().map(|other| ("with", other)));
        query.extend_pairs(self.series_uid.iter().map(|series| ("series", series)));
        query.extend_pairs(self.tools.iter().map(|tools| ("tools", tools.word())));
        if self.hides_patient {
            query.append_pair("patient", "hidden");
        }
        if self.is_second {
            query.append_pair("screen", "2");
        }
        query.extend_pairs(self.session.iter().map(|session| ("session", session)));
        let (query, study_uid) = (query.finish(), &self.study_uid);
        let joined = if query.is_empty() { "" } else { "?" };
        format!("/view/{study_uid}{joined}{query}")
    }
}

/// Names of sessions are 32 digits to the base of 16.
fn is_session(word: &str) -> bool {
    let is_digit = |letter: u8| letter.is_ascii_digit() || (b'a'..=b'f').contains(&letter);
    word.len() == 32 && word.bytes().all(is_digit)
}

fn word<T>(
    fields: &Fields,
    name: &str,
    expected: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>> {
    match fields.get(name) {
        "" => Ok(None),
        text => match read(text) {
            None => Err(Error::BadRequest(format!("{name}: expected {expected}"))),
            some => Ok(some),
        },
    }
}

fn uid(name: &str, text: &str) -> Result<String> {
    match is_uid(text) {
        true => Ok(text.to_owned()),
        false => Err(Error::BadRequest(format!("{name}: expected a UID"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Asked> {
        Asked::read("1.2".to_owned(), &Fields::parse(query.as_bytes()).unwrap())
    }

    #[test]
    fn an_address_is_read_and_written_the_same() {
        for (query, address) in [
            ("", "/view/1.2"),
            ("with=1.3&with=1.4", "/view/1.2?with=1.3&with=1.4"),
            // Twice the same is once.
            ("with=1.3&with=1.2&with=1.3", "/view/1.2?with=1.3"),
            (
                "screen=2&patient=hidden&tools=clinic&series=1.2.9",
                "/view/1.2?series=1.2.9&tools=clinic&patient=hidden&screen=2",
            ),
            ("screen=1&tools=", "/view/1.2"),
            (
                "session=0123456789abcdef0123456789abcdef",
                "/view/1.2?session=0123456789abcdef0123456789abcdef",
            ),
        ] {
            assert_eq!(read(query).unwrap().address(), address, "{query}");
        }
    }

    #[test]
    fn what_is_no_word_or_no_uid_is_refused() {
        for query in [
            "with=x",
            "series=1..2",
            "tools=all",
            "screen=3",
            "patient=no",
            "with=\"><b>",
            "session=1",
            "session=0123456789ABCDEF0123456789abcdef",
        ] {
            assert!(matches!(read(query), Err(Error::BadRequest(_))), "{query}");
        }
    }

    #[test]
    fn an_address_asks_for_fewer_tools_and_never_for_more_than_the_role_has() {
        use Permission as P;
        for (held, asked, expected) in [
            (&[P::StudiesView][..], "", "clinic"),
            (&[P::StudiesView], "tools=full", "clinic"),
            (&[P::StudiesView], "tools=patient", "patient"),
            (&[P::StudiesView, P::ReportsWrite], "", "full"),
            (&[P::StudiesView, P::ReportsReview], "tools=full", "full"),
            (&[P::StudiesView, P::ReportsReview], "tools=clinic", "clinic"),
            (&[P::StudiesView, P::ReportsQuality], "tools=full", "clinic"),
        ] {
            let tools = read(asked).unwrap().tools(Tools::of(held));
            assert_eq!(tools.word(), expected, "{held:?} {asked}");
        }
    }
}
