//! Where programs get tokens (RFC 6749 3.2): for a code, for a refresh token, by themselves, for a viewer.

use axum::Json;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::refused::{NO_STORE, Refused};
use super::{authentication, entry, exchange, needed, one, parameters};
use crate::clients::authorize::request::audience;
use crate::clients::grants::store::{self as grants, Grant, Kept};
use crate::clients::keys;
use crate::clients::model::{Client, GrantType, OFFLINE, OPENID, PROFILE, Scope, scopes_of, words_of};
use crate::clients::tokens::{AccessClaims, HOLDS_NS, IdClaims, access, half_hash, id, number, seconds};
use crate::clock::{DAY_NS, SECOND_NS};
use crate::secrets;
use crate::web::{Fields, Visit};

/// How long a refresh token is good.
const REFRESHES_NS: i64 = 30 * DAY_NS;
/// How long the grant of a program by itself is used for new tokens.
const OWN_GRANT_NS: i64 = 365 * DAY_NS;

pub(super) async fn give(visit: Visit, request: Request) -> Result<Response, Refused> {
    let headers = request.headers().clone();
    let fields = parameters(request).await?;
    let grant_type = needed(&fields, "grant_type", "expected a grant_type")?;
    let client = authentication::client(&visit, &headers, &fields).await?;
    keys::prepare(visit.platform()).await?;
    let given = match grant_type {
        "authorization_code" => by_code(&visit, &client, &fields).await?,
        "refresh_token" => by_refresh_token(&visit, &client, &fields).await?,
        "client_credentials" => by_itself(&visit, &client, &fields).await?,
        exchange::GRANT_TYPE => exchange::exchange(&visit, &client, &fields).await?,
        _ => return Err(Refused::GrantType),
    };
    Ok((NO_STORE, Json(given)).into_response())
}

fn must_be_allowed(client: &Client, grant_type: GrantType) -> Result<(), Refused> {
    match client.may(grant_type) {
        true => Ok(()),
        false => Err(Refused::NotAllowed("this program may not ask so")),
    }
}

/// For a code that a browser brought (RFC 6749 4.1.3).
async fn by_code(visit: &Visit, client: &Client, fields: &Fields) -> Result<Value, Refused> {
    must_be_allowed(client, GrantType::AuthorizationCode)?;
    let code = needed(fields, "code", "expected a code")?;
    let redirect_uri = needed(fields, "redirect_uri", "expected the redirect_uri")?;
    let verifier = needed(fields, "code_verifier", "expected the code_verifier of PKCE")?;
    let wrong = Refused::Grant("the code is not known, too old, used up, or another's");
    let platform = visit.platform();
    let now_ns = visit.now_ns();
    let change = platform.writer().begin().await?;
    let kept = grants::code(&*change, code).await?.ok_or(wrong)?;
    if kept.grant.client != Some(client.id) {
        return Err(wrong);
    }
    if kept.used_ns.is_some() {
        // Somebody has the code who should not: what it gave ends (RFC 6749 4.1.2, RFC 9700 4.5).
        replayed(visit, change, client, &kept.grant, "code").await?;
        return Err(wrong);
    }
    // Tried in vain it is used up too: nobody tries twice.
    grants::use_code(&*change, code, now_ns).await?;
    let is_right = now_ns < kept.expires_ns
        && kept.redirect_uri == redirect_uri
        && is_verified(&kept.challenge, verifier);
    let standing = grants::standing(&*change, &kept.grant.id, None, now_ns).await?;
    let Some(standing) = standing.filter(|_| is_right) else {
        change.commit().await?;
        return Err(wrong);
    };
    let scopes = scopes_of(&kept.grant.scope).unwrap_or_default();
    let refresh = match scopes.iter().any(|scope| scope.word == OFFLINE) {
        true => Some(new_refresh_token(&change, &kept.grant, now_ns).await?),
        false => None,
    };
    let audience = narrowed(fields, &kept.grant)?;
    let asked = Asked {
        client,
        grant: &kept.grant,
        scopes,
        audience,
        name: standing.name,
        nonce: kept.nonce.clone(),
    };
    let given = asked.given(visit, refresh).await?;
    change.commit().await?;
    Ok(given)
}

/// Whether a verifier is the one whose hash came with the request (RFC 7636 4.6).
fn is_verified(challenge: &str, verifier: &str) -> bool {
    let is_one = (43..=128).contains(&verifier.len())
        && verifier
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    is_one && URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) == challenge
}

