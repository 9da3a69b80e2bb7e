//! What WeChat is asked over HTTP: who holds a code of its authorization page, and to send template messages (WeChat
//! Official Accounts: Webpage Authorization, Access Token, Template Message).

use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::SECOND_NS;
use crate::settings::WeChat;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer at most.
const MAX_BYTES: usize = 64 * 1024;
/// How much sooner than WeChat says an access token is taken for old.
const EARLY_S: i64 = 300;

/// Why WeChat did not do what it was asked. Words hold numbers of errors, never who it was about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// It cannot be reached, or does not answer as agreed.
    #[error("WeChat does not answer as agreed")]
    Unreachable,
    /// It refused.
    #[error("WeChat refused with error {0}")]
    Refused(i64),
}

/// Asks WeChat in the name of an official account.
pub(crate) struct Client {
    account: WeChat,
    http: reqwest::Client,
    /// The access token, and until when it is good.
    token: Mutex<Option<(String, i64)>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.account.fmt(f)
    }
}

impl Client {
    /// For an official account.
    ///
    /// # Errors
    ///
    /// Where no client can be made.
    pub(crate) fn new(account: WeChat) -> anyhow::Result<Self> {
        // The first to come decides for the process; ring is the only provider that is linked.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .user_agent("uptake")
            .build()?;
        Ok(Self {
            account,
            http,
            token: Mutex::default(),
        })
    }

    /// The page of WeChat that says who scanned; it leads back with a code and the state.
    pub(super) fn authorize(&self, back: &str, state: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("appid", &self.account.app_id)
            .append_pair("redirect_uri", back)
            .append_pair("response_type", "code")
            .append_pair("scope", "snsapi_base")
            .append_pair("state", state);
        // The fragment is part of the protocol.
        let (base, query) = (&self.account.pages_url, query.finish());
        format!("{base}/connect/oauth2/authorize?{query}#wechat_redirect")
    }

    /// Who holds a code: the person's number with this official account.
    pub(super) async fn identify(&self, code: &str) -> Result<String, Failure> {
        let (app_id, secret) = (&self.account.app_id, &self.account.secret);
        let query = [
            ("appid", app_id.as_str()),
            ("secret", secret),
            ("code", code),
            ("grant_type", "authorization_code"),
        ];
        let answer = self.get("/sns/oauth2/access_token", &query).await?;
        let openid = answer["openid"].as_str();
        let openid = openid.filter(|openid| (1..=128).contains(&openid.len()));
        openid.map(str::to_owned).ok_or(Failure::Unreachable)
    }

    /// Whether the account has a template for messages.
    pub(crate) fn has_template(&self) -> bool {
        self.account.template.is_some()
    }

    /// Sends a template message, with a token that [`Client::token`] gave; gives WeChat's number of it. Under one key it is
    /// sent once within ten minutes.
    pub(crate) async fn send(
        &self,
        openid: &str,
        words: &str,
        address: &str,
        key: &str,
        token: &str,
    ) -> Result<String, Failure> {
        let (template, field) = self.account.template.as_ref().ok_or(Failure::Refused(40037))?;
        // A `thing` of a template takes twenty characters.
        let words: String = words.chars().take(20).collect();
        let body = json!({
            "touser": openid, "template_id": template, "url": address, "data": { field: { "value": words } },
            "client_msg_id": key,
        });
        let address = self.address("/cgi-bin/message/template/send", &[("access_token", token)]);
        let request = self
            .http
            .post(address)
            .header("content-type", "application/json")
            .body(body.to_string());
        let answer = self.answer(request).await;
        if matches!(answer, Err(Failure::Refused(40001 | 42001)))
            && let Ok(mut kept) = self.token.lock()
        {
            // Another program of the site has asked for a token since.
            *kept = None;
        }
        Ok(answer?["msgid"].as_i64().unwrap_or_default().to_string())
    }

    /// The access token.
    pub(crate) async fn token(&self, now_ns: i64) -> Result<String, Failure> {
        let kept = self.token.lock().ok().and_then(|token| token.clone());
        if let Some((token, _)) = kept.filter(|(_, until_ns)| now_ns < *until_ns) {
            return Ok(token);
        }
        let (app_id, secret) = (&self.account.app_id, &self.account.secret);
        let query = [
            ("grant_type", "client_credential"),
            ("appid", app_id.as_str()),
            ("secret", secret),
        ];
        let answer = self.get("/cgi-bin/token", &query).await?;
        let token = answer["access_token"]
            .as_str()
            .ok_or(Failure::Unreachable)?
            .to_owned();
        let seconds = answer["expires_in"].as_i64().unwrap_or(0).clamp(0, 86_400);
        if let Ok(mut kept) = self.token.lock() {
            *kept = Some((token.clone(), now_ns + (seconds - EARLY_S) * SECOND_NS));
        }
        Ok(token)
    }

    fn address(&self, path: &str, query: &[(&str, &str)]) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(query);
        format!("{}{path}?{}", self.account.api_url, text.finish())
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, Failure> {
        self.answer(self.http.get(self.address(path, query))).await
    }

    /// An answer; errors come with the status 200 and a number of their own.
    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Value, Failure> {
        // What reqwest says names the address, which holds the secret: it is not passed on.
        let mut response = request.send().await.map_err(|_| Failure::Unreachable)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| Failure::Unreachable)? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err(Failure::Unreachable);
            }
            body.extend_from_slice(&chunk);
        }
        let answer: Value = serde_json::from_slice(&body).map_err(|_| Failure::Unreachable)?;
        match answer["errcode"].as_i64() {
            None | Some(0) => Ok(answer),
            Some(code) => Err(Failure::Refused(code)),
        }
    }
}
