//! What a token opens: looked up at each request, so that what was taken back, closed or changed holds at once.

use std::net::IpAddr;

use pacs::access::{Context, Principal};

use super::{AccessClaims, read};
use crate::clients::grants::store::{self as grants, Standing};
use crate::clients::model::{Scope, scopes_of};
use crate::{Platform, Result};

/// What tokens of the site's own viewer name as their program.
pub const OWN_CLIENT: &str = "uptake";
/// What of this site a token can be for, beside all of it: the beginnings of addresses, after the site's own.
pub const RESOURCES: &[&str] = &[
    "/dicom-web",
    "/wado",
    "/archive",
    "/viewer",
    "/worklist",
    "/upload",
];

/// Whoever shows a token that holds.
#[derive(Debug, Clone)]
pub struct Holder {
    /// What the token says.
    pub claims: AccessClaims,
    /// Its grant, now.
    pub standing: Standing,
    /// What it is for, as far as its program may still ask for it.
    pub scopes: Vec<&'static Scope>,
}

/// Who holds a token that is shown for a path of this site; none where it does not hold, or is for something else.
///
/// # Errors
///
/// The database's.
pub async fn holder(
    platform: &Platform,
    token: &str,
    path: &str,
    address: Option<IpAddr>,
) -> Result<Option<Holder>> {
    let Some(found) = known(platform, token).await? else {
        return Ok(None);
    };
    let Standing {
        grant,
        must_change_password,
        is_administrator,
        ..
    } = &found.standing;
    // As for sessions: from outside, and for administrators, only with a second factor.
    let is_inside = address.is_some_and(|address| platform.settings().is_inside(address));
    let needs_second_factor = grant.person.is_some() && (*is_administrator || !is_inside);
    let is_blocked = *must_change_password || needs_second_factor && !grant.has_second_factor;
    let is_for_path = is_for(&found.claims, path);
    Ok((is_for_path && !is_blocked).then_some(found))
}

/// Who holds a token, wherever it is shown.
///
/// # Errors
///
/// The database's.
pub async fn known(platform: &Platform, token: &str) -> Result<Option<Holder>> {
    let Some(claims) = read(platform, token).await? else {
        return Ok(None);
    };
    let now_ns = platform.clock().now_ns();
    let standing = grants::standing(platform.readers(), &claims.sid, Some(&claims.jti), now_ns).await?;
    let Some(standing) = standing.filter(|standing| fits(platform, &claims, standing)) else {
        return Ok(None);
    };
    let mut scopes = scopes_of(&claims.scope).unwrap_or_default();
    if let Some(allowed) = &standing.scopes {
        scopes.retain(|scope| allowed.contains(scope));
    }
    Ok(Some(Holder {
        claims,
        standing,
        scopes,
    }))
}

/// Whether a token says what its grant says.
fn fits(platform: &Platform, claims: &AccessClaims, standing: &Standing) -> bool {
    let grant = &standing.grant;
    let client_id = standing.client_id.as_deref().unwrap_or(OWN_CLIENT);
    let public_url = platform.settings().public_url.as_deref();
    claims.iss == grant.issuer
        && public_url.is_none_or(|url| claims.iss == url.trim_end_matches('/'))
        && claims.client_id == client_id
        && claims.organisation == grant.organisation
        && claims.sub
            == grant
                .person
                .map_or(client_id.to_owned(), |person| person.to_string())
}

/// Whether a token is for a path of this site.
fn is_for(claims: &AccessClaims, path: &str) -> bool {
    claims.aud.iter().any(|audience| {
        let rest = audience.strip_prefix(claims.iss.as_str());
        rest.is_some_and(|rest| {
            let rest = rest.trim_end_matches('/');
            let below = path.strip_prefix(rest);
            (rest.is_empty() || rest.starts_with('/'))
                && below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
        })
    })
}

impl Holder {
    /// As the archive asks about it.
    #[must_use]
    pub fn principal(&self) -> Principal {
        Principal::Client {
            id: self.claims.client_id.clone(),
            organisation: self.standing.grant.organisation,
            person: self.standing.grant.person,
            may: self.scopes.iter().filter_map(|scope| scope.opens).collect(),
            study_uid: self.claims.study_uid.clone(),
        }
    }
}

/// Who holds a token that is shown to the archive.
///
/// # Errors
///
/// The database's.
pub(crate) async fn principal(
    platform: &Platform,
    token: &str,
    context: &Context,
) -> Result<Option<Principal>> {
    let way = context.way.as_deref().unwrap_or_default();
    let path = way.split_once(' ').map_or("", |(_, path)| path);
    let holder = holder(platform, token, path, context.address).await?;
    Ok(holder.map(|holder| holder.principal()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_for_what_it_names_and_what_lies_below() {
        let claims = |aud: &[&str]| AccessClaims {
            iss: "https://site.example".to_owned(),
            sub: "1".to_owned(),
            aud: aud.iter().map(|text| (*text).to_owned()).collect(),
            exp: 0,
            iat: 0,
            nbf: 0,
            jti: String::new(),
            client_id: String::new(),
            scope: String::new(),
            sid: String::new(),
            organisation: 1,
            study_uid: None,
        };
        for (aud, path, expected) in [
            (&["https://site.example"][..], "/dicom-web/studies", true),
            (&["https://site.example/"], "/dicom-web/studies", true),
            (&["https://site.example/dicom-web"], "/dicom-web/studies", true),
            (&["https://site.example/dicom-web/"], "/dicom-web", true),
            (&["https://site.example/dicom-web"], "/dicom-webs", false),
            (&["https://site.example/dicom-web"], "/archive/holds", false),
            (
                &["https://site.example/archive", "https://site.example/dicom-web"],
                "/dicom-web/studies",
                true,
            ),
            (
                &["https://site.example.evil.example"],
                "/dicom-web/studies",
                false,
            ),
            (&["https://other.example"], "/dicom-web/studies", false),
            (&["a-program"], "/dicom-web/studies", false),
            (&[""], "/dicom-web/studies", false),
            (&[], "/dicom-web/studies", false),
        ] {
            assert_eq!(is_for(&claims(aud), path), expected, "{aud:?} {path}");
        }
    }
}
