//! A library of others goes all the ways to tokens, over HTTP, and holds our answers to the standards. The site stands as
//! behind a proxy that speaks TLS: programs know it by `https`, and what they send arrives on a port of this machine.

use openidconnect::core::{
    CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims,
};
use openidconnect::{
    AccessToken, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse,
    IntrospectionUrl, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, RefreshToken,
    RevocationUrl, Scope, TokenIntrospectionResponse, TokenResponse,
};

use super::*;
use crate::clock::MINUTE_NS;
use crate::permissions::Kind;
use crate::settings::Settings;

/// The site as programs know it.
const PUBLIC: &str = "https://uptake.example";

async fn public_site() -> Site {
    Site::with(Settings {
        public_url: Some(PUBLIC.to_owned()),
        ..Settings::default()
    })
    .await
}

/// Sends what the library asks for to where the site is served.
async fn ask(
    http: reqwest::Client,
    served: String,
    request: HttpRequest,
) -> Result<HttpResponse, reqwest::Error> {
    let (parts, body) = request.into_parts();
    let address = parts.uri.to_string();
    let path = address.strip_prefix(PUBLIC).unwrap();
    let sent = http
        .request(parts.method, format!("{served}{path}"))
        .headers(parts.headers)
        .body(body)
        .send()
        .await?;
    let mut response = openidconnect::http::Response::new(Vec::new());
    *response.status_mut() = sent.status();
    *response.headers_mut() = sent.headers().clone();
    *response.body_mut() = sent.bytes().await?.to_vec();
    Ok(response)
}

fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    builder.build().unwrap()
}

