//! What a program asks of a person (RFC 6749 4.1.1, OpenID Connect Core 3.1.2.1), read and held to the rules.

use crate::clients::model::{GrantType, OFFLINE, Scope};
use crate::clients::store::Listed;
use crate::clients::tokens::access::RESOURCES;
use crate::web::Fields;

/// Bytes of a value that is handed back, or kept, at most.
const LONGEST: usize = 2000;

/// A request that may be asked of a person.
#[derive(Debug, Clone)]
pub struct Request {
    /// The program.
    pub client: Listed,
    /// Where the browser is sent back to.
    pub back: Back,
    /// What is asked for.
    pub scopes: Vec<&'static Scope>,
    /// What the tokens are to be for.
    pub audience: Vec<String>,
    /// The challenge of PKCE.
    pub challenge: String,
    /// What the program wants to find in the ID token.
    pub nonce: Option<String>,
    /// How the person is asked.
    pub prompt: Prompt,
    /// How many seconds ago the person may have shown who they are.
    pub max_age_s: Option<i64>,
}

/// How the person is asked (OpenID Connect Core 3.1.2.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Not at all.
    pub none: bool,
    /// To sign in again.
    pub login: bool,
    /// To agree again.
    pub consent: bool,
}

/// Where the browser is sent back to; an address that is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Back {
    /// The address.
    pub redirect_uri: String,
    /// What the program wants to find there.
    pub state: Option<String>,
    /// The site.
    pub issuer: String,
}

impl Back {
    /// The address with an answer in it.
    #[must_use]
    pub fn with(&self, pairs: &[(&str, &str)]) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(pairs);
        if let Some(state) = &self.state {
            text.append_pair("state", state);
        }
        // Which site answers, so that answers of several are not mixed up (RFC 9207).
        text.append_pair("iss", &self.issuer);
        let joined = if self.redirect_uri.contains('?') { '&' } else { '?' };
        format!("{}{joined}{}", self.redirect_uri, text.finish())
    }
}

/// Why a request is not asked of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It is not known where to send the browser back to: a page says so, by the key of a sentence.
    Here(&'static str),
    /// The program is told: the code of the error (RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6) and a sentence.
    Back(Back, &'static str, &'static str),
}

/// The one value of a parameter; parameters stand once (RFC 6749 3.1), and one without a value is none.
fn one<'a>(fields: &'a Fields, name: &'a str) -> Result<Option<&'a str>, ()> {
    let mut all = fields.all(name);
    match (all.next(), all.next()) {
        (_, Some(_)) => Err(()),
        (Some(value), None) if value.len() > LONGEST => Err(()),
        (value, None) => Ok(value.filter(|value| !value.is_empty())),
    }
}

/// What a program calls itself by in a request.
pub fn client_id(fields: &Fields) -> Option<&str> {
    one(fields, "client_id").ok().flatten()
}

