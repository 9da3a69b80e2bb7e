//! Who takes messages: a provider of SMS, a server of mail, the official account of WeChat, push services of browsers.

mod aliyun;
mod http;
mod mail;
mod tencent;
mod wechat;

use std::collections::BTreeMap;
use std::sync::Arc;

use database::schema::Boxed;
use serde_json::Value;

pub use mail::{Mail, Security};

use super::Channel;
use crate::jobs::Failure;
use crate::settings::Settings;
use crate::{push, sign_in};

/// A message as it is handed over.
#[derive(Debug, Clone)]
pub struct Letter {
    /// The mobile number, the address, the number of a WeChat or of a browser.
    pub to: String,
    /// The word of the template.
    pub template: String,
    /// What mail is about, and what stands over a notification.
    pub subject: String,
    /// What is said, in words.
    pub text: String,
    /// What stands in the template, by name.
    pub arguments: Value,
    /// Under which it is sent once, where the provider knows keys.
    pub key: String,
}

/// Takes messages of one channel.
pub trait Provider: std::fmt::Debug + Send + Sync {
    /// What it is called in the outbox.
    fn name(&self) -> &'static str;

    /// Whether it can say what a template says.
    fn takes(&self, template: &str) -> bool;

    /// Does what has to be done before a message can be handed over, such as getting a token; nothing is sent by that.
    fn ready(&self, _now_ns: i64) -> Boxed<'_, Result<String, Failure>> {
        Box::pin(async { Ok(String::new()) })
    }

    /// Hands a message over; gives the provider's number of it. `ready` is what [`Provider::ready`] gave.
    fn send<'a>(
        &'a self,
        letter: &'a Letter,
        ready: &'a str,
        now_ns: i64,
    ) -> Boxed<'a, Result<String, Failure>>;
}

/// Which provider of SMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Alibaba Cloud, Dysmsapi.
    Aliyun,
    /// Tencent Cloud, SMS.
    Tencent,
}

/// A site's account with a provider of SMS.
#[derive(Clone)]
pub struct Sms {
    /// Which.
    pub service: Service,
    /// The number of the key.
    pub key_id: String,
    /// The key.
    pub secret: String,
    /// The signature that messages carry, as it was approved.
    pub sign_name: String,
    /// The number of the application; Tencent's only.
    pub app_id: String,
    /// The region; Tencent's only.
    pub region: String,
    /// Where the interface is.
    pub url: String,
    /// The provider's templates, by our words.
    pub templates: BTreeMap<String, SmsTemplate>,
}

/// A template as a provider approved it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsTemplate {
    /// Its code with the provider.
    pub code: String,
    /// Our names of what stands in it with the provider's, in the provider's order.
    pub parameters: Vec<(String, String)>,
}

impl std::fmt::Debug for Sms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SMS by {:?} as {} at {}", self.service, self.key_id, self.url)
    }
}

/// The providers that are connected.
#[derive(Debug, Default)]
pub struct Providers {
    sms: Option<Box<dyn Provider>>,
    mail: Option<Box<dyn Provider>>,
    wechat: Option<Box<dyn Provider>>,
    push: Option<Box<dyn Provider>>,
}

impl Providers {
    /// Those that a site's settings name.
    ///
    /// # Errors
    ///
    /// Where a client cannot be made.
    pub(crate) fn new(
        settings: &Settings,
        wechat: Option<Arc<sign_in::wechat::Client>>,
        push: Option<push::Sender>,
    ) -> anyhow::Result<Self> {
        let sms = settings
            .sms
            .clone()
            .map(|account| -> anyhow::Result<Box<dyn Provider>> {
                Ok(match account.service {
                    Service::Aliyun => Box::new(aliyun::Aliyun::new(account)?),
                    Service::Tencent => Box::new(tencent::Tencent::new(account)?),
                })
            });
        let mail = settings
            .mail
            .clone()
            .map(|account| -> anyhow::Result<Box<dyn Provider>> {
                Ok(Box::new(mail::Server::new(account)?))
            });
        Ok(Self {
            sms: sms.transpose()?,
            mail: mail.transpose()?,
            wechat: wechat.map(|client| Box::new(wechat::Official::new(client)) as Box<dyn Provider>),
            push: push.map(|sender| Box::new(sender) as Box<dyn Provider>),
        })
    }

    /// The provider of a channel.
    #[must_use]
    pub fn of(&self, channel: Channel) -> Option<&dyn Provider> {
        match channel {
            Channel::Sms => self.sms.as_deref(),
            Channel::Mail => self.mail.as_deref(),
            Channel::WeChat => self.wechat.as_deref(),
            Channel::Push => self.push.as_deref(),
        }
    }
}

/// A word of a provider, as it may stand in the table and the log: nothing that could be of a person.
pub(super) fn word(text: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || ".-_".contains(*c);
    // Long digits could be a number of a person.
    let text: String = text.chars().filter(plain).take(64).collect();
    match text.bytes().filter(u8::is_ascii_digit).count() {
        0..=5 => text,
        _ => "refused".to_owned(),
    }
}