async fn replayed(
    visit: &Visit,
    change: database::Change,
    client: &Client,
    grant: &Grant,
    what: &str,
) -> Result<(), Refused> {
    grants::end(&*change, &grant.id, "replayed", visit.now_ns()).await?;
    let mut entry = entry(
        visit,
        "client.replayed",
        &client.client_id,
        grant.person,
        grant.organisation,
    );
    entry.detail = Some(json!({ "what": what }).to_string());
    journal::append(&change, &[entry]).await?;
    change.commit().await?;
    Ok(())
}

/// The next refresh token of a grant.
async fn new_refresh_token(change: &database::Change, grant: &Grant, now_ns: i64) -> Result<String, Refused> {
    let token = secrets::token()?;
    let expires_ns = now_ns + REFRESHES_NS;
    grants::add_refresh_token(&**change, &token, &grant.id, now_ns, expires_ns).await?;
    grants::prolong(&**change, &grant.id, expires_ns + HOLDS_NS).await?;
    Ok(token)
}

/// What the tokens are to be for, within what was asked for at first (RFC 8707 2.2).
fn narrowed(fields: &Fields, grant: &Grant) -> Result<Vec<String>, Refused> {
    if fields.all("resource").all(str::is_empty) {
        return Ok(grant.audience.clone());
    }
    let asked = audience(fields, &grant.issuer).ok_or(Refused::Target)?;
    let has_all = grant.audience.contains(&grant.issuer);
    let is_within = asked.iter().all(|one| has_all || grant.audience.contains(one));
    if is_within {
        Ok(asked)
    } else {
        Err(Refused::Target)
    }
}

/// For a refresh token, which is used up by it (RFC 6749 6, RFC 9700 4.14).
async fn by_refresh_token(visit: &Visit, client: &Client, fields: &Fields) -> Result<Value, Refused> {
    must_be_allowed(client, GrantType::RefreshToken)?;
    let token = needed(fields, "refresh_token", "expected a refresh_token")?;
    let wrong = Refused::Grant("the refresh token is not known, too old, used up, or another's");
    let platform = visit.platform();
    let now_ns = visit.now_ns();
    let change = platform.writer().begin().await?;
    let kept: Kept = grants::refresh_token(&*change, token).await?.ok_or(wrong)?;
    if kept.grant.client != Some(client.id) {
        return Err(wrong);
    }
    if kept.used_ns.is_some() {
        replayed(visit, change, client, &kept.grant, "refresh token").await?;
        return Err(wrong);
    }
    let standing = grants::standing(&*change, &kept.grant.id, None, now_ns).await?;
    let standing = standing.filter(|_| now_ns < kept.expires_ns).ok_or(wrong)?;
    let granted = scopes_of(&kept.grant.scope).unwrap_or_default();
    let scopes = match one(fields, "scope")? {
        None => granted,
        Some(text) => {
            let asked = scopes_of(text).ok_or(Refused::Scope)?;
            let is_within = asked.iter().all(|scope| granted.contains(scope));
            if is_within {
                asked
            } else {
                return Err(Refused::Scope);
            }
        }
    };
    let audience = narrowed(fields, &kept.grant)?;
    grants::use_refresh_token(&*change, token, now_ns).await?;
    let refresh = new_refresh_token(&change, &kept.grant, now_ns).await?;
    let asked = Asked {
        client,
        grant: &kept.grant,
        scopes,
        audience,
        name: standing.name,
        // Only the first ID token answers the request that the nonce came with (OpenID Connect Core 12.2).
        nonce: None,
    };
    let given = asked.given(visit, Some(refresh)).await?;
    change.commit().await?;
    Ok(given)
}

