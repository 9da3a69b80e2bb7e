//! What a program can be, ask for and be sent back to.

use pacs::access::Action;
use url::{Host, Url};

/// One thing that a token can be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// The word of requests, tables and tokens.
    pub word: &'static str,
    /// The key of its name.
    pub key: &'static str,
    /// The key of what people are told of it before they agree.
    pub about: &'static str,
    /// What of the archive it opens.
    pub opens: Option<Action>,
    /// Whether it is about a person, so that no program has it by itself.
    pub is_personal: bool,
}

/// All scopes, in the order that people read them in. A new business adds a row here, its words, and where it opens more
/// than the archive's actions a policy.
pub const SCOPES: &[Scope] = &[
    Scope {
        word: OPENID,
        key: "scope-openid",
        about: "scope-openid-about",
        opens: None,
        is_personal: true,
    },
    Scope {
        word: PROFILE,
        key: "scope-profile",
        about: "scope-profile-about",
        opens: None,
        is_personal: true,
    },
    Scope {
        word: "studies.find",
        key: "scope-find",
        about: "scope-find-about",
        opens: Some(Action::Find),
        is_personal: false,
    },
    Scope {
        word: VIEW,
        key: "scope-view",
        about: "scope-view-about",
        opens: Some(Action::Retrieve),
        is_personal: false,
    },
    Scope {
        word: "studies.export",
        key: "scope-export",
        about: "scope-export-about",
        opens: Some(Action::Export),
        is_personal: false,
    },
    Scope {
        word: "studies.send",
        key: "scope-send",
        about: "scope-send-about",
        opens: Some(Action::Store),
        is_personal: false,
    },
    Scope {
        word: "studies.correct",
        key: "scope-correct",
        about: "scope-correct-about",
        opens: Some(Action::Correct),
        is_personal: false,
    },
    Scope {
        word: "studies.schedule",
        key: "scope-schedule",
        about: "scope-schedule-about",
        opens: Some(Action::Schedule),
        is_personal: false,
    },
    Scope {
        word: OFFLINE,
        key: "scope-offline",
        about: "scope-offline-about",
        opens: None,
        is_personal: true,
    },
];

/// Who the person is (OpenID Connect Core 3.1.2.1).
pub const OPENID: &str = "openid";
/// The person's name (OpenID Connect Core 5.4).
pub const PROFILE: &str = "profile";
/// Going on when the person is away (OpenID Connect Core 11).
pub const OFFLINE: &str = "offline_access";
/// Seeing images.
pub const VIEW: &str = "studies.view";
/// What a viewer of one study needs: its images, and the list of its series.
pub const VIEWING: [&str; 2] = [VIEW, "studies.find"];

impl Scope {
    /// Reads [`Scope::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<&'static Self> {
        SCOPES.iter().find(|scope| scope.word == word)
    }
}

/// Reads scopes as requests write them (RFC 6749 3.3): each once, in the order of [`SCOPES`]. `None` where one is not known.
#[must_use]
pub fn scopes_of(text: &str) -> Option<Vec<&'static Scope>> {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let are_known = words.iter().all(|word| Scope::from_word(word).is_some());
    let asked = SCOPES.iter().filter(|scope| words.contains(&scope.word));
    are_known.then(|| asked.collect())
}

/// Scopes as answers write them.
#[must_use]
pub fn words_of(scopes: &[&'static Scope]) -> String {
    let words: Vec<&str> = scopes.iter().map(|scope| scope.word).collect();
    words.join(" ")
}

/// A way to a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantType {
    /// A person agrees in a browser.
    AuthorizationCode,
    /// The program goes on when the person is away.
    RefreshToken,
    /// The program by itself.
    ClientCredentials,
}

impl GrantType {
    /// All.
    pub const ALL: [Self; 3] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
    ];

    /// The word of requests and tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
        }
    }

    /// The key of its name.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "grant-code",
            Self::RefreshToken => "grant-refresh",
            Self::ClientCredentials => "grant-credentials",
        }
    }

    /// Reads [`GrantType::word`].
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }
}

