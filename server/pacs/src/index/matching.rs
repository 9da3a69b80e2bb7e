//! What a key asks for, and the forms in which values are compared (PS3.4 C.2.2.2).

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::attributes::{Attribute, Kind, Level};
use super::names::{self, Word};

/// What a key asks of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// Anything, also no value.
    Universal,
    /// This value. In a name, the values of the groups between `=`; without `=`, any one group.
    Single(String),
    /// `*` for any characters, `?` for one.
    Wildcard(String),
    /// Dates, times or numbers, ends included; an absent end is open. At least one end.
    Range {
        /// The earliest.
        from: Option<String>,
        /// The latest; a time of few digits means the whole of that hour, minute or second.
        to: Option<String>,
    },
    /// One of these; an empty list matches nothing.
    UidList(Vec<String>),
    /// One of these.
    AnyOf(Vec<Match>),
    /// Of a patient's name: all of these words, however the name is written.
    Fuzzy(String),
    /// An item in which all of these keys match.
    Sequence(Vec<Key>),
}

/// One key of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The attribute.
    pub tag: Tag,
    /// What is asked of it.
    pub matching: Match,
}

impl Key {
    /// Whether an attribute can be a key that is matched on.
    #[must_use]
    pub fn is_matched(tag: Tag) -> bool {
        let attribute = super::attributes::attribute(tag);
        tag == tags::MODALITIES_IN_STUDY || attribute.is_some_and(|attribute| attribute.matched)
    }

    /// Makes a key from the text of a request, by the attribute's representation: what has no value is universal, what
    /// has `*` or `?` a wildcard, dates and times with `-` a range, what is no date, time or measure with `\` a list.
    #[must_use]
    pub fn from_text(tag: Tag, text: &str) -> Self {
        let kind = super::attributes::attribute(tag).map_or(Kind::Text, |attribute| attribute.kind);
        Self {
            tag,
            matching: Match::from_text(kind, text),
        }
    }

    /// The same, and a patient's name by its words: all that matches otherwise matches too.
    #[must_use]
    pub fn into_fuzzy(self) -> Self {
        let Self { tag, matching } = self;
        Self {
            tag,
            matching: if tag == tags::PATIENT_NAME {
                matching.into_fuzzy()
            } else {
                matching
            },
        }
    }

    /// As [`Key::from_text`], for an attribute in the items of sequences: the tags that lead to it, from the outermost.
    /// `None` for one that is not matched on.
    #[must_use]
    pub fn in_items(path: &[Tag], text: &str) -> Option<Self> {
        let kind = super::sequences::kind_at(path)?;
        let (last, sequences) = path.split_last()?;
        let innermost = Self {
            tag: *last,
            matching: Match::from_text(kind, text),
        };
        let around = |inner, tag: &Tag| Self {
            tag: *tag,
            matching: Match::Sequence(vec![inner]),
        };
        Some(sequences.iter().rev().fold(innermost, around))
    }
}

impl Match {
    fn from_text(kind: Kind, text: &str) -> Self {
        let text = text.trim();
        let some = |end: &str| (!end.is_empty()).then(|| end.to_owned());
        match kind {
            _ if text.is_empty() || text == "*" => Match::Universal,
            Kind::Uid if text.contains('\\') => Match::UidList(text.split('\\').map(str::to_owned).collect()),
            Kind::Text | Kind::Name | Kind::Codes | Kind::Integer if text.contains('\\') => {
                let values = text.split('\\').filter(|value| !value.trim().is_empty());
                let all: Vec<Match> = values.map(|value| Match::from_text(kind, value)).collect();
                if all.contains(&Match::Universal) {
                    Match::Universal
                } else {
                    Match::AnyOf(all)
                }
            }
            Kind::Date | Kind::Time => match text.split_once('-') {
                Some((from, to)) => Match::Range {
                    from: some(from.trim()),
                    to: some(to.trim()),
                },
                None => Match::Single(text.to_owned()),
            },
            Kind::Number => match split_range(text) {
                Some((from, to)) => Match::Range {
                    from: some(from.trim()),
                    to: some(to.trim()),
                },
                None => Match::Single(text.to_owned()),
            },
            Kind::Text | Kind::Name | Kind::Codes if text.contains(['*', '?']) => {
                Match::Wildcard(text.to_owned())
            }
            _ => Match::Single(text.to_owned()),
        }
    }