/// Reads a request of a program that was found, or was not.
///
/// # Errors
///
/// [`Refused`].
pub fn read(fields: &Fields, client: Option<Listed>, issuer: &str) -> Result<Request, Refused> {
    let client = client.ok_or(Refused::Here("authorize-no-client"))?;
    let redirect_uri = one(fields, "redirect_uri").ok().flatten();
    let redirect_uri = redirect_uri
        .filter(|uri| client.client.is_sent_back_to(uri))
        .ok_or(Refused::Here("authorize-no-redirect"))?;
    let mut back = Back {
        redirect_uri: redirect_uri.to_owned(),
        state: None,
        issuer: issuer.to_owned(),
    };
    let state = one(fields, "state");
    back.state = state.ok().flatten().map(str::to_owned);
    let refused = |error, words| Refused::Back(back.clone(), error, words);
    let twice = |()| refused("invalid_request", "a parameter stands twice or is too long");
    state.map_err(twice)?;
    for (name, error) in [
        ("request", "request_not_supported"),
        ("request_uri", "request_uri_not_supported"),
        ("registration", "registration_not_supported"),
    ] {
        if fields.all(name).next().is_some() {
            return Err(refused(error, "expected the request as parameters"));
        }
    }
    match one(fields, "response_type").map_err(twice)? {
        Some("code") => {}
        Some(_) => {
            return Err(refused(
                "unsupported_response_type",
                "expected response_type=code",
            ));
        }
        None => return Err(refused("invalid_request", "expected response_type=code")),
    }
    if one(fields, "response_mode")
        .map_err(twice)?
        .is_some_and(|mode| mode != "query")
    {
        return Err(refused("invalid_request", "expected response_mode=query"));
    }
    if !client.client.may(GrantType::AuthorizationCode) {
        return Err(refused("unauthorized_client", "this program may not ask people"));
    }
    let challenge = one(fields, "code_challenge").map_err(twice)?.unwrap_or_default();
    let method = one(fields, "code_challenge_method").map_err(twice)?;
    // Without a method the challenge would be the verifier itself (RFC 7636 4.3): S256 is asked for by name.
    if method != Some("S256") || !is_challenge(challenge) {
        return Err(refused(
            "invalid_request",
            "expected a code_challenge of PKCE with code_challenge_method=S256",
        ));
    }
    let asked = one(fields, "scope").map_err(twice)?.unwrap_or_default();
    let mut scopes = client
        .client
        .scopes_of(asked)
        .ok_or_else(|| refused("invalid_scope", "a scope is not known, or not this program's"))?;
    if !client.client.may(GrantType::RefreshToken) {
        scopes.retain(|scope| scope.word != OFFLINE);
    }
    let audience = audience(fields, issuer)
        .ok_or_else(|| refused("invalid_target", "a resource is not one of this site"))?;
    let prompt = prompt(one(fields, "prompt").map_err(twice)?.unwrap_or_default()).ok_or_else(|| {
        refused(
            "invalid_request",
            "expected prompt=none, or login, consent and select_account",
        )
    })?;
    let max_age_s = match one(fields, "max_age").map_err(twice)? {
        None => None,
        Some(text) => match text.parse() {
            Ok(seconds) if (0..=i64::from(u32::MAX)).contains(&seconds) => Some(seconds),
            _ => return Err(refused("invalid_request", "expected max_age in whole seconds")),
        },
    };
    let nonce = one(fields, "nonce").map_err(twice)?.map(str::to_owned);
    Ok(Request {
        client,
        scopes,
        audience,
        challenge: challenge.to_owned(),
        nonce,
        prompt,
        max_age_s,
        back,
    })
}

