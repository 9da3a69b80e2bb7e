//! What is published about this site (RFC 8414, OpenID Connect Discovery), and its keys (RFC 7517).

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::exchange;
use super::refused::Refused;
use crate::clients::keys;
use crate::clients::model::{GrantType, SCOPES};
use crate::language::Language;
use crate::web::Visit;

/// Others keep it for a while; a key is published for longer before it signs.
fn kept(value: Value) -> Response {
    let control = [(header::CACHE_CONTROL, format!("public, max-age={}", keys::KEPT_S))];
    (control, Json(value)).into_response()
}

pub(super) async fn jwks(visit: Visit) -> Result<Response, Refused> {
    let published = keys::published(visit.platform()).await?;
    let keys: Vec<Value> = published.iter().map(keys::Published::jwk).collect();
    Ok(kept(json!({ "keys": keys })))
}

pub(super) async fn configuration(visit: Visit) -> Response {
    let at = |path: &str| visit.address_of_page(path);
    let mut grant_types: Vec<&str> = GrantType::ALL.iter().map(|one| one.word()).collect();
    grant_types.push(exchange::GRANT_TYPE);
    let scopes: Vec<&str> = SCOPES.iter().map(|scope| scope.word).collect();
    let languages: Vec<&str> = Language::ALL.iter().map(|language| language.tag()).collect();
    kept(json!({
        "issuer": at(""),
        "authorization_endpoint": at("/oauth/authorize"),
        "token_endpoint": at("/oauth/token"),
        "userinfo_endpoint": at("/oauth/userinfo"),
        "jwks_uri": at("/oauth/jwks"),
        "revocation_endpoint": at("/oauth/revoke"),
        "introspection_endpoint": at("/oauth/introspect"),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": grant_types,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "auth_time", "amr", "nonce", "at_hash", "sid", "name"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "ui_locales_supported": languages,
    }))
}