    /// Where there are no letters in it, what is asked for is asked for as it is written.
    fn into_fuzzy(self) -> Self {
        match self {
            Match::Single(text) | Match::Wildcard(text) if !names::words(&text).is_empty() => {
                Match::Fuzzy(text)
            }
            Match::AnyOf(all) => Match::AnyOf(all.into_iter().map(Match::into_fuzzy).collect()),
            other => other,
        }
    }
}

/// One key of a data set that has no columns, by its representation.
#[derive(Debug)]
pub(crate) struct Matcher {
    attribute: Attribute,
    test: Test,
}

impl Matcher {
    /// Reads a key's text; `None` where the representation has no such matching.
    pub(crate) fn new(vr: VR, text: &str) -> Option<Self> {
        let kind = match vr {
            VR::PN => Kind::Name,
            VR::DA => Kind::Date,
            VR::TM => Kind::Time,
            VR::UI => Kind::Uid,
            VR::IS => Kind::Integer,
            _ => Kind::Text,
        };
        let attribute = Attribute {
            tag: Tag(0, 0),
            level: Level::Study,
            column: "",
            kind,
            matched: true,
        };
        let test = test(&attribute, &Match::from_text(kind, text))?;
        Some(Self { attribute, test })
    }

    /// Whether a value matches; an empty one is none.
    pub(crate) fn passes(&self, value: &str) -> bool {
        let forms = if value.is_empty() {
            Vec::new()
        } else {
            forms(&self.attribute, value)
        };
        self.test.passes(&forms)
    }
}

/// What a value is compared with, after both were brought into one form; judged in memory and written as SQL.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    Always,
    Never,
    Equals(String),
    /// `*` and `?`.
    Like(String),
    Between(Option<String>, Option<String>),
    /// A number, ends included.
    Within(Option<f64>, Option<f64>),
    OneOf(Vec<String>),
    /// Of the compared forms of one attribute: each of these (by number) passes its own test.
    Each(Vec<(usize, Test)>),
    /// Any compared form passes.
    Any(Box<Test>),
    /// One of these passes.
    AnyOf(Vec<Test>),
    /// All of these words are in the name, whatever its forms: the keys of the name tell.
    Words(Vec<Word>),
}

/// Gives the test of a key; `None` where the attribute's representation has no such matching.
pub(crate) fn test(attribute: &Attribute, matching: &Match) -> Option<Test> {
    Some(match (attribute.kind, matching) {
        (_, Match::Universal) => Test::Always,
        (_, Match::AnyOf(all)) => {
            let all: Option<Vec<Test>> = all.iter().map(|one| test(attribute, one)).collect();
            any_of(all?)
        }
        (Kind::Name, Match::Fuzzy(text)) if attribute.tag == tags::PATIENT_NAME => {
            Test::Words(names::words(text))
        }
        (Kind::Name, Match::Single(text)) => name_test(text, |group| Test::Equals(fold(group))),
        (Kind::Name, Match::Wildcard(text)) => name_test(text, |group| Test::Like(fold(group))),
        (Kind::Text, Match::Single(text)) => Test::Equals(text.trim().to_owned()),
        (Kind::Text, Match::Wildcard(text)) => Test::Like(text.trim().to_owned()),
        (Kind::Codes, Match::Single(text) | Match::Wildcard(text)) => {
            Test::Like(format!("*\\{}\\*", text.trim()))
        }
        // A value that was multiplied is the same within its last digits.
        (Kind::Number, Match::Single(text)) => match number(text) {
            Some(value) => {
                let slack = value.abs() * 1e-9;
                Test::Within(Some(value - slack), Some(value + slack))
            }
            None => Test::Never,
        },
        (Kind::Number, Match::Range { from, to }) => {
            let ends = (from.as_deref().map(number), to.as_deref().map(number));
            match ends {
                (Some(None), _) | (_, Some(None)) => Test::Never,
                (None, None) => Test::Always,
                (from, to) => Test::Within(from.flatten(), to.flatten()),
            }
        }
        (Kind::Integer, Match::Single(text)) => Test::Equals(integer(text)),
        (Kind::Uid, Match::Single(uid)) => Test::Equals(uid.trim().to_owned()),
        (Kind::Uid, Match::UidList(uids)) if uids.is_empty() => Test::Never,
        (Kind::Uid, Match::UidList(uids)) => {
            Test::OneOf(uids.iter().map(|uid| uid.trim().to_owned()).collect())
        }
        (Kind::Date, Match::Single(text)) => Test::Equals(date(text)),
        (Kind::Date, Match::Range { from, to }) => {
            between(from.as_deref().map(date), to.as_deref().map(date))
        }
        (Kind::Time, Match::Single(text)) => match (time(text, false), time(text, true)) {
            (Some(from), Some(to)) => Test::Between(Some(from), Some(to)),
            _ => Test::Never,
        },
        (Kind::Time, Match::Range { from, to }) => {
            let ends = (
                from.as_deref().map(|from| time(from, false)),
                to.as_deref().map(|to| time(to, true)),
            );
            if matches!(ends, (Some(None), _) | (_, Some(None))) {
                return Some(Test::Never);
            }
            between(ends.0.flatten(), ends.1.flatten())
        }
        _ => return None,
    })
}