/// A SHA-256 in base64url (RFC 7636 4.2).
fn is_challenge(text: &str) -> bool {
    text.len() == 43
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// What tokens are to be for (RFC 8707 2): all of this site, or parts of it. `None` for what is none of this site.
pub fn audience(fields: &Fields, issuer: &str) -> Option<Vec<String>> {
    let mut audience: Vec<String> = Vec::new();
    for resource in fields.all("resource").filter(|text| !text.is_empty()) {
        let rest = resource.strip_prefix(issuer)?.trim_end_matches('/');
        if !rest.is_empty() && !RESOURCES.contains(&rest) {
            return None;
        }
        audience.push(format!("{issuer}{rest}"));
    }
    audience.sort_unstable();
    audience.dedup();
    if audience.is_empty() {
        audience.push(issuer.to_owned());
    }
    Some(audience)
}

fn prompt(text: &str) -> Option<Prompt> {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let known = ["none", "login", "consent", "select_account"];
    let has = |word: &str| words.contains(&word);
    let prompt = Prompt {
        none: has("none"),
        // Whoever signs in again chooses the account.
        login: has("login") || has("select_account"),
        consent: has("consent"),
    };
    let is_whole = words.iter().all(|word| known.contains(word)) && !(prompt.none && words.len() > 1);
    is_whole.then_some(prompt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::model::{Client, scopes_of, words_of};

    const SITE: &str = "https://site.example";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn client() -> Listed {
        Listed {
            client: Client {
                id: 1,
                client_id: "c".to_owned(),
                organisation: 1,
                name: "App".to_owned(),
                is_confidential: false,
                secret: None,
                secret_at_ns: None,
                redirect_uris: vec!["https://app.example/cb?a=1".to_owned()],
                grant_types: vec![GrantType::AuthorizationCode],
                scopes: scopes_of("openid studies.view offline_access").unwrap(),
                created_ns: 0,
                disabled_ns: None,
            },
            organisation: "第一医院".to_owned(),
        }
    }

    fn fields(more: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in [
            ("client_id", "c"),
            ("response_type", "code"),
            ("redirect_uri", "https://app.example/cb?a=1"),
            ("scope", "openid"),
            ("state", "s&t"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ] {
            if !more.iter().any(|(other, _)| *other == name) {
                fields.set(name, value);
            }
        }
        for (name, value) in more {
            fields.set(name, *value);
        }
        fields
    }

    #[test]
    fn what_is_wrong_is_told_to_the_program_where_it_is_known_where_that_is() {
        let short = &CHALLENGE[1..];
        let long = "a".repeat(LONGEST + 1);
        for (more, expected) in [
            (&[][..], ""),
            (&[("response_type", "token")], "unsupported_response_type"),
            (&[("response_type", "code id_token")], "unsupported_response_type"),
            (&[("response_type", "")], "invalid_request"),
            (&[("response_mode", "fragment")], "invalid_request"),
            (&[("response_mode", "query")], ""),
            // PKCE is not taken away, weakened or left out.
            (&[("code_challenge", "")], "invalid_request"),
            (&[("code_challenge_method", "")], "invalid_request"),
            (&[("code_challenge_method", "plain")], "invalid_request"),
            (&[("code_challenge_method", "s256")], "invalid_request"),
            (&[("code_challenge", short)], "invalid_request"),
            (
                &[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw=cM")],
                "invalid_request",
            ),
            (&[("scope", "openid everything")], "invalid_scope"),
            (&[("scope", "studies.export")], "invalid_scope"),
            (&[("scope", "")], ""),
            (
                &[("scope", "openid"), ("scope", "studies.view")],
                "invalid_request",
            ),
            (&[("state", "1"), ("state", "2")], "invalid_request"),
            (&[("state", long.as_str())], "invalid_request"),
            (&[("prompt", "none")], ""),
            (&[("prompt", "login consent")], ""),
            (&[("prompt", "none login")], "invalid_request"),
            (&[("prompt", "create")], "invalid_request"),
            (&[("max_age", "0")], ""),
            (&[("max_age", "-1")], "invalid_request"),
            (&[("max_age", "soon")], "invalid_request"),
            (&[("request", "e30")], "request_not_supported"),
            (
                &[("request_uri", "https://app.example/r")],
                "request_uri_not_supported",
            ),
            (&[("resource", "https://site.example/dicom-web")], ""),
            (
                &[("resource", "https://site.example/dicom-web"), ("resource", SITE)],
                "",
            ),
            (&[("resource", "https://site.example/oauth")], "invalid_target"),
            (
                &[("resource", "https://site.example.evil.example")],
                "invalid_target",
            ),
            (&[("resource", "https://other.example")], "invalid_target"),
        ] {
            let found = match read(&fields(more), Some(client()), SITE) {
                Ok(_) => "",
                Err(Refused::Back(_, error, _)) => error,
                Err(Refused::Here(key)) => key,
            };
            assert_eq!(found, expected, "{more:?}");
        }
        for more in [
            &[("redirect_uri", "https://evil.example")][..],
            &[("redirect_uri", "")],
            &[
                ("redirect_uri", "https://app.example/cb?a=1"),
                ("redirect_uri", "https://evil.example"),
            ],
        ] {
            let found = read(&fields(more), Some(client()), SITE).unwrap_err();
            assert_eq!(found, Refused::Here("authorize-no-redirect"), "{more:?}");
        }
        let found = read(&fields(&[]), None, SITE).unwrap_err();
        assert_eq!(found, Refused::Here("authorize-no-client"));
    }

    #[test]
    fn an_answer_stands_beside_what_the_address_has_and_says_whose_it_is() {
        let request = read(&fields(&[]), Some(client()), SITE).unwrap();
        assert_eq!(
            request.back.with(&[("code", "x y")]),
            "https://app.example/cb?a=1&code=x+y&state=s%26t&iss=https%3A%2F%2Fsite.example"
        );
    }

    #[test]
    fn a_program_that_cannot_go_on_alone_is_not_let_to() {
        let asked = fields(&[("scope", "openid offline_access")]);
        let request = read(&asked, Some(client()), SITE).unwrap();
        assert_eq!(words_of(&request.scopes), "openid");
        assert_eq!(request.audience, [SITE]);
    }
}
