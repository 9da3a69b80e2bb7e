//! Providers of SMS and a server of mail as far as they are used here, for tests: each checks what its interface asks for
//! (signature, time, number that is good once, account) and refuses as it does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use super::providers::{Mail, Security, Service, Sms, SmsTemplate};
use crate::clock::SECOND_NS;
use crate::secrets::hex;
use crate::web::Fields;

const KEY_ID: &str = "LTAI-of-the-site";
const SECRET: &str = "secret-of-the-site";
const SIGN: &str = "核医学云";
const APP: &str = "1400006666";

/// What the next messages meet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Meets {
    /// All is well.
    #[default]
    Taken,
    /// It is taken, and the answer gets lost.
    Lost,
    /// Too many came; it is not taken.
    Busy,
    /// It is refused for good.
    Refused,
}

/// A message that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) to: String,
    pub(crate) template: String,
    /// By name, or by place.
    pub(crate) parameters: Value,
    pub(crate) key: String,
}

#[derive(Default)]
struct Kept {
    now_s: i64,
    meets: Meets,
    nonces: Vec<String>,
    taken: Vec<Taken>,
    /// Why others were refused.
    refused: Vec<String>,
    mails: Vec<String>,
}

#[derive(Clone, Default)]
pub(crate) struct Stub(Arc<Mutex<Kept>>);

impl Stub {
    /// Starts a provider of SMS, with templates for some of our words.
    pub(crate) async fn sms(service: Service, words: &[(&str, &[&str])], now_ns: i64) -> (Self, Sms) {
        let stub = Self::default();
        stub.at(now_ns);
        let route = match service {
            Service::Aliyun => post(aliyun),
            Service::Tencent => post(tencent),
        };
        let router = Router::new().route("/", route).with_state(stub.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let template = |(word, names): &(&str, &[&str])| {
            let parameters = names.iter().map(|name| ((*name).to_owned(), format!("{name}0")));
            let template = SmsTemplate {
                code: format!("SMS_{word}"),
                parameters: parameters.collect(),
            };
            ((*word).to_owned(), template)
        };
        let account = Sms {
            service,
            key_id: KEY_ID.to_owned(),
            secret: SECRET.to_owned(),
            sign_name: SIGN.to_owned(),
            app_id: APP.to_owned(),
            region: "ap-guangzhou".to_owned(),
            url,
            templates: words.iter().map(template).collect::<BTreeMap<_, _>>(),
        };
        (stub, account)
    }

    /// Starts a server of mail.
    pub(crate) async fn mail() -> (Self, Mail) {
        let stub = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = stub.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(smtp(serving.clone(), stream));
            }
        });
        let account = Mail {
            host: "127.0.0.1".to_owned(),
            port,
            security: Security::Plain,
            account: Some(("uptake".to_owned(), SECRET.to_owned())),
            from: "uptake@hospital.example".to_owned(),
        };
        (stub, account)
    }

    /// Its clock.
    pub(crate) fn at(&self, now_ns: i64) {
        self.0.lock().unwrap().now_s = now_ns / SECOND_NS;
    }

    pub(crate) fn meets(&self, meets: Meets) {
        self.0.lock().unwrap().meets = meets;
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.0.lock().unwrap().taken.clone()
    }

    pub(crate) fn refused(&self) -> Vec<String> {
        self.0.lock().unwrap().refused.clone()
    }

    /// Mails that were taken, as they came.
    pub(crate) fn mails(&self) -> Vec<String> {
        self.0.lock().unwrap().mails.clone()
    }

    fn refuse(&self, code: &str) -> Response {
        self.0.lock().unwrap().refused.push(code.to_owned());
        (
            StatusCode::BAD_REQUEST,
            Json(json!({ "Code": code, "Message": "refused", "RequestId": "R" })),
        )
            .into_response()
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key);
    ring::hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
}

/// The lines of the headers that were signed.
fn lines(headers: &HeaderMap, names: &str, lower: &[&str]) -> String {
    let line = |name: &str| {
        let value = text(headers, name).trim();
        match lower.contains(&name) {
            true => format!("{name}:{}\n", value.to_lowercase()),
            false => format!("{name}:{value}\n"),
        }
    };
    names.split(';').map(line).collect()
}

