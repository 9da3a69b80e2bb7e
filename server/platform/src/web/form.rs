//! What a form says, field by field: each wrong field gets its own sentence, and nothing that was typed is lost.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use unicode_normalization::UnicodeNormalization as _;

use crate::language::{Argument, Language};
use crate::{Error, Result};

/// Bytes of a form without files at most.
const MAX_BYTES: usize = 256 * 1024;
/// Fields of a form at most.
pub(super) const MAX_FIELDS: usize = 2000;

/// The fields of a form or of a query, as they came.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`, as queries and forms are written.
    ///
    /// # Errors
    ///
    /// [`Error::BadRequest`] where there are too many fields.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let pairs = form_urlencoded::parse(bytes).take(MAX_FIELDS + 1);
        let fields: Vec<_> = pairs
            // No database takes a NUL for text; what stands in its place is refused where text is read.
            .map(|(name, value)| (name.into_owned(), value.replace('\0', "\u{FFFD}")))
            .collect();
        if fields.len() > MAX_FIELDS {
            return Err(Error::BadRequest(format!("expected at most {MAX_FIELDS} fields")));
        }
        Ok(Self(fields))
    }

    /// The first value of a field, empty where there is none.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(field, _)| field == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// All values of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// Puts a value in the place of what was sent.
    pub fn put(&mut self, name: &str, value: impl Into<String>) {
        self.0.retain(|(field, _)| field != name);
        self.set(name, value);
    }

    /// Adds a value, for forms that are filled before anything was typed.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let is_form = content_type
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
        if !is_form {
            return Err(Error::BadRequest(
                "expected application/x-www-form-urlencoded as Content-Type".to_owned(),
            ));
        }
        let (parts, body) = request.into_parts();
        let body = http_body_limited(body);
        let bytes = Bytes::from_request(Request::from_parts(parts, body), state)
            .await
            .map_err(|_| Error::TooLarge(MAX_BYTES))?;
        Self::parse(&bytes)
    }
}

fn http_body_limited(body: axum::body::Body) -> axum::body::Body {
    axum::body::Body::new(http_body_util::Limited::new(body, MAX_BYTES))
}

/// What is wrong with a field: the key of a sentence, and what stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    key: &'static str,
    numbers: Vec<(&'static str, i64)>,
}

impl Wrong {
    /// A sentence without numbers.
    #[must_use]
    pub fn new(key: &'static str) -> Self {
        Self {
            key,
            numbers: Vec::new(),
        }
    }

    /// The same with a number in it.
    #[must_use]
    pub fn with(mut self, name: &'static str, number: usize) -> Self {
        self.numbers
            .push((name, i64::try_from(number).unwrap_or(i64::MAX)));
        self
    }

    /// The sentence.
    #[must_use]
    pub fn say(&self, language: Language) -> Cow<'static, str> {
        let arguments: Vec<(&str, Argument<'_>)> = self
            .numbers
            .iter()
            .map(|(name, number)| (*name, Argument::Number(*number)))
            .collect();
        language.say_with(self.key, &arguments)
    }
}

/// A form while it is read, or shown again: what was typed, and what is wrong with it.
#[derive(Debug, Clone, Default)]
pub struct Form {
    fields: Fields,
    wrong: BTreeMap<String, Wrong>,
}

impl Form {
    /// Of the fields that came.
    #[must_use]
    pub fn new(fields: Fields) -> Self {
        Self {
            fields,
            wrong: BTreeMap::new(),
        }
    }

