//! How often whoever is not signed in may ask: pages for strangers make rows (captchas, codes of phones) and hash passwords;
//! and how often a program may ask for tokens.
//!
//! A bucket for each address (each /64 of IPv6), filled evenly (GCRA, by `governor`). A hospital behind one address signs in
//! as a whole within it. Who is signed in is not counted here, nor who shows something to an interface that takes it.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use axum::http::header;
use axum::http::request::Parts;
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::clock::Clock;
use crate::{Error, clients};

/// Requests of one program from one address, at once and a minute for long: a viewer's token for each study that a big
/// hospital opens.
const OF_PROGRAM: NonZeroU32 = NonZeroU32::new(600).expect("not zero");

/// Beginnings of addresses whose handlers look at what an Authorization header shows.
const TAKES_TOKENS: [&str; 9] = [
    "/dicom-web/",
    "/wado",
    "/archive/",
    "/viewer/",
    "/worklist",
    "/upload",
    "/gateway/",
    "/metrics",
    "/oauth/",
];

/// The site's time as `governor` asks for it.
#[derive(Debug, Clone)]
struct Time(Clock);

impl governor::clock::Clock for Time {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        u64::try_from(self.0.now_ns()).unwrap_or(0).into()
    }
}

/// Buckets of many.
type Buckets<K> = RateLimiter<K, DefaultKeyedStateStore<K>, Time, NoOpMiddleware<Nanos>>;

/// The buckets.
#[derive(Debug)]
pub(crate) struct Limits {
    strangers: Buckets<IpAddr>,
    programs: Buckets<(Option<i64>, IpAddr)>,
    time: Time,
}

impl Limits {
    /// Full buckets, with so many requests a minute for strangers of one address.
    pub(crate) fn new(clock: &Clock, strangers: NonZeroU32) -> Self {
        let time = Time(clock.clone());
        let at_once = strangers.saturating_mul(NonZeroU32::new(2).expect("not zero"));
        Self {
            strangers: buckets(Quota::per_minute(strangers).allow_burst(at_once), &time),
            programs: buckets(Quota::per_minute(OF_PROGRAM), &time),
            time,
        }
    }

    /// Counts a request of somebody who is not signed in.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`].
    pub(super) fn stranger(&self, request: &Parts, address: IpAddr) -> Result<(), Error> {
        let path = request.uri.path();
        let costs_nothing = path.starts_with("/static/") || path.starts_with("/health/");
        let takes_tokens = TAKES_TOKENS.iter().any(|beginning| path.starts_with(beginning));
        let shows_token = takes_tokens && request.headers.contains_key(header::AUTHORIZATION);
        // Programs are counted by themselves.
        if costs_nothing || shows_token || clients::is_for_programs(path) {
            return Ok(());
        }
        self.count(&self.strangers, &network(address))
    }

    /// Counts a request of a program by its number, or of what is none, before what it shows is looked at.
    ///
    /// # Errors
    ///
    /// [`Error::TooMany`].
    pub(crate) fn program(&self, client: Option<i64>, address: IpAddr) -> Result<(), Error> {
        self.count(&self.programs, &(client, network(address)))
    }

    fn count<K: Hash + Eq + Clone>(&self, buckets: &Buckets<K>, key: &K) -> Result<(), Error> {
        buckets.check_key(key).map_err(|refused| {
            let wait = refused.wait_time_from(self.time.now());
            Error::TooMany(wait.as_secs() + 1)
        })
    }

    /// Forgets buckets that are full again.
    pub(crate) fn tidy(&self) {
        self.strangers.retain_recent();
        self.strangers.shrink_to_fit();
        self.programs.retain_recent();
        self.programs.shrink_to_fit();
    }
}

fn buckets<K: Hash + Eq + Clone>(quota: Quota, time: &Time) -> Buckets<K> {
    RateLimiter::new(quota, DefaultKeyedStateStore::default(), time.clone())
}

/// Whom an address belongs to: of IPv6 everybody has a /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use axum::http::Method;

    use crate::clock::MINUTE_NS;
    use crate::permissions::{Kind, Permission};
    use crate::settings::Settings;
    use crate::test_site::Site;

    #[tokio::test]
    async fn strangers_of_one_address_wait_and_nobody_else() {
        let site = Site::new().await;
        let hospital = site.organisation(Kind::Hospital, "人民医院").await;
        let member = site.member(hospital, &[Permission::Members]).await;
        let stranger = site.browser_at("198.51.100.7");
        for _ in 0..600 {
            stranger.get("/sign-in").await.is(200);
        }
        let page = stranger.get("/sign-in").await;
        page.is(429);
        assert!(page.headers.contains_key("retry-after"), "{}", page.text);
        stranger
            .post("/sign-in", &[("mobile", "13800000000")])
            .await
            .is(429);
        site.browser_at("198.51.100.8").get("/sign-in").await.is(200);
        member.get("/members").await.is(200);
        // Of IPv6 a network counts as one.
        for number in 0..600 {
            site.browser_at(&format!("2001:db8::{number:x}"))
                .get("/sign-in")
                .await
                .is(200);
        }
        site.browser_at("2001:db8::ffff").get("/sign-in").await.is(429);
        site.browser_at("2001:db8:0:1::1").get("/sign-in").await.is(200);
        // A minute later it is less than full again.
        site.pass(MINUTE_NS);
        stranger.get("/sign-in").await.is(200);
        site.platform.limits().tidy();
        stranger.get("/sign-in").await.is(200);
    }

    #[tokio::test]
    async fn what_looks_like_a_token_buys_no_page() {
        let site = Site::new().await;
        let stranger = site.browser_at("198.51.100.7");
        let shown = [("authorization", "Bearer x"), ("accept", "text/html")];
        for _ in 0..600 {
            stranger.send(Method::GET, "/sign-in", None, &shown).await.is(200);
        }
        stranger.send(Method::GET, "/sign-in", None, &shown).await.is(429);
        // Where a token is looked at, it is a token that does not hold.
        stranger
            .send(Method::GET, "/dicom-web/studies", None, &shown)
            .await
            .is(401);
    }

    #[tokio::test]
    async fn a_site_says_how_many() {
        let few = Settings {
            stranger_requests: NonZeroU32::MIN,
            ..Settings::default()
        };
        let site = Site::with(few).await;
        let stranger = site.browser();
        stranger.get("/sign-in").await.is(200);
        stranger.get("/sign-in").await.is(200);
        stranger.get("/sign-in").await.is(429);
        site.pass(MINUTE_NS);
        stranger.get("/sign-in").await.is(200);
    }
}