/// A program that an organisation let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its number in the table.
    pub id: i64,
    /// What it calls itself by.
    pub client_id: String,
    /// The organisation.
    pub organisation: i64,
    /// Its name.
    pub name: String,
    /// Whether it can keep a secret.
    pub is_confidential: bool,
    /// The SHA-256 of its secret.
    pub secret: Option<String>,
    /// Since when that is its secret.
    pub secret_at_ns: Option<i64>,
    /// Where browsers are sent back to.
    pub redirect_uris: Vec<String>,
    /// The ways to a token that it may go.
    pub grant_types: Vec<GrantType>,
    /// What it may ask for.
    pub scopes: Vec<&'static Scope>,
    /// Since when it is let in.
    pub created_ns: i64,
    /// Since when it is not, where it is not.
    pub disabled_ns: Option<i64>,
}

impl Client {
    /// Whether it may go a way.
    #[must_use]
    pub fn may(&self, grant_type: GrantType) -> bool {
        self.grant_types.contains(&grant_type)
    }

    /// Scopes that are asked for, where it may ask for them all.
    #[must_use]
    pub fn scopes_of(&self, text: &str) -> Option<Vec<&'static Scope>> {
        let asked = scopes_of(text)?;
        let may = asked.iter().all(|scope| self.scopes.contains(scope));
        may.then_some(asked)
    }

    /// Whether browsers are sent back to an address: it is one of those registered, letter by letter. Of a program on the
    /// person's own machine the port is free (RFC 8252 7.3).
    #[must_use]
    pub fn is_sent_back_to(&self, redirect_uri: &str) -> bool {
        let is_same = |registered: &String| {
            registered == redirect_uri
                || loopback(registered)
                    .is_some_and(|own| loopback(redirect_uri).is_some_and(|asked| asked == own))
        };
        self.redirect_uris.iter().any(is_same)
    }
}

/// Of an address on the person's own machine the host and what stands after the port.
fn loopback(uri: &str) -> Option<(&'static str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    ["127.0.0.1", "[::1]", "localhost"].into_iter().find_map(|host| {
        let rest = rest.strip_prefix(host)?;
        let rest = match rest.strip_prefix(':') {
            None => rest,
            Some(rest) => {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                rest[..digits].parse::<u16>().ok()?;
                &rest[digits..]
            }
        };
        (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest))
    })
}

/// Whether an address is on the person's own machine: whoever listens there is not known by it.
#[must_use]
pub fn is_loopback(uri: &str) -> bool {
    loopback(uri).is_some()
}

