//! A token for a viewer of one study, for a token of the program's own (RFC 8693): it sees that study alone, takes nothing
//! away and is not prolonged. Which study is said by its address, as `resource`.

use serde_json::{Value, json};

use super::refused::Refused;
use super::{entry, needed, one};
use crate::clients::model::{Client, Scope, VIEW, VIEWING, scopes_of, words_of};
use crate::clients::tokens::access::known;
use crate::clients::tokens::viewer::{STUDIES, claims, is_uid};
use crate::clients::tokens::{LONGEST_NS, access};
use crate::clock::{MINUTE_NS, SECOND_NS};
use crate::web::{Fields, Visit};

/// The word of this way to a token.
pub const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The word of access tokens.
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// How long a viewer's token holds where nothing is said.
const HOLDS_NS: i64 = 5 * MINUTE_NS;

pub(super) async fn exchange(visit: &Visit, client: &Client, fields: &Fields) -> Result<Value, Refused> {
    let token = needed(fields, "subject_token", "expected a subject_token")?;
    if one(fields, "subject_token_type")? != Some(ACCESS_TOKEN) {
        return Err(Refused::Request("expected an access token as subject_token_type"));
    }
    if one(fields, "requested_token_type")?.is_some_and(|text| text != ACCESS_TOKEN) {
        return Err(Refused::Request(
            "expected an access token as requested_token_type",
        ));
    }
    if one(fields, "actor_token")?.is_some() || one(fields, "audience")?.is_some() {
        return Err(Refused::Request(
            "expected no actor_token, and the study as resource",
        ));
    }
    let holds_ns = match one(fields, "expires_in")? {
        None => HOLDS_NS,
        Some(text) => {
            let seconds: Option<i64> = text.parse().ok();
            seconds
                .map(|seconds| seconds.saturating_mul(SECOND_NS))
                .filter(|holds_ns| (1..=LONGEST_NS).contains(holds_ns))
                .ok_or(Refused::Request("expected 1 to 900 seconds as expires_in"))?
        }
    };
    let wrong = Refused::Request("the subject_token does not hold, or is another program's");
    let holder = known(visit.platform(), token).await?.ok_or(wrong)?;
    // A viewer's token gives no other; another program's is not taken.
    if holder.claims.client_id != client.client_id || holder.claims.study_uid.is_some() {
        return Err(wrong);
    }
    let study_uid = needed(fields, "resource", "expected the address of a study as resource")?;
    let study_uid = study_uid
        .strip_prefix(holder.claims.iss.as_str())
        .and_then(|rest| rest.strip_prefix(STUDIES))
        .filter(|uid| is_uid(uid))
        .ok_or(Refused::Target)?;
    let scopes = viewing(&holder.scopes, one(fields, "scope")?)?;
    let grant = &holder.standing.grant;
    let now_ns = visit.now_ns();
    let said = claims(
        grant,
        &client.client_id,
        study_uid,
        &words_of(&scopes),
        now_ns,
        holds_ns,
    )?;
    let token = access(visit.platform(), &said).await?;
    let mut entry = entry(
        visit,
        "client.viewing",
        &client.client_id,
        grant.person,
        grant.organisation,
    );
    entry.study_uid = Some(study_uid.to_owned());
    visit.platform().recorder().record(entry).await?;
    Ok(json!({
        "access_token": token,
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": said.exp - said.iat,
        "scope": said.scope,
    }))
}

/// What a viewer needs, of what the token has: seeing it must have.
fn viewing(held: &[&'static Scope], asked: Option<&str>) -> Result<Vec<&'static Scope>, Refused> {
    let mut scopes: Vec<&'static Scope> = held
        .iter()
        .copied()
        .filter(|scope| VIEWING.contains(&scope.word))
        .collect();
    if !scopes.iter().any(|scope| scope.word == VIEW) {
        return Err(Refused::Scope);
    }
    if let Some(text) = asked {
        let asked = scopes_of(text).ok_or(Refused::Scope)?;
        if !asked.iter().all(|scope| scopes.contains(scope)) {
            return Err(Refused::Scope);
        }
        scopes = asked;
    }
    Ok(scopes)
}
