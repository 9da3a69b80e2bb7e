//! Requests at a fixed rate, and how soon they were answered.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::task::JoinSet;

use super::mix::{Role, WORDS};
use super::store::Session;

/// Answers are waited for so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// Numbers that look random and are the same for the same seed (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below
    }

    /// One of several, each as often as its share of a hundred.
    fn choose<T: Copy>(&mut self, shares: impl Iterator<Item = (u64, T)>) -> Option<T> {
        let drawn = self.next(100);
        let mut sum = 0;
        for (share, one) in shares {
            sum += share;
            if drawn < sum {
                return Some(one);
            }
        }
        None
    }
}

/// How soon requests were answered, in milliseconds from when they were due.
#[derive(Default)]
pub struct Times {
    by_role: BTreeMap<Role, Vec<f64>>,
    /// Requests that were not answered with 200, by page and answer.
    pub failed: BTreeMap<String, usize>,
}

/// Of many times the ones that matter.
pub struct Summary {
    pub count: usize,
    pub p95_ms: f64,
    p50_ms: f64,
    p99_ms: f64,
    most_ms: f64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:7} pages  p50 {:6.1}  p95 {:6.1}  p99 {:6.1}  most {:7.1} ms",
            self.count, self.p50_ms, self.p95_ms, self.p99_ms, self.most_ms
        )
    }
}

fn summary(mut times: Vec<f64>) -> Summary {
    times.sort_by(f64::total_cmp);
    let at = |part: f64| {
        let place = (part * times.len() as f64).ceil() as usize;
        times.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN)
    };
    Summary {
        count: times.len(),
        p50_ms: at(0.5),
        p95_ms: at(0.95),
        p99_ms: at(0.99),
        most_ms: at(1.0),
    }
}

impl Times {
    pub fn all(&self) -> Summary {
        summary(self.by_role.values().flatten().copied().collect())
    }

    pub fn by_role(&self) -> impl Iterator<Item = (&'static str, Summary)> {
        self.by_role
            .iter()
            .map(|(role, times)| (role.word(), summary(times.clone())))
    }
}

/// Asks `rate` times a second, for some seconds.
pub async fn run(
    address: &str,
    sessions: &[Session],
    seed: u64,
    rate: f64,
    seconds: f64,
) -> anyhow::Result<Times> {
    let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
    let mut random = Random(seed);
    let begun = Instant::now();
    let mut asked = JoinSet::new();
    for number in 0..(rate * seconds) as u64 {
        let due = begun + Duration::from_secs_f64(number as f64 / rate);
        tokio::time::sleep_until(due.into()).await;
        let (role, page, cookie) = draw(&mut random, sessions).context("the mix has no page")?;
        let request = client.get(format!("{address}{}", filled(&mut random, page)));
        let request = request.header("cookie", format!("uptake_session={cookie}"));
        asked.spawn(async move {
            let answer = async {
                let response = request.send().await?;
                let status = response.status();
                response.bytes().await?;
                reqwest::Result::Ok(status.as_u16())
            };
            let what = match answer.await {
                Ok(200 | 204) => None,
                Ok(status) => Some(format!("{page} {status}")),
                Err(error) => Some(format!("{page} {error}")),
            };
            (role, due.elapsed().as_secs_f64() * 1000.0, what)
        });
    }
    let mut times = Times::default();
    while let Some(done) = asked.join_next().await {
        let (role, ms, failed) = done?;
        times.by_role.entry(role).or_default().push(ms);
        if let Some(what) = failed {
            *times.failed.entry(what).or_default() += 1;
        }
    }
    Ok(times)
}

fn draw<'a>(random: &mut Random, sessions: &'a [Session]) -> Option<(Role, &'static str, &'a str)> {
    let role = random.choose(Role::ALL.iter().map(|role| (role.share(), *role)))?;
    let page = random.choose(role.pages().iter().copied())?;
    let own: Vec<&Session> = sessions.iter().filter(|session| session.role == role).collect();
    let session = own.get(random.next(own.len() as u64) as usize)?;
    Some((role, page, &session.token))
}

fn filled(random: &mut Random, page: &str) -> String {
    let word = WORDS[random.next(WORDS.len() as u64) as usize];
    let word: String = word.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let day = format!("2024{:02}{:02}", 1 + random.next(12), 1 + random.next(28));
    let page = page.replace("登录", "%E7%99%BB%E5%BD%95");
    page.replace("{word}", &word)
        .replace("{day}", &day)
        .replace("{number}", &random.next(8000).to_string())
}
