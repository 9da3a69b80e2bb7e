//! Whether a token holds (RFC 7662), for programs that keep a secret, of tokens of their own organisation.

use axum::Json;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::refused::{NO_STORE, Refused};
use super::{authentication, needed, parameters};
use crate::clients::grants::store as grants;
use crate::clients::model::{Client, words_of};
use crate::clients::tokens::access::known;
use crate::clients::tokens::seconds;
use crate::web::Visit;

pub(super) async fn introspect(visit: Visit, request: Request) -> Result<Response, Refused> {
    let headers = request.headers().clone();
    let fields = parameters(request).await?;
    let client = authentication::client(&visit, &headers, &fields).await?;
    if !client.is_confidential {
        return Err(Refused::NotAllowed(
            "a program that keeps no secret does not ask about tokens",
        ));
    }
    let token = needed(&fields, "token", "expected a token")?;
    let told = match access_token(&visit, &client, token).await? {
        Some(told) => Some(told),
        None => refresh_token(&visit, &client, token).await?,
    };
    // Whatever it is that does not hold, nothing more is said of it (RFC 7662 2.2).
    let told = told.unwrap_or_else(|| json!({ "active": false }));
    Ok((NO_STORE, Json(told)).into_response())
}

async fn access_token(visit: &Visit, client: &Client, token: &str) -> Result<Option<Value>, Refused> {
    let found = known(visit.platform(), token).await?;
    let found = found.filter(|holder| holder.claims.organisation == client.organisation);
    Ok(found.map(|holder| {
        let claims = &holder.claims;
        let mut told = json!({
            "active": true,
            "client_id": claims.client_id,
            "token_type": "Bearer",
            "exp": claims.exp,
            "iat": claims.iat,
            "nbf": claims.nbf,
            "sub": claims.sub,
            "aud": claims.aud,
            "iss": claims.iss,
            "jti": claims.jti,
            "organisation": claims.organisation,
        });
        if !holder.scopes.is_empty() {
            told["scope"] = words_of(&holder.scopes).into();
        }
        if let Some(study_uid) = &claims.study_uid {
            told["study_uid"] = study_uid.as_str().into();
        }
        told
    }))
}

/// A refresh token is its program's matter alone.
async fn refresh_token(visit: &Visit, client: &Client, token: &str) -> Result<Option<Value>, Refused> {
    let readers = visit.platform().readers();
    let now_ns = visit.now_ns();
    let kept = grants::refresh_token(readers, token).await?;
    let kept = kept.filter(|kept| {
        kept.grant.client == Some(client.id) && kept.used_ns.is_none() && now_ns < kept.expires_ns
    });
    let Some(kept) = kept else {
        return Ok(None);
    };
    if grants::standing(readers, &kept.grant.id, None, now_ns)
        .await?
        .is_none()
    {
        return Ok(None);
    }
    let sub = kept
        .grant
        .person
        .map_or(client.client_id.clone(), |person| person.to_string());
    Ok(Some(json!({
        "active": true,
        "client_id": client.client_id,
        "scope": kept.grant.scope,
        "sub": sub,
        "iss": kept.grant.issuer,
        "exp": seconds(kept.expires_ns),
    })))
}