/// By itself (RFC 6749 4.4): for what is not about a person.
async fn by_itself(visit: &Visit, client: &Client, fields: &Fields) -> Result<Value, Refused> {
    must_be_allowed(client, GrantType::ClientCredentials)?;
    if !client.is_confidential {
        return Err(Refused::NotAllowed(
            "a program that keeps no secret does not ask by itself",
        ));
    }
    let asked = one(fields, "scope")?.unwrap_or_default();
    let scopes = client.scopes_of(asked).ok_or(Refused::Scope)?;
    if scopes.iter().any(|scope| scope.is_personal) {
        return Err(Refused::Scope);
    }
    let issuer = visit.address_of_page("");
    let audience = audience(fields, &issuer).ok_or(Refused::Target)?;
    let now_ns = visit.now_ns();
    let change = visit.platform().writer().begin().await?;
    let grant = match grants::of_client(&*change, client.id, &issuer, now_ns + DAY_NS).await? {
        Some(grant) => grant,
        None => {
            let grant = Grant {
                id: secrets::token()?,
                client: Some(client.id),
                organisation: client.organisation,
                issuer: issuer.clone(),
                audience: vec![issuer],
                created_ns: now_ns,
                expires_ns: now_ns + OWN_GRANT_NS,
                ..Grant::default()
            };
            grants::add(&*change, &grant).await?;
            grant
        }
    };
    let mut entry = entry(
        visit,
        "client.given",
        &client.client_id,
        None,
        client.organisation,
    );
    entry.detail = Some(json!({ "scope": words_of(&scopes) }).to_string());
    let asked = Asked {
        client,
        grant: &grant,
        scopes,
        audience,
        name: None,
        nonce: None,
    };
    let given = asked.given(visit, None).await?;
    journal::append(&change, &[entry]).await?;
    change.commit().await?;
    Ok(given)
}

/// What tokens are made of.
struct Asked<'a> {
    client: &'a Client,
    grant: &'a Grant,
    scopes: Vec<&'static Scope>,
    audience: Vec<String>,
    name: Option<String>,
    nonce: Option<String>,
}

impl Asked<'_> {
    fn has(&self, word: &str) -> bool {
        self.scopes.iter().any(|scope| scope.word == word)
    }

    /// The answer with its tokens (RFC 6749 5.1, OpenID Connect Core 3.1.3.3).
    async fn given(&self, visit: &Visit, refresh: Option<String>) -> Result<Value, Refused> {
        let platform = visit.platform();
        let now_ns = visit.now_ns();
        let (client, grant) = (self.client, self.grant);
        let mut audience = self.audience.clone();
        if self.has(OPENID) && !audience.contains(&grant.issuer) {
            audience.push(format!("{}/oauth/userinfo", grant.issuer));
        }
        let claims = AccessClaims {
            iss: grant.issuer.clone(),
            sub: grant
                .person
                .map_or(client.client_id.clone(), |person| person.to_string()),
            aud: audience,
            exp: seconds(now_ns + HOLDS_NS),
            iat: seconds(now_ns),
            nbf: seconds(now_ns),
            jti: number()?,
            client_id: client.client_id.clone(),
            scope: words_of(&self.scopes),
            sid: grant.id.clone(),
            organisation: grant.organisation,
            study_uid: None,
        };
        let token = access(platform, &claims).await?;
        let mut given = json!({ "token_type": "Bearer", "expires_in": HOLDS_NS / SECOND_NS });
        if !claims.scope.is_empty() {
            given["scope"] = claims.scope.as_str().into();
        }
        if let (Some(person), true) = (grant.person, self.has(OPENID)) {
            let claims = self.id_claims(person, &token, now_ns);
            given["id_token"] = id(platform, &claims).await?.into();
        }
        given["access_token"] = token.into();
        if let Some(refresh) = refresh {
            given["refresh_token"] = refresh.into();
        }
        Ok(given)
    }

    fn id_claims(&self, person: i64, token: &str, now_ns: i64) -> IdClaims {
        let grant = self.grant;
        IdClaims {
            iss: grant.issuer.clone(),
            sub: person.to_string(),
            aud: self.client.client_id.clone(),
            exp: seconds(now_ns + HOLDS_NS),
            iat: seconds(now_ns),
            auth_time: seconds(grant.authenticated_ns.unwrap_or(grant.created_ns)),
            amr: match grant.has_second_factor {
                true => vec!["mfa"],
                false => Vec::new(),
            },
            nonce: self.nonce.clone(),
            at_hash: half_hash(token),
            sid: grant.id.clone(),
            name: self.name.clone().filter(|_| self.has(PROFILE)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_is_held_to_its_challenge() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(is_verified(challenge, verifier));
        assert!(!is_verified(challenge, challenge));
        assert!(!is_verified(challenge, &verifier[..42]));
        // Hashes of what no verifier may be are no challenges either.
        let short = URL_SAFE_NO_PAD.encode(Sha256::digest("short"));
        assert!(!is_verified(&short, "short"));
    }
}