/// Opens an address as the browser of whoever is signed in, and allows what is asked there; gives where it leads.
async fn allowed(browser: &Browser<'_>, program: &Program<'_>, url: &str) -> String {
    let page = browser.get(url.strip_prefix(PUBLIC).unwrap()).await;
    if page.status.as_u16() == 303 {
        return page.location;
    }
    let back = program.answer(browser, &page, "allow").await;
    back.is(303);
    back.location
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_library_of_others_goes_all_the_ways() {
    let site = public_site().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let (account, _) = doctor(&site, here, &[P::StudiesView]).await;
    let browser = site.signed_in(account, Some(here)).await;
    let program = program(&site, here, true, "openid profile studies.find offline_access").await;
    let address = site.serve().await;
    let http = http();
    let send = |request| ask(http.clone(), address.clone(), request);
    let issuer = IssuerUrl::new(PUBLIC.to_owned()).unwrap();
    // Discovery, and the keys with it.
    let metadata = CoreProviderMetadata::discover_async(issuer.clone(), &send)
        .await
        .unwrap();
    assert_eq!(metadata.issuer(), &issuer);
    let client = CoreClient::from_provider_metadata(
        metadata,
        ClientId::new(program.client_id.clone()),
        Some(ClientSecret::new(SECRET.to_owned())),
    )
    .set_redirect_uri(RedirectUrl::new(BACK.to_owned()).unwrap())
    .set_revocation_url(RevocationUrl::new(format!("{PUBLIC}/oauth/revoke")).unwrap())
    .set_introspection_url(IntrospectionUrl::new(format!("{PUBLIC}/oauth/introspect")).unwrap());

    // Authorization code with PKCE, and an ID token that the library checks by the published keys.
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scopes(["profile", "studies.find", "offline_access"].map(|scope| Scope::new(scope.to_owned())))
        .add_prompt(CoreAuthPrompt::Consent)
        .set_pkce_challenge(challenge)
        .url();
    let back = allowed(&browser, &program, url.as_str()).await;
    assert_eq!(
        parameter(&back, "state").as_deref(),
        Some(state.secret().as_str())
    );
    assert_eq!(parameter(&back, "iss").as_deref(), Some(PUBLIC));
    let code = AuthorizationCode::new(parameter(&back, "code").unwrap());
    let tokens = client
        .exchange_code(code)
        .unwrap()
        .set_pkce_verifier(verifier)
        .request_async(&send)
        .await
        .unwrap();
    let now_ns = site.now_ns();
    let now = move || chrono::DateTime::from_timestamp_nanos(now_ns);
    let verifies = client.id_token_verifier().set_time_fn(now);
    let id_token = tokens.id_token().unwrap();
    let claims = id_token.claims(&verifies, &nonce).unwrap();
    assert_eq!(claims.subject().as_str(), account.to_string());
    assert_eq!(claims.name().unwrap().get(None).unwrap().as_str(), "张医生");
    let hash = openidconnect::AccessTokenHash::from_token(
        tokens.access_token(),
        id_token.signing_alg().unwrap(),
        id_token.signing_key(&verifies).unwrap(),
    );
    assert_eq!(claims.access_token_hash(), Some(&hash.unwrap()));
    let wrong = Nonce::new("another".to_owned());
    assert!(id_token.claims(&verifies, &wrong).is_err());

    // Who the person is; what the token opens.
    let info: CoreUserInfoClaims = client
        .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
        .unwrap()
        .request_async(&send)
        .await
        .unwrap();
    assert_eq!(info.name().unwrap().get(None).unwrap().as_str(), "张医生");
    let opens = async |token: &AccessToken, path: &str| {
        let request = http
            .get(format!("{address}{path}"))
            .header("accept", "application/dicom+json");
        request
            .bearer_auth(token.secret())
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(opens(tokens.access_token(), "/dicom-web/studies").await, 200);
    assert_eq!(
        opens(tokens.access_token(), "/dicom-web/studies/1.2.3/metadata").await,
        403
    );

    // Refresh, which rotates; introspection; revocation.
    let next = client
        .exchange_refresh_token(tokens.refresh_token().unwrap())
        .unwrap()
        .request_async(&send)
        .await
        .unwrap();
    assert_ne!(
        next.refresh_token().map(RefreshToken::secret),
        tokens.refresh_token().map(RefreshToken::secret)
    );
    let told = client
        .introspect(next.access_token())
        .request_async(&send)
        .await
        .unwrap();
    assert!(told.active());
    assert_eq!(told.client_id().unwrap().as_str(), program.client_id);
    assert_eq!(
        told.exp().unwrap().timestamp(),
        (now_ns + 10 * MINUTE_NS) / 1_000_000_000
    );
    client
        .revoke_token(next.refresh_token().unwrap().into())
        .unwrap()
        .request_async(&send)
        .await
        .unwrap();
    let told = client
        .introspect(next.access_token())
        .request_async(&send)
        .await
        .unwrap();
    assert!(!told.active());
    assert_eq!(opens(next.access_token(), "/dicom-web/studies").await, 401);
    assert!(
        client
            .exchange_refresh_token(next.refresh_token().unwrap())
            .unwrap()
            .request_async(&send)
            .await
            .is_err()
    );

    // By itself; without a scope it is let in and may nothing.
    let own = client
        .exchange_client_credentials()
        .unwrap()
        .add_scope(Scope::new("studies.find".to_owned()))
        .request_async(&send)
        .await
        .unwrap();
    assert!(own.refresh_token().is_none());
    assert_eq!(opens(own.access_token(), "/dicom-web/studies").await, 200);
    let bare = client
        .exchange_client_credentials()
        .unwrap()
        .request_async(&send)
        .await
        .unwrap();
    assert_eq!(opens(bare.access_token(), "/dicom-web/studies").await, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_library_that_fetches_the_keys_again_goes_on_when_they_rotate() {
    let site = public_site().await;
    let here = site.organisation(Kind::Hospital, "第一医院").await;
    let (account, _) = doctor(&site, here, &[P::StudiesView]).await;
    let browser = site.signed_in(account, Some(here)).await;
    let program = program(&site, here, true, "openid").await;
    let officer = site.officer("clients").await;
    let address = site.serve().await;
    let http = http();
    let send = |request| ask(http.clone(), address.clone(), request);
    let mut kids = Vec::new();
    for round in 0..3 {
        // Each round discovers anew: the document, and the keys behind it.
        let issuer = IssuerUrl::new(PUBLIC.to_owned()).unwrap();
        let metadata = CoreProviderMetadata::discover_async(issuer, &send).await.unwrap();
        let client = CoreClient::from_provider_metadata(
            metadata,
            ClientId::new(program.client_id.clone()),
            Some(ClientSecret::new(SECRET.to_owned())),
        )
        .set_redirect_uri(RedirectUrl::new(BACK.to_owned()).unwrap());
        // The keys are what this library fetched before the next key signs.
        if round == 1 {
            site.pass(10 * MINUTE_NS);
        }
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (url, _, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                CsrfToken::new_random,
                Nonce::new_random,
            )
            .set_pkce_challenge(challenge)
            .url();
        let back = allowed(&browser, &program, url.as_str()).await;
        let code = AuthorizationCode::new(parameter(&back, "code").unwrap());
        let tokens = client
            .exchange_code(code)
            .unwrap()
            .set_pkce_verifier(verifier)
            .request_async(&send)
            .await
            .unwrap();
        let now_ns = site.now_ns();
        let now = move || chrono::DateTime::from_timestamp_nanos(now_ns);
        let verifies = client.id_token_verifier().set_time_fn(now);
        tokens.id_token().unwrap().claims(&verifies, &nonce).unwrap();
        let header = tokens.id_token().unwrap().to_string();
        kids.push(header.split('.').next().unwrap().to_owned());
        if round == 0 {
            officer
                .post("/platform/clients/keys", &[])
                .await
                .leads_to("/platform/clients");
        }
    }
    assert!(kids[0] != kids[1] && kids[1] == kids[2]);
}