/// Values to be equal to are one list, which is one look into an index.
fn any_of(all: Vec<Test>) -> Test {
    let value = |test: &Test| match test {
        Test::Equals(value) => Some(value.clone()),
        _ => None,
    };
    match all.iter().map(value).collect::<Option<Vec<String>>>() {
        Some(values) if values.is_empty() => Test::Never,
        Some(values) => Test::OneOf(values),
        None => Test::AnyOf(all),
    }
}

fn between(from: Option<String>, to: Option<String>) -> Test {
    if from.is_none() && to.is_none() {
        Test::Always
    } else {
        Test::Between(from, to)
    }
}

fn name_test(text: &str, test: impl Fn(&str) -> Test) -> Test {
    if !text.contains('=') {
        return Test::Any(Box::new(test(text)));
    }
    let groups = text.split('=').enumerate();
    let asked: Vec<_> = groups.filter(|(_, group)| !fold(group).is_empty()).collect();
    // PS3.5 6.2.1: a name has three groups.
    if asked.iter().any(|(number, _)| *number >= 3) {
        return Test::Never;
    }
    Test::Each(
        asked
            .into_iter()
            .map(|(number, group)| (number, test(group)))
            .collect(),
    )
}

/// Gives the compared forms of a value: a name's three groups, a time in full; all others as they are.
pub(crate) fn forms(attribute: &Attribute, value: &str) -> Vec<Option<String>> {
    match attribute.kind {
        Kind::Name => {
            let mut groups = value.split('=').map(fold);
            (0..3)
                .map(|_| groups.next().filter(|group| !group.is_empty()))
                .collect()
        }
        Kind::Time => vec![time(value, false)],
        Kind::Codes => vec![Some(codes(value))],
        _ => vec![Some(value.to_owned())],
    }
}

/// A group of a name as it is compared: in lower case, without empty components at its end.
pub(crate) fn fold(group: &str) -> String {
    let components = group.split('^').map(str::trim).collect::<Vec<_>>().join("^");
    components.trim_end_matches('^').to_lowercase()
}

/// Eight digits of a date; ACR-NEMA's `1999.12.31` is still met. Anything else stays as it is.
pub(crate) fn date(text: &str) -> String {
    let text = text.trim();
    match text.split('.').collect::<Vec<_>>()[..] {
        [year, month, day] if (year.len(), month.len(), day.len()) == (4, 2, 2) => {
            format!("{year}{month}{day}")
        }
        _ => text.to_owned(),
    }
}

/// A time as `HHMMSS.ffffff`, what is not said filled up: with nothing, or `late` to the end of what is meant.
pub(crate) fn time(text: &str, late: bool) -> Option<String> {
    let text = text.trim().replace(':', "");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(whole.len(), 2 | 4 | 6) || fraction.len() > 6 || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let fill = if late { "235959.999999" } else { "000000.000000" };
    let given = if fraction.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{fraction}")
    };
    let rest = fill.get(given.len()..)?;
    Some(format!("{given}{rest}"))
}

/// A time in full, as [`time`] gives its beginning.
pub(crate) fn time_form(text: &str) -> Option<String> {
    time(text, false)
}

/// An integer without leading zeros or sign of plus; anything else as it is.
pub(crate) fn integer(text: &str) -> String {
    let text = text.trim();
    text.parse::<i64>()
        .map_or_else(|_| text.to_owned(), |number| number.to_string())
}

/// Values each between `\`, so that one is found among them.
fn codes(value: &str) -> String {
    let values: Vec<&str> = value.split('\\').map(str::trim).collect();
    format!("\\{}\\", values.join("\\"))
}

