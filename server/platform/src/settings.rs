//! How the platform is set up at a site.

use std::net::IpAddr;
use std::num::NonZeroU32;

use dimse::server::Network;

use crate::clock::Zone;
use crate::outbox::providers::{Mail, Sms};
use crate::push::Service;
use crate::trail::repository::Repository;

/// Requests a minute of somebody who is not signed in, where a site says nothing.
pub const STRANGER_REQUESTS: NonZeroU32 = NonZeroU32::new(300).expect("not zero");

/// The site's choices.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where people reach it, as `https://uptake.example`; without, as their browsers say.
    pub public_url: Option<String>,
    /// Whether browsers reach it over HTTPS.
    pub is_secure: bool,
    /// The time zone of pages, reports and working hours.
    pub zone: Zone,
    /// The hospital's networks: from elsewhere a second factor is asked for.
    pub inside: Vec<Network>,
    /// Proxies that are believed when they say where a request comes from.
    pub proxies: Vec<Network>,
    /// Whether doctors may register by themselves (with a reviewer's approval).
    pub has_registration: bool,
    /// Requests a minute that somebody who is not signed in may send from one address, for long; at once twice as many.
    pub stranger_requests: NonZeroU32,
    /// The site's official account of WeChat; without, pages say that none is connected.
    pub wechat: Option<WeChat>,
    /// The site's account with a provider of SMS; without, messages stay in the outbox.
    pub sms: Option<Sms>,
    /// The site's account with a server of mail; without, messages stay in the outbox.
    pub mail: Option<Mail>,
    /// Days that entries of the journal are kept at least: [`LEAST_JOURNAL_DAYS`] or more.
    pub journal_days: i64,
    /// The hospital's audit repository, which the journal is sent to; without, it is sent to none.
    pub audit_repository: Option<Repository>,
    /// Notifications in browsers that have no page open; without, open pages alone are told.
    pub push: Option<Push>,
}

/// How browsers that have no page open are reached.
#[derive(Debug, Clone, Default)]
pub struct Push {
    /// Push services beside those of the browsers that are known.
    pub services: Vec<Service>,
    /// Whom a push service can ask, as `mailto:` or an address over HTTPS; without, the site's own address.
    pub contact: Option<String>,
    /// The proxy by which push services are reached.
    pub proxy: Option<String>,
}

/// Days that the law wants a journal to be kept at least (Cybersecurity Law of China, article 21: six months).
pub const LEAST_JOURNAL_DAYS: i64 = 180;

/// An official account of WeChat.
#[derive(Clone)]
pub struct WeChat {
    /// Its number.
    pub app_id: String,
    /// Its secret.
    pub secret: String,
    /// Where pages of WeChat are: `https://open.weixin.qq.com`.
    pub pages_url: String,
    /// Where its interface is: `https://api.weixin.qq.com`.
    pub api_url: String,
    /// The template of messages, and the field of it that holds the words.
    pub template: Option<(String, String)>,
}

impl std::fmt::Debug for WeChat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WeChat {} at {}", self.app_id, self.api_url)
    }
}

impl Default for Settings {
    fn default() -> Self {
        let private = [
            "127.0.0.0/8",
            "::1/128",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "fc00::/7",
        ];
        Self {
            public_url: None,
            is_secure: false,
            zone: Zone::default(),
            inside: private.iter().filter_map(|text| text.parse().ok()).collect(),
            proxies: Vec::new(),
            has_registration: true,
            stranger_requests: STRANGER_REQUESTS,
            wechat: None,
            sms: None,
            mail: None,
            journal_days: LEAST_JOURNAL_DAYS,
            audit_repository: None,
            push: Some(Push::default()),
        }
    }
}

impl Settings {
    /// Whether an address is of the hospital's networks.
    #[must_use]
    pub fn is_inside(&self, address: IpAddr) -> bool {
        is_within(&self.inside, address)
    }

    /// Whether an address is of a proxy that is believed.
    #[must_use]
    pub fn is_proxy(&self, address: IpAddr) -> bool {
        is_within(&self.proxies, address)
    }
}

fn is_within(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(address))
}