/// Dysmsapi: the query as it came is what was signed, in the order of the names.
async fn aliyun(
    State(stub): State<Stub>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = query.unwrap_or_default();
    let authorization = text(&headers, "authorization");
    let Some((names, signature)) = authorization
        .strip_prefix(&format!("ACS3-HMAC-SHA256 Credential={KEY_ID},SignedHeaders="))
        .and_then(|rest| rest.split_once(",Signature="))
    else {
        return stub.refuse("InvalidAccessKeyId.NotFound");
    };
    let must = [
        "host",
        "x-acs-action",
        "x-acs-content-sha256",
        "x-acs-date",
        "x-acs-signature-nonce",
        "x-acs-version",
    ];
    let asked = format!(
        "POST\n/\n{query}\n{}\n{names}\n{}",
        lines(&headers, names, &[]),
        sha256(&body)
    );
    let expected = hex(&hmac(
        SECRET.as_bytes(),
        &format!("ACS3-HMAC-SHA256\n{}", sha256(asked.as_bytes())),
    ));
    let is_ordered = query.split('&').is_sorted();
    if expected != signature
        || !is_ordered
        || must.iter().any(|name| !names.split(';').any(|one| one == *name))
        || text(&headers, "x-acs-content-sha256") != sha256(&body)
    {
        return stub.refuse("SignatureDoesNotMatch");
    }
    let at = chrono::DateTime::parse_from_rfc3339(text(&headers, "x-acs-date"));
    let mut kept = stub.0.lock().unwrap();
    if !at.is_ok_and(|at| (at.timestamp() - kept.now_s).abs() <= 900) {
        drop(kept);
        return stub.refuse("InvalidTimeStamp.Expired");
    }
    let nonce = text(&headers, "x-acs-signature-nonce").to_owned();
    if nonce.len() < 16 || kept.nonces.contains(&nonce) {
        drop(kept);
        return stub.refuse("SignatureNonceUsed");
    }
    kept.nonces.push(nonce);
    let fields = Fields::parse(query.as_bytes()).unwrap();
    let said = |name: &str| fields.get(name).to_owned();
    if text(&headers, "x-acs-action") != "SendSms" || text(&headers, "x-acs-version") != "2017-05-25" {
        drop(kept);
        return stub.refuse("InvalidAction.NotFound");
    }
    if said("SignName") != SIGN {
        drop(kept);
        return stub.refuse("isv.SMS_SIGNATURE_ILLEGAL");
    }
    let code = match kept.meets {
        Meets::Busy => Some("isv.BUSINESS_LIMIT_CONTROL"),
        Meets::Refused => Some("isv.MOBILE_NUMBER_ILLEGAL"),
        Meets::Taken | Meets::Lost => None,
    };
    if let Some(code) = code {
        return Json(json!({ "Code": code, "Message": format!("of {}", said("PhoneNumbers")) }))
            .into_response();
    }
    let number = format!("9006{}^0", kept.taken.len());
    kept.taken.push(Taken {
        to: said("PhoneNumbers"),
        template: said("TemplateCode"),
        parameters: serde_json::from_str(&said("TemplateParam")).unwrap(),
        key: said("OutId"),
    });
    match kept.meets {
        Meets::Lost => (StatusCode::BAD_GATEWAY, "<html>").into_response(),
        _ => {
            Json(json!({ "Code": "OK", "Message": "OK", "BizId": number, "RequestId": "R" })).into_response()
        }
    }
}

