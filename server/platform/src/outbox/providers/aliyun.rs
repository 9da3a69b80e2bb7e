//! SMS by Alibaba Cloud: Dysmsapi 2017-05-25, `SendSms`, signed as ACS3-HMAC-SHA256
//! (help.aliyun.com: V3 request structure and signature; SendSms). It knows no keys under which a message is sent once.

use chrono::{DateTime, SecondsFormat};
use database::schema::Boxed;
use serde_json::Value;

use super::{Letter, Provider, Sms, http, word};
use crate::jobs::Failure;
use crate::secrets;

/// The version of the interface.
const VERSION: &str = "2017-05-25";

/// Sends by Alibaba Cloud.
#[derive(Debug)]
pub(super) struct Aliyun {
    account: Sms,
    host: String,
    http: reqwest::Client,
}

/// What is signed of a request without a body.
struct Signed<'a> {
    action: &'a str,
    version: &'a str,
    host: &'a str,
    query: &'a str,
    date: &'a str,
    nonce: &'a str,
}

impl Signed<'_> {
    fn headers(&self) -> [(&'static str, String); 6] {
        [
            ("host", self.host.to_owned()),
            ("x-acs-action", self.action.to_owned()),
            ("x-acs-content-sha256", http::hash(b"")),
            ("x-acs-date", self.date.to_owned()),
            ("x-acs-signature-nonce", self.nonce.to_owned()),
            ("x-acs-version", self.version.to_owned()),
        ]
    }

    fn authorization(&self, key_id: &str, secret: &str) -> String {
        let headers = self.headers();
        let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let asked = format!("POST\n/\n{}\n{lines}\n{names}\n{}", self.query, http::hash(b""));
        let text = format!("ACS3-HMAC-SHA256\n{}", http::hash(asked.as_bytes()));
        let signature = secrets::hex(&secrets::mac(secret.as_bytes(), text.as_bytes()));
        format!("ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={names},Signature={signature}")
    }
}

/// Names and values as RFC 3986 writes them, in the order of the names.
fn query(pairs: &[(&str, &str)]) -> String {
    let mut pairs = pairs.to_vec();
    pairs.sort_unstable();
    let quoted = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    char::from(byte).to_string()
                }
                byte => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", quoted(name), quoted(value)));
    pairs.collect::<Vec<_>>().join("&")
}

impl Aliyun {
    pub(super) fn new(account: Sms) -> anyhow::Result<Self> {
        Ok(Self {
            host: http::host(&account.url)?,
            http: http::client()?,
            account,
        })
    }

    async fn ask(&self, action: &str, pairs: &[(&str, &str)], now_ns: i64) -> Result<Value, Failure> {
        let now = DateTime::from_timestamp_nanos(now_ns);
        let (query, nonce) = (query(pairs), secrets::hex(&secrets::random::<16>()?));
        let signed = Signed {
            action,
            version: VERSION,
            host: &self.host,
            query: &query,
            date: &now.to_rfc3339_opts(SecondsFormat::Secs, true),
            nonce: &nonce,
        };
        let mut request = self.http.post(format!("{}/?{query}", self.account.url));
        for (name, value) in signed.headers() {
            request = request.header(name, value);
        }
        let authorization = signed.authorization(&self.account.key_id, &self.account.secret);
        http::ask(request.header("authorization", authorization)).await
    }
}

impl Provider for Aliyun {
    fn name(&self) -> &'static str {
        "aliyun"
    }

    fn takes(&self, template: &str) -> bool {
        self.account.templates.contains_key(template)
    }

    fn send<'a>(&'a self, letter: &'a Letter, _: &'a str, now_ns: i64) -> Boxed<'a, Result<String, Failure>> {
        Box::pin(async move {
            let template = self.account.templates.get(&letter.template);
            let template = template.ok_or_else(|| Failure::Never("not-connected".to_owned()))?;
            let parameters: serde_json::Map<String, Value> = template
                .parameters
                .iter()
                .map(|(ours, theirs)| (theirs.clone(), letter.arguments[ours.as_str()].clone()))
                .collect();
            // A foreign number is its country's code and itself, without a sign.
            let number = letter.to.trim_start_matches('+');
            let parameters = Value::Object(parameters).to_string();
            let pairs = [
                ("PhoneNumbers", number),
                ("SignName", &self.account.sign_name),
                ("TemplateCode", &template.code),
                ("TemplateParam", &parameters),
                ("OutId", &letter.key),
            ];
            let answer = self.ask("SendSms", &pairs, now_ns).await?;
            match answer["Code"].as_str() {
                Some("OK") => Ok(word_or_id(answer["BizId"].as_str())),
                Some(code) => Err(refused(code)),
                None => Err(Failure::NoAnswer("no answer".to_owned())),
            }
        })
    }
}

/// A number of the provider's.
fn word_or_id(text: Option<&str>) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || "^.-_".contains(*c);
    text.unwrap_or_default().chars().filter(plain).take(64).collect()
}

/// What a code of an error means for the message.
fn refused(code: &str) -> Failure {
    let later = [
        "Throttling",
        "SignatureNonceUsed",
        "InvalidTimeStamp",
        "isv.BUSINESS_LIMIT_CONTROL",
    ];
    let open = [
        "isp.SYSTEM_ERROR",
        "isp.GATEWAY_ERROR",
        "InternalError",
        "ServiceUnavailable",
    ];
    let begins = |words: &[&str]| words.iter().any(|word| code.starts_with(word));
    if begins(&later) {
        Failure::Later(word(code))
    } else if begins(&open) {
        Failure::NoAnswer(word(code))
    } else {
        Failure::Never(word(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of help.aliyun.com, "V3 request structure and signature".
    #[test]
    fn the_published_example_is_signed_as_published() {
        let query = query(&[
            ("RegionId", "cn-shanghai"),
            ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"),
        ]);
        let signed = Signed {
            action: "RunInstances",
            version: "2014-05-26",
            host: "ecs.cn-shanghai.aliyuncs.com",
            query: &query,
            date: "2023-10-26T10:22:32Z",
            nonce: "3156853299f313e23d1673dc12e1703d",
        };
        let authorization = signed.authorization("YourAccessKeyId", "YourAccessKeySecret");
        let signature = "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0";
        assert!(authorization.ends_with(signature), "{authorization}");
    }

    #[test]
    fn a_refusal_is_final_unless_it_says_otherwise() {
        assert_eq!(
            refused("isv.MOBILE_NUMBER_ILLEGAL"),
            Failure::Never("isv.MOBILE_NUMBER_ILLEGAL".to_owned())
        );
        assert_eq!(
            refused("Throttling.User"),
            Failure::Later("Throttling.User".to_owned())
        );
        assert_eq!(
            refused("isp.SYSTEM_ERROR"),
            Failure::NoAnswer("isp.SYSTEM_ERROR".to_owned())
        );
        // A provider that puts the number into its code.
        assert_eq!(refused("isv.13812345678"), Failure::Never("refused".to_owned()));
    }
}
