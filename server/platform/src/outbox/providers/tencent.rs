//! SMS by Tencent Cloud: SMS 2021-01-11, `SendSms`, signed as TC3-HMAC-SHA256
//! (cloud.tencent.com: signature v3; SendSms). It knows no keys under which a message is sent once.

use chrono::DateTime;
use database::schema::Boxed;
use serde_json::{Value, json};

use super::{Letter, Provider, Sms, http, word};
use crate::clock::SECOND_NS;
use crate::jobs::Failure;
use crate::secrets;

const VERSION: &str = "2021-01-11";
const CONTENT: &str = "application/json; charset=utf-8";

/// Sends by Tencent Cloud.
#[derive(Debug)]
pub(super) struct Tencent {
    account: Sms,
    host: String,
    http: reqwest::Client,
}

/// What is signed of a request.
struct Signed<'a> {
    service: &'a str,
    host: &'a str,
    action: &'a str,
    body: &'a str,
    at_s: i64,
}

impl Signed<'_> {
    fn authorization(&self, key_id: &str, secret: &str) -> String {
        let names = "content-type;host;x-tc-action";
        let action = self.action.to_lowercase();
        let headers = format!(
            "content-type:{CONTENT}\nhost:{}\nx-tc-action:{action}\n",
            self.host
        );
        let asked = format!(
            "POST\n/\n\n{headers}\n{names}\n{}",
            http::hash(self.body.as_bytes())
        );
        let day = DateTime::from_timestamp_nanos(self.at_s * SECOND_NS)
            .format("%Y-%m-%d")
            .to_string();
        let scope = format!("{day}/{}/tc3_request", self.service);
        let hashed = http::hash(asked.as_bytes());
        let text = format!("TC3-HMAC-SHA256\n{}\n{scope}\n{hashed}", self.at_s);
        let key = format!("TC3{secret}").into_bytes();
        let parts = [day.as_str(), self.service, "tc3_request", &text];
        let signature = parts
            .iter()
            .fold(key, |key, part| secrets::mac(&key, part.as_bytes()));
        let signature = secrets::hex(&signature);
        format!("TC3-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}")
    }
}

impl Tencent {
    pub(super) fn new(account: Sms) -> anyhow::Result<Self> {
        Ok(Self {
            host: http::host(&account.url)?,
            http: http::client()?,
            account,
        })
    }
}

impl Provider for Tencent {
    fn name(&self) -> &'static str {
        "tencent"
    }

    fn takes(&self, template: &str) -> bool {
        self.account.templates.contains_key(template)
    }

    fn send<'a>(&'a self, letter: &'a Letter, _: &'a str, now_ns: i64) -> Boxed<'a, Result<String, Failure>> {
        Box::pin(async move {
            let template = self.account.templates.get(&letter.template);
            let template = template.ok_or_else(|| Failure::Never("not-connected".to_owned()))?;
            let parameters: Vec<&Value> = template
                .parameters
                .iter()
                .map(|(ours, _)| &letter.arguments[ours.as_str()])
                .collect();
            let number = match letter.to.starts_with('+') {
                true => letter.to.clone(),
                false => format!("+86{}", letter.to),
            };
            let body = json!({
                "PhoneNumberSet": [number], "SmsSdkAppId": self.account.app_id, "SignName": self.account.sign_name,
                "TemplateId": template.code, "TemplateParamSet": parameters, "SessionContext": letter.key,
            })
            .to_string();
            let at_s = now_ns / SECOND_NS;
            let signed = Signed {
                service: "sms",
                host: &self.host,
                action: "SendSms",
                body: &body,
                at_s,
            };
            let authorization = signed.authorization(&self.account.key_id, &self.account.secret);
            let request = self.http.post(format!("{}/", self.account.url));
            let request = request
                .header("host", &self.host)
                .header("content-type", CONTENT)
                .header("x-tc-action", "SendSms")
                .header("x-tc-version", VERSION)
                .header("x-tc-timestamp", at_s.to_string())
                .header("x-tc-region", &self.account.region)
                .header("authorization", authorization)
                .body(body);
            read(&http::ask(request).await?["Response"])
        })
    }
}

fn read(answer: &Value) -> Result<String, Failure> {
    if let Some(code) = answer["Error"]["Code"].as_str() {
        return Err(refused(code));
    }
    let status = &answer["SendStatusSet"][0];
    match status["Code"].as_str() {
        Some("Ok") => {
            let number = status["SerialNo"].as_str().unwrap_or_default();
            let plain = |c: &char| c.is_ascii_alphanumeric() || ":.-_".contains(*c);
            Ok(number.chars().filter(plain).take(64).collect())
        }
        Some(code) => Err(refused(code)),
        None => Err(Failure::NoAnswer("no answer".to_owned())),
    }
}

/// What a code of an error means for the message.
fn refused(code: &str) -> Failure {
    let later = [
        "RequestLimitExceeded",
        "LimitExceeded",
        "AuthFailure.SignatureExpire",
        "ResourceUnavailable",
    ];
    let begins = |words: &[&str]| words.iter().any(|word| code.starts_with(word));
    if begins(&later) {
        Failure::Later(word(code))
    } else if begins(&["InternalError"]) {
        Failure::NoAnswer(word(code))
    } else {
        Failure::Never(word(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of cloud.tencent.com, "signature v3", with the keys as they are printed there.
    #[test]
    fn the_published_example_is_signed_as_published() {
        let signed = Signed {
            service: "cvm",
            host: "cvm.tencentcloudapi.com",
            action: "DescribeInstances",
            body: r#"{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}"#,
            at_s: 1_551_113_065,
        };
        let authorization = signed.authorization(
            "AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******",
            "Gu5t9xGARNpq86cd98joQYCN3*******",
        );
        let signature = "be4f67d323c78ab9acb7395e43c0dbcf822a9cfac32fea2449a7bc7726b770a3";
        assert!(authorization.ends_with(signature), "{authorization}");
    }

    #[test]
    fn an_answer_is_read_by_its_codes() {
        let sent = json!({ "SendStatusSet": [{ "Code": "Ok", "SerialNo": "2028:f825" }] });
        assert_eq!(read(&sent), Ok("2028:f825".to_owned()));
        let limited = json!({ "SendStatusSet": [{ "Code": "LimitExceeded.PhoneNumberDailyLimit" }] });
        assert!(matches!(read(&limited), Err(Failure::Later(_))));
        let wrong =
            json!({ "Error": { "Code": "AuthFailure.SignatureFailure", "Message": "of 13812345678" } });
        assert_eq!(
            read(&wrong),
            Err(Failure::Never("AuthFailure.SignatureFailure".to_owned()))
        );
        assert!(matches!(read(&json!({})), Err(Failure::NoAnswer(_))));
    }
}
