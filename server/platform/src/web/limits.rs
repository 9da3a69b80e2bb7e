//! How often whoever is not signed in may ask: pages for strangers make rows (captchas, codes of phones) and hash passwords.
//!
//! A bucket for each address (each /64 of IPv6), filled evenly (GCRA, by `governor`). A hospital behind one address signs in
//! as a whole within it. Who is signed in, or shows a token, is not counted here.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use axum::http::header;
use axum::http::request::Parts;
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::Error;
use crate::clock::Clock;

/// Requests of one address at once.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(600).expect("not zero");
/// Requests of one address a minute, for long.
const A_MINUTE: NonZeroU32 = NonZeroU32::new(300).expect("not zero");

/// The site's time as `governor` asks for it.
#[derive(Debug, Clone)]
struct Time(Clock);

impl governor::clock::Clock for Time {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        u64::try_from(self.0.now_ns()).unwrap_or(0).into()
    }
}

/// The buckets.
#[derive(Debug)]
pub(crate) struct Limits {
    strangers: RateLimiter<IpAddr, DefaultKeyedStateStore<IpAddr>, Time, NoOpMiddleware<Nanos>>,
    time: Time,
}

impl Limits {
    /// Full buckets.
    pub(crate) fn new(clock: &Clock) -> Self {
        let (quota, time) = (
            Quota::per_minute(A_MINUTE).allow_burst(AT_ONCE),
            Time(clock.clone()),
        );
        Self {
            strangers: RateLimiter::new(quota, DefaultKeyedStateStore::default(), time.clone()),
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
        if costs_nothing || request.headers.contains_key(header::AUTHORIZATION) {
            return Ok(());
        }
        self.strangers.check_key(&network(address)).map_err(|refused| {
            let wait = refused.wait_time_from(self.time.now());
            Error::TooMany(wait.as_secs() + 1)
        })
    }

    /// Forgets buckets that are full again.
    pub(crate) fn tidy(&self) {
        self.strangers.retain_recent();
        self.strangers.shrink_to_fit();
    }
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
    use crate::clock::MINUTE_NS;
    use crate::permissions::{Kind, Permission};
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
}
