//! WeChat as far as it is used here, for tests: the page that says who scanned, codes that are good once, access tokens,
//! template messages, and the errors that WeChat gives, with the status 200.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::settings::WeChat;
use crate::web::Fields;

const APP_ID: &str = "wx0123456789abcdef";
const SECRET: &str = "secret-of-the-account";

#[derive(Default)]
struct Kept {
    /// Whose phone it is that scans.
    openid: String,
    /// Codes that were given, and whether they were used.
    codes: BTreeMap<String, (String, bool)>,
    tokens: u32,
    messages: Vec<Value>,
    states: Vec<String>,
}

#[derive(Clone, Default)]
pub(crate) struct Stub(Arc<Mutex<Kept>>);

impl Stub {
    /// Starts it; gives the official account that it knows.
    pub(crate) async fn start() -> (Self, WeChat) {
        let stub = Self::default();
        let router = Router::new()
            .route("/connect/oauth2/authorize", get(authorize))
            .route("/sns/oauth2/access_token", get(identify))
            .route("/cgi-bin/token", get(token))
            .route("/cgi-bin/message/template/send", post(send))
            .with_state(stub.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let account = WeChat {
            app_id: APP_ID.to_owned(),
            secret: SECRET.to_owned(),
            pages_url: url.clone(),
            api_url: url,
            template: Some(("template-1".to_owned(), "thing1".to_owned())),
        };
        (stub, account)
    }

    /// Somebody takes the phone in hand.
    pub(crate) fn held_by(&self, openid: &str) {
        self.0.lock().unwrap().openid = openid.to_owned();
    }

    pub(crate) fn messages(&self) -> Vec<Value> {
        self.0.lock().unwrap().messages.clone()
    }

    pub(crate) fn tokens(&self) -> u32 {
        self.0.lock().unwrap().tokens
    }
}

fn error(code: i64) -> Response {
    Json(json!({ "errcode": code, "errmsg": "refused" })).into_response()
}

fn read(query: Option<String>) -> Fields {
    Fields::parse(query.unwrap_or_default().as_bytes()).unwrap()
}

/// WeChat's page: it says who scanned without asking, as `snsapi_base` does. A state comes once.
async fn authorize(State(stub): State<Stub>, RawQuery(query): RawQuery) -> Response {
    let query = read(query);
    let mut kept = stub.0.lock().unwrap();
    let (back, state) = (query.get("redirect_uri"), query.get("state").to_owned());
    let is_known = query.get("appid") == APP_ID
        && query.get("response_type") == "code"
        && query.get("scope") == "snsapi_base"
        && back.starts_with("http://uptake.example/")
        && (1..=128).contains(&state.len())
        && state
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        && !kept.states.contains(&state);
    if !is_known {
        return error(10003);
    }
    let code = format!("code-{}", kept.codes.len());
    let openid = kept.openid.clone();
    kept.codes.insert(code.clone(), (openid, false));
    kept.states.push(state.clone());
    Redirect::to(&format!("{back}?code={code}&state={state}")).into_response()
}

async fn identify(State(stub): State<Stub>, RawQuery(query): RawQuery) -> Response {
    let query = read(query);
    if query.get("appid") != APP_ID
        || query.get("secret") != SECRET
        || query.get("grant_type") != "authorization_code"
    {
        return error(40125);
    }
    let mut kept = stub.0.lock().unwrap();
    match kept.codes.get_mut(query.get("code")) {
        None => error(40029),
        Some((_, true)) => error(40163),
        Some((openid, is_used)) => {
            *is_used = true;
            let answer = json!({
                "access_token": "of-the-user", "expires_in": 7200, "refresh_token": "r", "openid": openid, "scope": "snsapi_base",
            });
            Json(answer).into_response()
        }
    }
}

async fn token(State(stub): State<Stub>, RawQuery(query): RawQuery) -> Response {
    let query = read(query);
    if query.get("appid") != APP_ID
        || query.get("secret") != SECRET
        || query.get("grant_type") != "client_credential"
    {
        return error(40125);
    }
    let mut kept = stub.0.lock().unwrap();
    kept.tokens += 1;
    Json(json!({ "access_token": format!("token-{}", kept.tokens), "expires_in": 7200 })).into_response()
}

async fn send(State(stub): State<Stub>, RawQuery(query): RawQuery, Json(message): Json<Value>) -> Response {
    let mut kept = stub.0.lock().unwrap();
    if read(query).get("access_token") != format!("token-{}", kept.tokens) {
        return error(40001);
    }
    kept.messages.push(message);
    Json(json!({ "errcode": 0, "errmsg": "ok", "msgid": 1 })).into_response()
}
