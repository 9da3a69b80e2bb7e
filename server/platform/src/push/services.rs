//! Which addresses messages to browsers are posted to. A browser says where its push service is, and the server calls what it
//! says: so only services that are known are called, or that the site's settings name, over HTTPS, at public addresses.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Characters of an address at most; those of today have some two hundred.
pub(crate) const LONGEST: usize = 2048;
/// The services of the browsers that there are: of Chromium, Firefox, Safari, Edge.
const KNOWN: [&str; 5] = [
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
];

/// A push service that the settings name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// A host.
    Host(String),
    /// The hosts whose names end so.
    Below(String),
    /// A program of this machine: its origin.
    Here(String),
}

impl Service {
    /// Reads `push.example.cn`, `*.push.example.cn`, or `http://127.0.0.1:8090` for a program of this machine.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        if let Some(name) = text.strip_prefix("*.") {
            return is_name(name).then(|| Self::Below(name.to_owned()));
        }
        if is_name(text) {
            return Some(Self::Host(text.to_owned()));
        }
        let url = Url::parse(text).ok()?;
        let is_here = match url.host()? {
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
            Host::Domain(_) => false,
        };
        let origin = url.origin().ascii_serialization();
        let is_plain = url.scheme() == "http" && text.trim_end_matches('/') == origin;
        (is_here && is_plain).then_some(Self::Here(origin))
    }

    fn has(&self, host: &str) -> bool {
        match self {
            Self::Host(name) => name == host,
            Self::Below(name) => is_below(name, host),
            Self::Here(_) => false,
        }
    }
}

/// Whether a text is the name of a host, as addresses write it, of more than one part.
fn is_name(text: &str) -> bool {
    let parsed = Host::parse(text);
    matches!(parsed, Ok(Host::Domain(name)) if name == text && name.contains('.') && !name.ends_with('.'))
}

fn is_below(name: &str, host: &str) -> bool {
    let front = host.strip_suffix(name).and_then(|front| front.strip_suffix('.'));
    front.is_some_and(|front| !front.is_empty())
}

fn is_known(host: &str) -> bool {
    KNOWN.iter().any(|known| match known.strip_prefix("*.") {
        Some(name) => is_below(name, host),
        None => *known == host,
    })
}

/// The address that a browser gives, where it is one that is posted to.
pub(crate) fn admitted(text: &str, named: &[Service]) -> Option<Url> {
    if text.len() > LONGEST {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let has_more = !url.username().is_empty() || url.password().is_some() || url.fragment().is_some();
    if has_more {
        return None;
    }
    let origin = url.origin().ascii_serialization();
    if named.contains(&Service::Here(origin)) {
        return Some(url);
    }
    let Some(Host::Domain(host)) = url.host() else {
        return None;
    };
    let is_service = is_known(host) || named.iter().any(|service| service.has(host));
    // The port of HTTPS is not written.
    (url.scheme() == "https" && url.port().is_none() && is_service).then_some(url)
}

/// Looks names up and gives public addresses only: a name that leads into the hospital's network leads nowhere.
#[derive(Debug)]
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|address| is_public(address.ip())).collect();
            if public.is_empty() {
                return Err("expected a public address, found none".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is of the internet (IANA's special-purpose registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            let is_special = match (a, b, c) {
                (0 | 127 | 224..=255, ..) => true,
                // Shared by carriers (RFC 6598), of protocols (RFC 6890), for measuring (RFC 2544).
                (100, 64..=127, _) | (192, 0, 0) | (198, 18 | 19, _) => true,
                _ => address.is_private() || address.is_link_local() || address.is_documentation(),
            };
            !is_special
        }
        IpAddr::V6(address) => is_global(address),
    }
}