    /// Of what is there already, for a form that changes it.
    #[must_use]
    pub fn filled<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let mut fields = Fields::default();
        for (name, value) in pairs {
            fields.set(name, value);
        }
        Self::new(fields)
    }

    /// What was typed.
    #[must_use]
    pub fn typed(&self, name: &str) -> &str {
        self.fields.get(name)
    }

    /// All that was chosen.
    pub fn chosen<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.all(name)
    }

    /// Whether a box was ticked.
    #[must_use]
    pub fn is_ticked(&self, name: &str) -> bool {
        !self.fields.get(name).is_empty()
    }

    /// What is wrong with a field.
    #[must_use]
    pub fn wrong(&self, name: &str) -> Option<&Wrong> {
        self.wrong.get(name)
    }

    /// Whether anything is wrong.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        !self.wrong.is_empty()
    }

    /// Says what is wrong with a field, unless something was said before.
    pub fn refuse(&mut self, name: &str, wrong: Wrong) {
        self.wrong.entry(name.to_owned()).or_insert(wrong);
    }

    /// A line of text that must be there.
    pub fn line(&mut self, name: &str, longest: usize) -> String {
        let text = self.optional_line(name, longest);
        if text.is_none() && self.wrong(name).is_none() {
            self.refuse(name, Wrong::new("wrong-missing"));
        }
        text.unwrap_or_default()
    }

    /// A line of text, or nothing.
    pub fn optional_line(&mut self, name: &str, longest: usize) -> Option<String> {
        self.text_of(name, longest, false)
    }

    /// Several lines of text, or nothing.
    pub fn text(&mut self, name: &str, longest: usize) -> Option<String> {
        self.text_of(name, longest, true)
    }

    fn text_of(&mut self, name: &str, longest: usize, has_lines: bool) -> Option<String> {
        let text: String = self.fields.get(name).trim().nfc().collect();
        let text = if has_lines {
            text.replace("\r\n", "\n")
        } else {
            text
        };
        if text.is_empty() {
            return None;
        }
        let count = text.chars().count();
        if count > longest {
            self.refuse(
                name,
                Wrong::new("wrong-long")
                    .with("longest", longest)
                    .with("found", count),
            );
        } else if !text.chars().all(|c| is_plain(c) || has_lines && c == '\n') {
            self.refuse(name, Wrong::new("wrong-characters"));
        }
        Some(text)
    }

    /// A name of a person or a thing: letters, digits, and what joins them; never what a spreadsheet takes for a formula.
    pub fn name(&mut self, name: &str, longest: usize) -> String {
        let text = self.line(name, longest);
        self.must_be_name(name, &text);
        text
    }

    /// As [`Form::name`], or nothing.
    pub fn optional_name(&mut self, name: &str, longest: usize) -> Option<String> {
        let text = self.optional_line(name, longest);
        if let Some(text) = &text {
            self.must_be_name(name, text);
        }
        text
    }

    fn must_be_name(&mut self, name: &str, text: &str) {
        let joins = " ·•.,-'’_/&()（）［］[]、，#:：+";
        let is_name = text
            .chars()
            .all(|c| c.is_alphanumeric() || joins.contains(c) || is_mark(c));
        if !is_name {
            self.refuse(name, Wrong::new("wrong-name"));
        } else if text.starts_with(['=', '+', '-', '@']) {
            self.refuse(name, Wrong::new("wrong-formula"));
        }
    }

    /// A mobile number, of China's eleven digits or with a country's code.
    pub fn mobile(&mut self, name: &str) -> String {
        let typed = self.line(name, 40);
        let plain: String = typed.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let local = plain.strip_prefix("+86").unwrap_or(&plain);
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_chinese = local.len() == 11 && local.starts_with('1') && digits(local);
        let is_foreign = plain
            .strip_prefix('+')
            .is_some_and(|rest| (7..=15).contains(&rest.len()) && digits(rest) && !rest.starts_with("86"));
        if !is_chinese && !is_foreign {
            self.refuse(name, Wrong::new("wrong-mobile"));
        }
        if is_chinese { local.to_owned() } else { plain }
    }

    /// An address for e-mail, or nothing.
    pub fn email(&mut self, name: &str) -> Option<String> {
        let text = self.optional_line(name, 254)?;
        let is_address = text.split_once('@').is_some_and(|(local, host)| {
            let plain = |text: &str, more: &str| {
                !text.is_empty()
                    && text
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || more.contains(c))
            };
            plain(local, "._%+-")
                && plain(host, ".-")
                && host.contains('.')
                && !host.starts_with('.')
                && !host.ends_with('.')
        });
        if !is_address {
            self.refuse(name, Wrong::new("wrong-email"));
        }
        Some(text)
    }

    /// One of several words.
    pub fn choice<'a>(&mut self, name: &str, words: &[&'a str]) -> &'a str {
        let typed = self.fields.get(name);
        match words.iter().find(|word| **word == typed) {
            Some(word) => word,
            None => {
                self.refuse(name, Wrong::new("wrong-choice"));
                words.first().copied().unwrap_or("")
            }
        }
    }

    /// A whole number within bounds.
    pub fn number(&mut self, name: &str, from: i64, until: i64) -> i64 {
        match self.fields.get(name).trim().parse() {
            Ok(number) if (from..=until).contains(&number) => number,
            _ => {
                let mut wrong = Wrong::new("wrong-number");
                wrong.numbers = vec![("from", from), ("until", until)];
                self.refuse(name, wrong);
                from
            }
        }
    }

    /// The number of a row.
    pub fn id(&mut self, name: &str) -> i64 {
        match self.fields.get(name).parse() {
            Ok(id) if id > 0 => id,
            _ => {
                self.refuse(name, Wrong::new("wrong-choice"));
                0
            }
        }
    }
}

/// Marks that are written over letters.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}')
}

/// Whether a character is one that people see: no control, no direction that is turned, nothing without a width, no
/// private use.
fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFF}' | '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{10FFFF}')
}
