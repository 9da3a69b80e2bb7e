//! What a request accepts: media ranges by preference (RFC 9110 12.5.1, PS3.18 8.7.8).
//!
//! A range of the query parameter `accept` comes before every range of the header; within each the heaviest comes first, and
//! of equally heavy ones the one that stands first. A request that says nothing accepts everything.

use axum::http::{HeaderMap, header};

/// Ranges read of one request; what comes after them is not looked at.
const MAX_RANGES: usize = 64;

/// One range: what is accepted, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaRange {
    /// The media type in lower case: `type/subtype`, `type/*` or `*/*`.
    pub media_type: String,
    /// Parameters but `q`: names in lower case, values without quotation marks.
    parameters: Vec<(String, String)>,
    /// Thousandths; 0 refuses.
    weight: u16,
}

/// A media type that an answer can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// `application/dicom+json`, `multipart/related`.
    pub media_type: &'static str,
    /// Of a multipart answer the media type of its parts.
    pub part: Option<&'static str>,
}

impl Offer {
    /// An answer of one part.
    #[must_use]
    pub const fn single(media_type: &'static str) -> Self {
        Self {
            media_type,
            part: None,
        }
    }

    /// multipart/related with parts of this type.
    #[must_use]
    pub const fn parts(media_type: &'static str) -> Self {
        Self {
            media_type: "multipart/related",
            part: Some(media_type),
        }
    }
}

impl std::fmt::Display for Offer {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.part {
            Some(part) => write!(to, "{}; type=\"{part}\"", self.media_type),
            None => to.write_str(self.media_type),
        }
    }
}

/// All that a request accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accept {
    ranges: Vec<MediaRange>,
}

impl Accept {
    /// Reads the header, and the query parameter `accept` where there is one. What is no media range is left out.
    #[must_use]
    pub fn of(headers: &HeaderMap, parameter: Option<&str>) -> Self {
        let mut is_said = false;
        let mut ranges = Vec::new();
        if let Some(parameter) = parameter {
            is_said = true;
            ranges.extend(by_preference(parameter));
        }
        let lines: Vec<&str> = headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        if !lines.is_empty() {
            is_said = true;
            ranges.extend(by_preference(&lines.join(",")));
        }
        if !is_said {
            ranges.extend(MediaRange::read("*/*"));
        }
        Self { ranges }
    }

    /// Gives the ranges that cover an offer, the preferred first, for whoever looks at their parameters. None where it is
    /// refused: by a weight of 0 in the most exact range that covers it.
    #[must_use]
    pub fn covering(&self, offer: Offer) -> Vec<&MediaRange> {
        let covering = |range: &&MediaRange| range.covers(offer);
        let found: Vec<&MediaRange> = self.ranges.iter().filter(covering).collect();
        let exact = found.iter().map(|range| range.exactness()).max();
        let is_refused = found
            .iter()
            .filter(|range| Some(range.exactness()) == exact)
            .all(|range| range.weight == 0);
        if is_refused {
            return Vec::new();
        }
        found.into_iter().filter(|range| range.weight > 0).collect()
    }

    /// Chooses the offer that is preferred, of equals the one offered first; `None` means 406.
    #[must_use]
    pub fn choose(&self, offers: &[Offer]) -> Option<Offer> {
        let places = offers.iter().filter_map(|offer| {
            let range = *self.covering(*offer).first()?;
            let place = self.ranges.iter().position(|other| std::ptr::eq(other, range))?;
            Some((place, *offer))
        });
        places.min_by_key(|(place, _)| *place).map(|(_, offer)| offer)
    }
}

/// The ranges of one list, the heaviest first.
fn by_preference(list: &str) -> Vec<MediaRange> {
    let texts = split(list, ',').into_iter().take(MAX_RANGES);
    let mut ranges: Vec<MediaRange> = texts.filter_map(|text| MediaRange::read(&text)).collect();
    ranges.sort_by_key(|range| std::cmp::Reverse(range.weight));
    ranges
}

impl MediaRange {
    /// Reads one range; `None` for what is none.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = split(text, ';').into_iter();
        // In a query string `+` may have been read as a space.
        let media_type = parts.next()?.trim().replace(' ', "+").to_ascii_lowercase();
        let (main, sub) = media_type.split_once('/')?;
        if !is_token(main) || !is_token(sub) || (main == "*" && sub != "*") {
            return None;
        }
        let mut range = Self {
            media_type,
            parameters: Vec::new(),
            weight: 1000,
        };
        for parameter in parts.filter(|part| !part.trim().is_empty()) {
            let (name, value) = parameter.split_once('=')?;
            let (name, value) = (name.trim().to_ascii_lowercase(), unquoted(value.trim()));
            if name == "q" {
                range.weight = weight(&value)?;
            } else {
                range.parameters.push((name, value));
            }
        }
        Some(range)
    }

    /// The value of a parameter: `transfer-syntax`, `type`.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn covers(&self, offer: Offer) -> bool {
        if !is_within(&self.media_type, offer.media_type) {
            return false;
        }
        match (self.parameter("type"), offer.part) {
            (Some(asked), Some(part)) => is_within(&asked.replace(' ', "+").to_ascii_lowercase(), part),
            (Some(_), None) | (None, _) => true,
        }
    }

    /// How much of a media type it names.
    fn exactness(&self) -> usize {
        let of_type = match self.media_type.as_str() {
            "*/*" => 0,
            other if other.ends_with("/*") => 1,
            _ => 2,
        };
        of_type + usize::from(self.parameter("type").is_some())
    }
}