/// What is wrong with an address that browsers are to be sent back to: the key of a sentence.
///
/// # Errors
///
/// What is wrong.
pub fn check_redirect_uri(text: &str) -> Result<(), &'static str> {
    if text.len() > 500 {
        return Err("wrong-redirect-long");
    }
    let url = Url::parse(text).map_err(|_| "wrong-redirect")?;
    if text.contains('#') {
        return Err("wrong-redirect-fragment");
    }
    // In its plain form, so that what is compared letter by letter is what browsers go to.
    let is_plain = url.as_str() == text || url.as_str() == format!("{text}/");
    let has_person = !url.username().is_empty() || url.password().is_some();
    let has_name = matches!(url.host(), Some(Host::Domain(name)) if !name.contains('*'))
        || matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)));
    if !is_plain || has_person || !has_name {
        return Err("wrong-redirect");
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(text) => Ok(()),
        _ => Err("wrong-redirect-scheme"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(redirect_uris: &[&str]) -> Client {
        Client {
            id: 1,
            client_id: "c".to_owned(),
            organisation: 1,
            name: "c".to_owned(),
            is_confidential: false,
            secret: None,
            secret_at_ns: None,
            redirect_uris: redirect_uris.iter().map(|uri| (*uri).to_owned()).collect(),
            grant_types: Vec::new(),
            scopes: scopes_of("openid studies.view").unwrap(),
            created_ns: 0,
            disabled_ns: None,
        }
    }

    #[test]
    fn browsers_are_sent_back_to_what_is_registered_letter_by_letter() {
        let client = client(&[
            "https://app.example/cb",
            "http://127.0.0.1/cb",
            "http://[::1]:8000/cb?a=1",
        ]);
        for (uri, expected) in [
            ("https://app.example/cb", true),
            ("https://app.example/cb/", false),
            ("https://app.example/cb/more", false),
            ("https://app.example/cbx", false),
            ("https://app.example/CB", false),
            ("https://APP.example/cb", false),
            ("HTTPS://app.example/cb", false),
            ("http://app.example/cb", false),
            ("https://app.example:443/cb", false),
            ("https://app.example/cb?x=1", false),
            ("https://app.example/cb#x", false),
            ("https://app.example/cb%2f..", false),
            ("https://app.example/x/../cb", false),
            ("https://app.example/./cb", false),
            ("https://app.example.evil.example/cb", false),
            ("https://app.example@evil.example/cb", false),
            ("https://evil.example/app.example/cb", false),
            ("https://evil.example#https://app.example/cb", false),
            ("https:/app.example/cb", false),
            ("//app.example/cb", false),
            ("/cb", false),
            ("javascript:alert(1)", false),
            (" https://app.example/cb", false),
            ("https://app.example/cb\n", false),
            ("", false),
            // The port of the own machine is free, and nothing else.
            ("http://127.0.0.1:51234/cb", true),
            ("http://127.0.0.1/cb", true),
            ("http://127.0.0.1:/cb", false),
            ("http://127.0.0.1:99999/cb", false),
            ("http://127.0.0.1:80@evil.example/cb", false),
            ("http://127.0.0.1.evil.example/cb", false),
            ("http://127.0.0.1:51234/cb/more", false),
            ("http://127.0.0.2:51234/cb", false),
            ("https://127.0.0.1:51234/cb", false),
            ("http://localhost:51234/cb", false),
            ("http://[::1]:51234/cb?a=1", true),
            ("http://[::1]:51234/cb", false),
        ] {
            assert_eq!(client.is_sent_back_to(uri), expected, "{uri}");
        }
    }

    #[test]
    fn what_can_be_registered_names_one_place_that_nobody_else_answers_at() {
        let long = format!("https://app.example/{}", "a".repeat(500));
        for (uri, expected) in [
            ("https://app.example/cb", Ok(())),
            ("https://app.example", Ok(())),
            ("https://app.example:8443/cb?a=1", Ok(())),
            ("http://127.0.0.1:8000/cb", Ok(())),
            ("http://[::1]/cb", Ok(())),
            ("http://localhost/cb", Ok(())),
            ("http://app.example/cb", Err("wrong-redirect-scheme")),
            ("http://127.0.0.1.evil.example/cb", Err("wrong-redirect-scheme")),
            ("javascript:alert(1)", Err("wrong-redirect")),
            ("data:text/html,x", Err("wrong-redirect")),
            ("myapp://cb", Err("wrong-redirect-scheme")),
            ("https://app.example/cb#x", Err("wrong-redirect-fragment")),
            ("https://app.example/cb#", Err("wrong-redirect-fragment")),
            ("https://user@app.example/cb", Err("wrong-redirect")),
            ("https://user:pass@app.example/cb", Err("wrong-redirect")),
            ("https://*.example/cb", Err("wrong-redirect")),
            ("https://app.example/a/../cb", Err("wrong-redirect")),
            ("https://App.example/cb", Err("wrong-redirect")),
            ("https://应用.example/cb", Err("wrong-redirect")),
            ("https://app.example/c b", Err("wrong-redirect")),
            ("//app.example/cb", Err("wrong-redirect")),
            ("=HYPERLINK(1)", Err("wrong-redirect")),
            (long.as_str(), Err("wrong-redirect-long")),
        ] {
            assert_eq!(check_redirect_uri(uri), expected, "{uri}");
        }
    }

    #[test]
    fn scopes_are_known_words_that_the_program_may_ask_for() {
        let client = client(&[]);
        let words = |text: &str| client.scopes_of(text).map(|scopes| words_of(&scopes));
        assert_eq!(
            words("studies.view openid openid").as_deref(),
            Some("openid studies.view")
        );
        assert_eq!(words("").as_deref(), Some(""));
        for text in [
            "studies.export",
            "everything",
            "openid\tstudies.view",
            "OpenID",
            "studies",
        ] {
            assert_eq!(words(text), None, "{text}");
        }
    }
}