async fn tencent(State(stub): State<Stub>, headers: HeaderMap, body: Bytes) -> Response {
    let refuse = |code: &str| {
        stub.0.lock().unwrap().refused.push(code.to_owned());
        Json(json!({ "Response": { "Error": { "Code": code, "Message": "refused" }, "RequestId": "R" } }))
            .into_response()
    };
    let at_s: i64 = text(&headers, "x-tc-timestamp").parse().unwrap_or(0);
    let day = chrono::DateTime::from_timestamp(at_s, 0)
        .unwrap()
        .format("%Y-%m-%d")
        .to_string();
    let scope = format!("{day}/sms/tc3_request");
    let Some((names, signature)) = text(&headers, "authorization")
        .strip_prefix(&format!(
            "TC3-HMAC-SHA256 Credential={KEY_ID}/{scope}, SignedHeaders="
        ))
        .and_then(|rest| rest.split_once(", Signature="))
    else {
        return refuse("AuthFailure.SecretIdNotFound");
    };
    let lines = lines(&headers, names, &["x-tc-action"]);
    let asked = format!("POST\n/\n\n{lines}\n{names}\n{}", sha256(&body));
    let signed = format!("TC3-HMAC-SHA256\n{at_s}\n{scope}\n{}", sha256(asked.as_bytes()));
    let key = hmac(format!("TC3{SECRET}").as_bytes(), &day);
    let key = hmac(&hmac(&key, "sms"), "tc3_request");
    if hex(&hmac(&key, &signed)) != signature || !names.starts_with("content-type;host") {
        return refuse("AuthFailure.SignatureFailure");
    }
    if (at_s - stub.0.lock().unwrap().now_s).abs() > 300 {
        return refuse("AuthFailure.SignatureExpire");
    }
    let body: Value = serde_json::from_slice(&body).unwrap();
    if text(&headers, "x-tc-action") != "SendSms" || text(&headers, "x-tc-version") != "2021-01-11" {
        return refuse("InvalidAction");
    }
    if body["SmsSdkAppId"] != APP || body["SignName"] != SIGN || text(&headers, "x-tc-region").is_empty() {
        return refuse("UnauthorizedOperation.SmsSdkAppIdVerifyFail");
    }
    let mut kept = stub.0.lock().unwrap();
    let to = body["PhoneNumberSet"][0].as_str().unwrap().to_owned();
    let status = |code: &str, number: String| {
        Json(json!({ "Response": { "SendStatusSet": [{ "Code": code, "SerialNo": number, "PhoneNumber": to }], "RequestId": "R" } }))
            .into_response()
    };
    match kept.meets {
        Meets::Busy => return status("LimitExceeded.PhoneNumberThirtySecondLimit", String::new()),
        Meets::Refused => return status("FailedOperation.PhoneNumberInBlacklist", String::new()),
        Meets::Taken | Meets::Lost => {}
    }
    let number = format!("2028:f{}", kept.taken.len());
    kept.taken.push(Taken {
        to: to.clone(),
        template: body["TemplateId"].as_str().unwrap().to_owned(),
        parameters: body["TemplateParamSet"].clone(),
        key: body["SessionContext"].as_str().unwrap().to_owned(),
    });
    match kept.meets {
        Meets::Lost => (StatusCode::BAD_GATEWAY, "<html>").into_response(),
        _ => status("Ok", number),
    }
}

/// As much of SMTP as takes a mail.
async fn smtp(stub: Stub, stream: tokio::net::TcpStream) {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let (mut is_known, mut to, mut data, mut is_data) = (false, String::new(), String::new(), false);
    write.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
    let mut line = String::new();
    while read.read_line(&mut line).await.is_ok_and(|count| count > 0) {
        let meets = stub.0.lock().unwrap().meets;
        let text = line.trim_end().to_owned();
        line.clear();
        if is_data {
            if text != "." {
                data.push_str(&text);
                data.push('\n');
                continue;
            }
            is_data = false;
            stub.0.lock().unwrap().mails.push(format!("{to}\n{data}"));
            if meets == Meets::Lost {
                return;
            }
            write.write_all(b"250 2.0.0 queued\r\n").await.unwrap();
            continue;
        }
        let upper = text.to_uppercase();
        let answer: &[u8] = match upper.split([' ', ':']).next().unwrap() {
            "EHLO" => b"250-mail.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN\r\n",
            "AUTH" => {
                let given = text.rsplit(' ').next().unwrap();
                let given = base64::engine::general_purpose::STANDARD.decode(given).unwrap();
                is_known = given == format!("\0uptake\0{SECRET}").into_bytes();
                if is_known {
                    b"235 2.7.0 ok\r\n"
                } else {
                    b"535 5.7.8 no\r\n"
                }
            }
            "MAIL" if is_known => b"250 ok\r\n",
            "MAIL" => b"530 5.7.0 authenticate\r\n",
            "RCPT" if meets == Meets::Refused => b"550 5.1.1 nobody\r\n",
            "RCPT" if meets == Meets::Busy => b"451 4.3.2 later\r\n",
            "RCPT" => {
                to = text
                    .split_once('<')
                    .unwrap()
                    .1
                    .split('>')
                    .next()
                    .unwrap()
                    .to_owned();
                b"250 ok\r\n"
            }
            "DATA" => {
                (is_data, data) = (true, String::new());
                b"354 go on\r\n"
            }
            "NOOP" | "RSET" => b"250 ok\r\n",
            _ => b"221 bye\r\n",
        };
        write.write_all(answer).await.unwrap();
    }
}