/// A finite number as DS has it.
fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|value: &f64| value.is_finite())
}

/// Splits at the first hyphen that is no sign of an exponent.
fn split_range(text: &str) -> Option<(&str, &str)> {
    let is_end = |at: &usize| !text[..*at].ends_with(['e', 'E']);
    let mut hyphens = text.match_indices('-').map(|(at, _)| at);
    let at = hyphens.find(is_end)?;
    Some((&text[..at], &text[at + 1..]))
}

/// Whether a pattern of `*` and `?` covers the whole text.
pub(crate) fn is_like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut within) = (0, 0);
    // Where the last `*` was met, and how much it covers so far.
    let mut star: Option<(usize, usize)> = None;
    while within < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, within));
                at += 1;
            }
            Some(sign) if *sign == '?' || *sign == text[within] => {
                at += 1;
                within += 1;
            }
            _ => {
                let Some((star_at, covered)) = star else {
                    return false;
                };
                star = Some((star_at, covered + 1));
                at = star_at + 1;
                within = covered + 1;
            }
        }
    }
    pattern[at..].iter().all(|sign| *sign == '*')
}

impl Test {
    /// Judges the compared forms of a value; no forms where there is no value.
    pub(crate) fn passes(&self, forms: &[Option<String>]) -> bool {
        let first = forms.first().and_then(Option::as_deref);
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Equals(value) => first == Some(value),
            Self::Like(pattern) => first.is_some_and(|value| is_like(pattern, value)),
            Self::Between(from, to) => first.is_some_and(|value| {
                from.as_deref().is_none_or(|from| from <= value) && to.as_deref().is_none_or(|to| value <= to)
            }),
            Self::Within(from, to) => first.and_then(number).is_some_and(|value| {
                from.is_none_or(|from| from <= value) && to.is_none_or(|to| value <= to)
            }),
            Self::OneOf(values) => first.is_some_and(|value| values.iter().any(|one| one == value)),
            Self::Each(tests) => tests.iter().all(|(number, test)| {
                forms
                    .get(*number)
                    .is_some_and(|form| test.passes(std::slice::from_ref(form)))
            }),
            Self::Any(test) => forms.iter().any(|form| test.passes(std::slice::from_ref(form))),
            Self::AnyOf(tests) => tests.iter().any(|test| test.passes(forms)),
            // What a name is asked for by is not in its forms: see `passes_name`.
            Self::Words(_) => false,
        }
    }

    /// Judges a patient's name.
    pub(crate) fn passes_name(&self, attribute: &Attribute, name: &str) -> bool {
        match self {
            Self::Words(words) => {
                let keys = names::keys(name);
                words.iter().all(|word| word.is_in(&keys))
            }
            Self::AnyOf(tests) => tests.iter().any(|test| test.passes_name(attribute, name)),
            other => other.passes(&forms(attribute, name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{fold, is_like, split_range, time};

    #[test]
    fn wildcards_cover_the_whole_value() {
        for (pattern, text, expected) in [
            ("王*", "王^小东", true),
            ("王?", "王小", true),
            ("王?", "王小东", false),
            ("*b*c", "abcbc", true),
            ("*b*c", "abcb", false),
            ("", "", true),
            ("*", "", true),
            ("?", "", false),
            ("[a]", "a", false),
        ] {
            assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn times_are_filled_to_either_end() {
        assert_eq!(time("1020", false).as_deref(), Some("102000.000000"));
        assert_eq!(time("1020", true).as_deref(), Some("102059.999999"));
        assert_eq!(time("10:20:30.5", true).as_deref(), Some("102030.599999"));
        assert_eq!(time("noon", true), None);
        assert_eq!(time("é2", true), None);
    }

    #[test]
    fn ranges_of_numbers_know_exponents() {
        for (text, expected) in [
            ("3e8-4e8", Some(("3e8", "4e8"))),
            ("1e-3-2E-3", Some(("1e-3", "2E-3"))),
            ("-4", Some(("", "4"))),
            ("4-", Some(("4", ""))),
            ("4e8", None),
        ] {
            assert_eq!(split_range(text), expected, "{text}");
        }
    }

    #[test]
    fn names_are_folded() {
        assert_eq!(fold("MÜLLER ^Åsa^^^"), "müller^åsa");
    }
}
