//! Who the person is that a token is for (OpenID Connect Core 5.3).

use axum::Json;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::refused::{NO_STORE, Refused};
use crate::clients::model::{OPENID, PROFILE};
use crate::clients::tokens::access::holder;
use crate::web::Visit;

pub(super) async fn tell(visit: Visit, headers: HeaderMap) -> Result<Response, Refused> {
    let value = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    let token = token.ok_or(Refused::NoToken)?;
    let found = holder(visit.platform(), token, "/oauth/userinfo", Some(visit.address())).await?;
    let found = found.ok_or(Refused::Token)?;
    let has = |word: &str| found.scopes.iter().any(|scope| scope.word == word);
    if !has(OPENID) || found.standing.grant.person.is_none() {
        return Err(Refused::InsufficientScope);
    }
    let mut told = json!({ "sub": found.claims.sub });
    if has(PROFILE) {
        told["name"] = found.standing.name.clone().into();
    }
    Ok((NO_STORE, Json(told)).into_response())
}
