//! Settings of people and pages, and of the ways to send them messages.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// People and pages.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Site {
    /// Where browsers reach the site, as `https://uptake.example`; what a proxy in front of it is called by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// The offset of the site's time from UTC, as `+08:00`.
    pub time_zone: String,
    /// The hospital's networks: sign-in from elsewhere takes a second factor. Private ones when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inside: Option<Vec<String>>,
    /// Proxies that are believed when they say where a request comes from (X-Forwarded-For).
    pub proxies: Vec<String>,
    /// Whether doctors may register by themselves; a reviewer approves.
    pub registration: bool,
    /// Requests a minute of one address from whoever is not signed in, and twice as many at once: more where a whole hospital
    /// comes from one address.
    pub stranger_requests: NonZeroU32,
    /// Folder of the site's keys [default: `keys` in the data folder]. What is encrypted cannot be read without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<PathBuf>,
    /// File of the journal's signed ends [default: `journal-heads.jsonl` in the data folder]. It belongs where the database's
    /// administrator cannot write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal_heads: Option<PathBuf>,
    /// Days that entries of the journal are kept at least; 180 or more. Older ones are removed when two audit administrators
    /// want it.
    pub journal_days: u32,
    /// Folder that entries are written into before they are removed [default: `journal-removed` in the data folder].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal_removed: Option<PathBuf>,
    /// The site's official account of WeChat; without, pages say that none is connected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wechat: Option<WeChat>,
    /// The site's account with a provider of SMS; without, messages stay in the outbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms: Option<Sms>,
    /// The site's account with a server of mail; without, messages stay in the outbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<Mail>,
    /// The hospital's audit repository, which the journal is sent to as DICOM audit messages; without, it is sent to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_repository: Option<AuditRepository>,
    /// Notifications in browsers that have no page open.
    pub push: Push,
}

/// An audit repository that takes syslog (RFC 5424) over TLS (RFC 5425) or TCP (RFC 6587).
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AuditRepository {
    /// The machine.
    pub host: String,
    /// Its port [default: 6514 for `tls`, 601 for `none`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How the connection is kept secret: `tls`, or `none` inside the hospital.
    #[serde(default)]
    pub security: AuditSecurity,
    /// File of the certificates that sign the repository's, PEM; `tls` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<PathBuf>,
    /// File of the certificate that we show, those that sign it behind it, PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<PathBuf>,
    /// File of its private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
}

/// How a connection to an audit repository is kept secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditSecurity {
    /// From its first byte.
    #[default]
    Tls,
    /// Not at all.
    None,
}

/// Notifications in browsers that have no page open (Web Push): posted to the push service of each browser.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Push {
    /// Whether there are any; without, open pages alone are told.
    pub enabled: bool,
    /// Push services beside those of Chromium, Edge, Firefox and Safari: `push.example.cn`, `*.push.example.cn`, or
    /// `http://127.0.0.1:8090` for a program of this machine.
    pub services: Vec<String>,
    /// Whom a push service can ask: `mailto:it@hospital.example`, or an address over HTTPS [default: `public_url`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The proxy by which push services are reached: `http://proxy.hospital.example:3128`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
}

impl Default for Push {
    fn default() -> Self {
        Self {
            enabled: true,
            services: Vec::new(),
            contact: None,
            proxy: None,
        }
    }
}

/// An official account of WeChat: people sign in by scanning, and are sent messages.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WeChat {
    /// Its number (AppID).
    pub app_id: String,
    /// File of its secret (AppSecret).
    pub secret_file: PathBuf,
    /// Template of messages, with the field of it that holds the words after a colon: `TEMPLATE_ID:thing1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Where pages of WeChat are.
    #[serde(default = "wechat_pages")]
    pub pages_url: String,
    /// Where its interface is.
    #[serde(default = "wechat_api")]
    pub api_url: String,
}

fn wechat_pages() -> String {
    "https://open.weixin.qq.com".to_owned()
}

fn wechat_api() -> String {
    "https://api.weixin.qq.com".to_owned()
}

/// An account with a provider of SMS.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sms {
    /// Who sends: `aliyun` or `tencent`.
    pub provider: SmsService,
    /// The number of the key (AccessKey ID, SecretId).
    pub key_id: String,
    /// File of the key (AccessKey Secret, SecretKey).
    pub secret_file: PathBuf,
    /// The signature that messages carry, as it was approved, without brackets.
    pub sign_name: String,
    /// The number of the application (SmsSdkAppId); Tencent Cloud asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_id: Option<String>,
    /// The region; Tencent Cloud asks for it [default: ap-guangzhou].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Where its interface is [default: the provider's].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_url: Option<String>,
    /// The provider's templates, by what they say: `code`, `invited`, … What has none stays in the outbox.
    #[serde(default)]
    pub templates: BTreeMap<String, SmsTemplate>,
}

/// Who sends SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SmsService {
    /// Alibaba Cloud.
    Aliyun,
    /// Tencent Cloud.
    Tencent,
}

/// A template as the provider approved it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SmsTemplate {
    /// Its code with the provider: `SMS_15305`, or a number.
    pub code: String,
    /// What stands in it, in the provider's order; `code:verify` where the provider has another name for it.
    #[serde(default)]
    pub parameters: Vec<String>,
}

/// An account with a server of mail.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The server.
    pub host: String,
    /// Its port [default: 465 for `tls`, 587 for `starttls`, 25 for `none`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How the connection is kept secret: `tls`, `starttls`, or `none` for a relay on this machine.
    #[serde(default)]
    pub security: MailSecurity,
    /// The account's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// File of the account's password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// The address that messages come from.
    pub from: String,
}

/// How a connection to a server of mail is kept secret.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// From its first byte.
    #[default]
    Tls,
    /// After asking for it; without it nothing is sent.
    StartTls,
    /// Not at all.
    None,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            public_url: None,
            time_zone: "+08:00".to_owned(),
            inside: None,
            proxies: Vec::new(),
            registration: true,
            stranger_requests: platform::settings::STRANGER_REQUESTS,
            keys: None,
            journal_heads: None,
            journal_days: 180,
            journal_removed: None,
            wechat: None,
            sms: None,
            mail: None,
            audit_repository: None,
            push: Push::default(),
        }
    }
}
