//! Taking tokens back (RFC 7009): a refresh token with all that came of its grant, an access token by itself.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::refused::{NO_STORE, Refused};
use super::{authentication, entry, needed, parameters};
use crate::clients::grants::store as grants;
use crate::clients::tokens::read;
use crate::clock::SECOND_NS;
use crate::web::Visit;

pub(super) async fn revoke(visit: Visit, request: Request) -> Result<Response, Refused> {
    let headers = request.headers().clone();
    let fields = parameters(request).await?;
    let client = authentication::client(&visit, &headers, &fields).await?;
    let token = needed(&fields, "token", "expected a token")?;
    let platform = visit.platform();
    let now_ns = visit.now_ns();
    let others = Refused::Grant("the token is another program's");
    // A token that is not known is not there: nothing is to be done (RFC 7009 2.2).
    let claims = read(platform, token).await?;
    let change = platform.writer().begin().await?;
    let (person, what) = if let Some(claims) = claims {
        if claims.client_id != client.client_id {
            return Err(others);
        }
        grants::take_back(&*change, &claims.jti, claims.exp * SECOND_NS).await?;
        (claims.sub.parse().ok(), "access token")
    } else if let Some(kept) = grants::refresh_token(&*change, token).await? {
        if kept.grant.client != Some(client.id) {
            return Err(others);
        }
        grants::end(&*change, &kept.grant.id, "revoked", now_ns).await?;
        (kept.grant.person, "refresh token")
    } else {
        return Ok((StatusCode::OK, NO_STORE).into_response());
    };
    let mut entry = entry(
        &visit,
        "client.ended",
        &client.client_id,
        person,
        client.organisation,
    );
    entry.detail = Some(json!({ "what": what }).to_string());
    journal::append(&change, &[entry]).await?;
    change.commit().await?;
    Ok((StatusCode::OK, NO_STORE).into_response())
}