/// Whether a range without parameters covers a media type.
fn is_within(range: &str, media_type: &str) -> bool {
    range == "*/*"
        || range == media_type
        || range.strip_suffix('*').is_some_and(|main| {
            main.ends_with('/') && media_type.len() > main.len() && media_type.starts_with(main)
        })
}

/// RFC 9110 5.6.2.
fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

/// `0`, `1`, and up to three digits after a point (RFC 9110 12.4.2).
fn weight(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(whole, "0" | "1") || fraction.len() > 3 || !is_digits(fraction) {
        return None;
    }
    let thousandths: u16 = format!("{whole}{fraction:0<3}").parse().ok()?;
    (thousandths <= 1000).then_some(thousandths)
}

/// Splits where `separator` stands outside quotation marks.
fn split(text: &str, separator: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut is_quoted, mut is_escaped) = (false, false);
    for character in text.chars() {
        if character == separator && !is_quoted {
            parts.push(String::new());
            continue;
        }
        is_quoted ^= character == '"' && !is_escaped;
        is_escaped = is_quoted && character == '\\' && !is_escaped;
        parts.last_mut().expect("there is always one").push(character);
    }
    parts
}

fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let Some(inner) = inner else {
        return text.to_owned();
    };
    let mut is_escaped = false;
    inner
        .chars()
        .filter(|character| {
            is_escaped = *character == '\\' && !is_escaped;
            !is_escaped
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, header};

    use super::{Accept, Offer};

    const JSON: Offer = Offer::single("application/dicom+json");
    const XML: Offer = Offer::parts("application/dicom+xml");

    fn accept(header: Option<&str>, parameter: Option<&str>) -> Accept {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(header::ACCEPT, header.parse().unwrap());
        }
        Accept::of(&headers, parameter)
    }

    fn check(header: Option<&str>, parameter: Option<&str>, expected: Option<Offer>) {
        let chosen = accept(header, parameter).choose(&[JSON, XML]);
        assert_eq!(chosen, expected, "{header:?} {parameter:?}");
    }

    #[test]
    fn the_preferred_offer_is_chosen() {
        check(None, None, Some(JSON));
        for (header, expected) in [
            ("*/*", Some(JSON)),
            ("application/*", Some(JSON)),
            ("Application/DICOM+JSON", Some(JSON)),
            ("multipart/related", Some(XML)),
            ("multipart/related; type=\"application/dicom+xml\"", Some(XML)),
            ("multipart/related; type=application/dicom+xml", Some(XML)),
            ("multipart/related; type=\"application/*\"", Some(XML)),
            ("multipart/related; type=\"application/dicom\"", None),
            ("application/dicom+xml", None),
            ("text/html", None),
            (
                "application/dicom+json; q=0.5, multipart/related; q=0.9",
                Some(XML),
            ),
            (
                "application/dicom+json;q=0.123,multipart/related;q=0.122",
                Some(JSON),
            ),
            ("*/*, application/dicom+json;q=0", Some(XML)),
            ("application/dicom+json;q=0", None),
            ("application/dicom+json;q=2", None),
            ("*/json", None),
            (",;=", None),
            ("", None),
            ("text/html, */*;q=0.1", Some(JSON)),
            ("x/\"y,z\", multipart/related", Some(XML)),
        ] {
            check(Some(header), None, expected);
        }
    }

    #[test]
    fn the_query_parameter_comes_first() {
        check(Some("*/*"), Some("multipart/related"), Some(XML));
        check(
            Some("multipart/related"),
            Some("application/dicom json;q=0.1"),
            Some(JSON),
        );
        check(Some("multipart/related"), Some("text/html"), Some(XML));
        check(None, Some("text/html"), None);
    }

    #[test]
    fn parameters_are_told_in_order_of_preference() {
        let accept = accept(
            Some(
                "multipart/related; type=\"application/dicom\"; transfer-syntax=1.2;q=0.1, \
                 multipart/related; type=\"application/dicom\"; transfer-syntax=*, */*; q=0.05",
            ),
            None,
        );
        let found = accept.covering(Offer::parts("application/dicom"));
        let syntaxes: Vec<_> = found
            .iter()
            .map(|range| range.parameter("transfer-syntax"))
            .collect();
        assert_eq!(syntaxes, [Some("*"), Some("1.2"), None]);
    }
}