fn is_global(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // What is given out is 2000::/3. Of it: ways to speak IPv4 (Teredo, 6to4), and examples.
    let is_special = matches!(
        (first, second),
        (0x2001, 0..=0x1FF) | (0x2001, 0xDB8) | (0x2002, _) | (0x3FFF, 0..=0xFFF)
    );
    first & 0xE000 == 0x2000 && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named() -> Vec<Service> {
        let texts = ["push.example.cn", "*.push.example.org", "http://127.0.0.1:8090"];
        texts
            .iter()
            .map(|text| Service::from_text(text).unwrap())
            .collect()
    }

    #[test]
    fn known_services_and_those_of_the_settings_are_posted_to() {
        for text in [
            "https://fcm.googleapis.com/fcm/send/abc:APA91b-_",
            "https://fcm.googleapis.com:443/fcm/send/abc",
            "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
            "https://autopush.push.services.mozilla.com/wpush/v1/a",
            "https://web.push.apple.com/QGa",
            "https://wns2-by3p.notify.windows.com/w/?token=BQYA%2f",
            "https://push.example.cn/a",
            "https://a.b.push.example.org/a?b=c",
            "http://127.0.0.1:8090/send/1",
        ] {
            assert!(admitted(text, &named()).is_some(), "{text}");
        }
    }

    #[test]
    fn nothing_else_is_posted_to() {
        for text in [
            "",
            "push",
            "http://fcm.googleapis.com/fcm/send/abc",
            "ftp://fcm.googleapis.com/fcm/send/abc",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "https://fcm.googleapis.com:8443/fcm/send/abc",
            "https://fcm.googleapis.com./fcm/send/abc",
            "https://fcm.googleapis.com.evil.example/fcm/send/abc",
            "https://evil-fcm.googleapis.com/fcm/send/abc",
            "https://evil.example/?fcm.googleapis.com",
            "https://evil.example#fcm.googleapis.com",
            "https://fcm.googleapis.com@evil.example/",
            "https://me@fcm.googleapis.com/fcm/send/abc",
            "https://me:secret@fcm.googleapis.com/fcm/send/abc",
            "https://fcm.googleapis.com/fcm/send/abc#x",
            "https://push.apple.com/QGa",
            "https://.push.apple.com/QGa",
            "https://evilpush.apple.com/QGa",
            "https://notify.windows.com/w/",
            "https://push.example.org/a",
            "https://xpush.example.cn/a",
            "https://localhost/a",
            "https://127.0.0.1/a",
            "https://127.0.0.1:8090/send/1",
            "http://127.0.0.1/send/1",
            "http://127.0.0.1:8091/send/1",
            "http://localhost:8090/send/1",
            "https://10.0.0.8/a",
            "https://[::1]/a",
            "https://[::ffff:10.0.0.8]/a",
            "https://169.254.169.254/latest/meta-data",
            "https://2130706433/a",
            "https://0x7f.1/a",
            "https://uptake/platform/jobs",
            "\\\\evil.example\\a",
        ] {
            assert_eq!(admitted(text, &named()), None, "{text}");
        }
        let long = format!("https://fcm.googleapis.com/{}", "a".repeat(LONGEST));
        assert_eq!(admitted(&long, &[]), None);
        assert_eq!(admitted("http://127.0.0.1:8090/send/1", &[]), None);
    }

    #[test]
    fn settings_name_hosts_and_programs_of_this_machine() {
        for (text, expected) in [
            (
                "push.example.cn",
                Some(Service::Host("push.example.cn".to_owned())),
            ),
            ("*.example.cn", Some(Service::Below("example.cn".to_owned()))),
            (
                "http://127.0.0.1:8090",
                Some(Service::Here("http://127.0.0.1:8090".to_owned())),
            ),
            (
                "http://[::1]:8090/",
                Some(Service::Here("http://[::1]:8090".to_owned())),
            ),
            ("", None),
            ("push", None),
            ("*", None),
            ("*.", None),
            ("*.cn", None),
            ("push.example.cn.", None),
            ("Push.example.cn", None),
            ("push.example.cn/a", None),
            ("push.example.cn:443", None),
            ("10.0.0.8", None),
            ("[::1]", None),
            ("https://push.example.cn", None),
            ("http://push.example.cn", None),
            ("http://10.0.0.8:80", None),
            ("http://me@127.0.0.1:8090", None),
            ("http://127.0.0.1:8090/a", None),
        ] {
            assert_eq!(Service::from_text(text), expected, "{text}");
        }
    }

    #[test]
    fn addresses_of_no_internet_are_not_called() {
        for (text, expected) in [
            ("142.250.72.106", true),
            ("223.5.5.5", true),
            ("100.63.0.1", true),
            ("100.128.0.1", true),
            ("2607:f8b0:4005:811::200a", true),
            ("2400:3200::1", true),
            ("::ffff:223.5.5.5", true),
            ("0.0.0.0", false),
            ("127.0.0.1", false),
            ("10.0.0.8", false),
            ("172.16.0.1", false),
            ("172.31.255.255", false),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("192.0.0.8", false),
            ("192.0.2.1", false),
            ("198.18.0.1", false),
            ("203.0.113.1", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::", false),
            ("::1", false),
            ("::ffff:10.0.0.8", false),
            ("64:ff9b::a00:8", false),
            ("fe80::1", false),
            ("fc00::1", false),
            ("ff02::1", false),
            ("2001:db8::1", false),
            ("2001::1", false),
            ("2002:a00:8::1", false),
        ] {
            assert_eq!(is_public(text.parse().unwrap()), expected, "{text}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_leads_nowhere() {
        let found = PublicOnly.resolve("localhost".parse().unwrap()).await;
        assert!(found.is_err());
    }
}
