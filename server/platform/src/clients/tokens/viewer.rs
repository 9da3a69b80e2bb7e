//! Tokens for looking at one study for some minutes: they find no other study, take nothing away and cannot be prolonged.

use super::access::OWN_CLIENT;
use super::{AccessClaims, LONGEST_NS, access, number, seconds};
use crate::clients::grants::store::{self as grants, Grant};
use crate::clients::keys;
use crate::clients::model::VIEWING;
use crate::clock::{DAY_NS, MINUTE_NS};
use crate::web::Visit;
use crate::{Error, Result, secrets};

/// A token for a viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewing {
    /// The token.
    pub token: String,
    /// Until when it holds.
    pub expires_ns: i64,
}

/// Gives a page of this site a token for one study of the active organisation, for whoever is signed in: it may no more
/// than they may, and ends with their session. The handler has asked whether they may see the study.
///
/// # Errors
///
/// [`Error::SignIn`], [`Error::First`] where nobody is signed in or no organisation is active; [`Error::BadRequest`] for a
/// UID that is none, or minutes that are not 1 to 15; the database's.
pub async fn viewer_token(visit: &Visit, study_uid: &str, minutes: i64) -> Result<Viewing> {
    let platform = visit.platform();
    let signed = visit.person()?;
    let organisation = visit.organisation()?;
    let holds_ns = minutes.saturating_mul(MINUTE_NS);
    if !is_uid(study_uid) || !(MINUTE_NS..=LONGEST_NS).contains(&holds_ns) {
        return Err(Error::BadRequest(
            "expected a Study Instance UID and 1 to 15 minutes".to_owned(),
        ));
    }
    keys::prepare(platform).await?;
    let now_ns = visit.now_ns();
    let issuer = visit.address_of_page("");
    let change = platform.writer().begin().await?;
    let before = grants::of_session(
        &*change,
        &signed.session,
        organisation,
        &issuer,
        now_ns + holds_ns,
    )
    .await?;
    let grant = match before {
        Some(grant) => grant,
        None => {
            let grant = Grant {
                id: secrets::token()?,
                person: Some(signed.account()),
                organisation,
                issuer: issuer.clone(),
                scope: VIEWING.join(" "),
                audience: vec![issuer],
                session: Some(signed.session.clone()),
                has_second_factor: signed.permitted().has_second_factor,
                authenticated_ns: grants::authenticated_ns(&*change, &signed.session).await?,
                created_ns: now_ns,
                expires_ns: now_ns + DAY_NS,
                ..Grant::default()
            };
            grants::add(&*change, &grant).await?;
            grant
        }
    };
    let claims = claims(
        &grant,
        OWN_CLIENT,
        study_uid,
        &VIEWING.join(" "),
        now_ns,
        holds_ns,
    )?;
    let token = access(platform, &claims).await?;
    let mut entry = visit.entry("client.viewing");
    entry.study_uid = Some(study_uid.to_owned());
    journal::append(&change, &[entry]).await?;
    change.commit().await?;
    Ok(Viewing {
        token,
        expires_ns: claims.exp * crate::clock::SECOND_NS,
    })
}

/// What a token for one study says.
///
/// # Errors
///
/// Where the system gives no random numbers.
pub fn claims(
    grant: &Grant,
    client_id: &str,
    study_uid: &str,
    scope: &str,
    now_ns: i64,
    holds_ns: i64,
) -> Result<AccessClaims> {
    let issuer = grant.issuer.clone();
    Ok(AccessClaims {
        sub: grant
            .person
            .map_or(client_id.to_owned(), |person| person.to_string()),
        aud: vec![issuer.clone(), format!("{issuer}{STUDIES}{study_uid}")],
        iss: issuer,
        exp: seconds(now_ns + holds_ns),
        iat: seconds(now_ns),
        nbf: seconds(now_ns),
        jti: number()?,
        client_id: client_id.to_owned(),
        scope: scope.to_owned(),
        sid: grant.id.clone(),
        organisation: grant.organisation,
        study_uid: Some(study_uid.to_owned()),
    })
}

/// Where a study is, after the site's own address.
pub const STUDIES: &str = "/dicom-web/studies/";

/// Whether a text is a UID (PS3.5 9.1).
#[must_use]
pub fn is_uid(text: &str) -> bool {
    let is_component = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    text.len() <= 64 && text.contains('.') && text.split('.').all(is_component)
}
